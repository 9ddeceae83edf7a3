"""Usage of one model, gateway key or provider alone: its series and its requests."""

from datetime import timedelta

import pytest

from app.domain.usage import queries
from app.domain.usage.recording import APART_MAX
from app.domain.usage.views import EVERYTHING, Granularity, Grouping, Only
from app.foundation.paging import Cursor
from app.foundation.periods import Period
from tests.factories.accounts import make_account
from tests.factories.usage import make_report, make_usage, record
from tests.moments import NOW

MONTH = Period(NOW - timedelta(days=30), NOW + timedelta(days=1))
USED = (
    ("a", "gpt-4", "prod", "openai", 0),
    ("b", "gpt-4", "staging", "azure", 1),
    ("c", "gpt-4o", "prod", None, 2),
    ("d", "gpt-4o", None, "openai", 20),
    ("e", "gpt-4", "prod", "openai", 40),
)
CASES = [
    (EVERYTHING, "abcd"),
    (Only(model="gpt-4"), "ab"),
    (Only(api_key="prod"), "ac"),
    (Only(api_key=""), "d"),
    (Only(provider="openai"), "ad"),
    (Only(provider=""), "c"),
    (Only(model="gpt-4", api_key="prod"), "a"),
    (Only(model="gpt-4o", api_key="", provider="openai"), "d"),
    (Only(api_key="staging", provider="openai"), ""),
    (Only(api_key="nobody's"), ""),
    (Only(provider="nobody"), ""),
]


@pytest.fixture
def used(ada, ben, noise) -> None:
    """Ada's requests, the last of them of long ago, and one of Ben's that looks like the first."""
    record(
        [
            make_report(
                request_id=name,
                model=model,
                api_key_alias=api_key,
                provider=provider,
                occurred_at=NOW - timedelta(days=days_ago),
            )
            for name, model, api_key, provider, days_ago in USED
        ]
    )
    make_usage("ben", request_id="bens", api_key_alias="prod", occurred_at=NOW)


def names_of(account, only: Only, *, limit: int = 50) -> list[str]:
    """Walk through all pages; the request ids, newest first."""
    names, cursor = [], None
    while True:
        page = queries.requests_page(account, span=MONTH, only=only, cursor=cursor, limit=limit)
        names += [view.request_id for view in page.records]
        if page.next_cursor is None:
            return names
        cursor = Cursor.parse(str(page.next_cursor))


@pytest.mark.parametrize(("only", "names"), CASES)
def test_requests_and_charts_are_of_the_same(ada, used, only, names) -> None:
    assert names_of(ada, only) == names_of(ada, only, limit=1) == list(names)
    every = [view.request_id for view in queries.each_request(ada, span=MONTH, only=only)]
    assert every == list(names)
    for granularity in Granularity:
        for group_by in Grouping:
            series = queries.usage_series(
                ada, span=MONTH, granularity=granularity, group_by=group_by, only=only
            )
            assert series.totals.requests == len(names), (granularity, group_by)


def test_a_day_is_kept_to_wherever_it_begins(app) -> None:
    kiri = make_account("kiri", timezone="Pacific/Kiritimati")
    make_usage("kiri", request_id="k", api_key_alias="prod", occurred_at=NOW)
    narrow = Period(NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    for only in (Only(api_key="prod"), Only(provider="openai")):
        page = queries.requests_page(kiri, span=narrow, only=only, cursor=None, limit=5)
        assert [view.request_id for view in page.records] == ["k"]
        past = Period(narrow.starts_at - timedelta(days=1), narrow.starts_at)
        assert not queries.requests_page(kiri, span=past, only=only, cursor=None, limit=5).records


def test_keys_that_rollups_keep_together_are_found(ada, monkeypatch) -> None:
    monkeypatch.setitem(APART_MAX, "api_key", 1)
    make_usage("ada", api_key_alias="first")
    make_usage("ada", api_key_alias="second", request_id="late")
    assert names_of(ada, Only(api_key="second")) == ["late"]


class TestLabelsInOrder:
    def test_are_models_as_they_were_taken_up(self, ada, noise) -> None:
        make_usage("ada", model="zeta", occurred_at=NOW - timedelta(days=70))
        for model in ("gpt-4", "alpha", "zeta"):
            make_usage("ada", model=model)
        in_order = queries.labels_in_order(ada, Grouping.MODEL)
        assert in_order == ("zeta", "alpha", "gpt-4")

    def test_are_keys_and_providers_by_name(self, ada, used) -> None:
        assert queries.labels_in_order(ada, Grouping.API_KEY) == ("prod", "staging")
        assert queries.labels_in_order(ada, Grouping.PROVIDER) == ("azure", "openai")

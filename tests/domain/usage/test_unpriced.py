"""Which usage waits for a price: found without reading what does not wait."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.catalog import queries as catalog
from app.domain.usage import unpriced
from app.domain.usage.models import BillingRecord
from app.domain.usage.unpriced import UnpricedModel, UnpricedTotal
from app.foundation.database import session, transaction
from app.workflows.void_usage import void_usage
from tests.factories.catalog import make_price
from tests.factories.usage import make_usage
from tests.moments import NOW
from tests.statements import statements

MICROSECOND = timedelta(microseconds=1)
SINCE_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture
def waiting(ada: Account, ben: Account) -> None:
    """Two models wait, in two accounts; a third was voided, and gpt-4 has a price."""
    for user_id in ("ada", "ben"):
        make_usage(user_id, request_id=f"{user_id} b", model="b", prompt_tokens=1_000)
    make_usage("ada", request_id="a", model="a")
    make_usage("ada", request_id="gone", model="c")
    make_usage("ada")
    with transaction():
        void_usage("gone", reason="failed upstream", actor="gateway:abc", now=NOW)


def ids(*request_ids: str) -> list[int]:
    rows = session.query(BillingRecord).filter(BillingRecord.request_id.in_(request_ids))
    return [row.id for row in rows.order_by(BillingRecord.id)]


class TestUnpricedModels:
    @pytest.mark.usefixtures("waiting")
    def test_names_each_once(self) -> None:
        with statements() as sent:
            assert unpriced.unpriced_models() == ["a", "b"]
        assert len(sent) == 1

    def test_are_none_where_nothing_waits(self, app: Flask) -> None:
        assert unpriced.unpriced_models() == []


class TestUnpricedTotal:
    @pytest.mark.usefixtures("waiting")
    def test_counts_what_waits_in_all_accounts(self) -> None:
        assert unpriced.unpriced_total() == UnpricedTotal(3, 2_860)

    @pytest.mark.usefixtures("waiting")
    def test_reads_no_more_than_it_counts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(unpriced, "COUNTED_MAX", 2)
        with statements() as sent:
            assert unpriced.unpriced_total().records == 2
        assert len(sent) == 1

    def test_is_nothing_where_nothing_waits(self, app: Flask) -> None:
        assert unpriced.unpriced_total() == UnpricedTotal(0, 0)


class TestUnpricedUsage:
    @pytest.mark.usefixtures("waiting")
    def test_counts_what_has_most_tokens_first(self) -> None:
        assert unpriced.unpriced_usage() == [
            UnpricedModel("b", 2, 2_240),
            UnpricedModel("a", 1, 620),
        ]


class TestRecordsWithPrice:
    @pytest.mark.usefixtures("waiting")
    def test_gives_the_next_ones_of_the_model(self) -> None:
        make_price("b")
        prices = list(catalog.price_book(["b"]).prices_of("b"))
        first, second = ids("ada b", "ben b")
        asked = {"model": "b", "prices": prices, "limit": 1}
        assert unpriced.records_with_price(**asked, after=0) == [(first, "ada")]
        assert unpriced.records_with_price(**asked, after=first) == [(second, "ben")]
        assert unpriced.records_with_price(**asked, after=second) == []

    @pytest.mark.parametrize(
        ("starts_at", "ends_at", "count"),
        [
            (SINCE_EVER, None, 1),
            (NOW, None, 1),
            (NOW + MICROSECOND, None, 0),
            (SINCE_EVER, NOW, 0),
            (SINCE_EVER, NOW + MICROSECOND, 1),
        ],
    )
    def test_gives_those_at_whose_moment_a_price_holds(
        self, ada: Account, starts_at: datetime, ends_at: datetime | None, count: int
    ) -> None:
        make_usage("ada", model="b", occurred_at=NOW)
        make_price("b", effective_from=starts_at, effective_to=ends_at)
        prices = list(catalog.price_book(["b"]).prices_of("b"))
        assert len(unpriced.records_with_price("b", prices, after=0, limit=9)) == count


class TestStillUnpriced:
    @pytest.mark.usefixtures("waiting")
    def test_leaves_out_what_is_voided(self) -> None:
        found = unpriced.still_unpriced(ids("a", "gone"))
        assert [(record.model, record.total_tokens) for record in found] == [("a", 620)]

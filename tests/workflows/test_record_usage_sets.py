"""Recording works on sets: as many statements for a thousand records as for one."""

from collections import Counter
from datetime import timedelta

import pytest

from app.domain.usage.models import BillingRecord, UsageDaily, UsageHourly, UsageLabel
from app.domain.usage.recording import APART_MAX
from app.foundation.database import session
from tests.factories.accounts import make_account
from tests.factories.tokens import make_extra_tokens
from tests.factories.usage import make_report, record
from tests.moments import NOW
from tests.statements import statements

DAY = timedelta(days=1)
pytestmark = pytest.mark.usefixtures("books")


def make_batch(names: list[str], number: int) -> list:
    """Make reports that have some of everything: new labels, late moments, unpriced models."""
    return [
        make_report(
            names[index % len(names)],
            model=("gpt-4", "gpt-4o", "llama-9", "opus")[index % 4],
            api_key_alias=f"key-{index % 7}",
            occurred_at=NOW - (index % 9) * DAY,
        )
        for index in range(number)
    ]


def make_accounts(prefix: str, number: int) -> list[str]:
    names = [make_account(f"{prefix}-{n}", plan_id="plan-basic").id for n in range(number)]
    for name in names[:3]:
        make_extra_tokens(name, bought=1_000, granted=100)
    return names


class TestStatements:
    @pytest.mark.parametrize("later", [0 * DAY, 100 * DAY], ids=["in the period", "rolling over"])
    def test_are_as_many_however_large_the_batch(self, later: timedelta) -> None:
        # What models cost is asked the first time only, however large the batch.
        record(make_batch(make_accounts("before", 1), 4))
        sent = {}
        for accounts, size in [(1, 4), (1, 40), (1, 1_000), (50, 1_000)]:
            names = make_accounts(f"of-{accounts}-{size}", accounts)
            batch = make_batch(names, size)
            # So that every batch draws extra tokens and leaves overage.
            batch[0] = make_report(names[0], prompt_tokens=200_000, api_key_alias="key-0")
            with statements() as statements_sent:
                outcomes = record(batch, now=NOW + later)
            assert {outcome.status for outcome in outcomes} == {"accepted", "unpriced"}
            assert sum(outcome.extra_tokens for outcome in outcomes) >= 1_000
            sent[accounts, size] = len(statements_sent)
        # PostgreSQL gets larger batches by COPY, which stands in no list of statements.
        smallest = sent.pop((1, 4))
        assert smallest <= 30
        assert set(sent.values()) in ({smallest}, {smallest - 1})

    def test_are_a_handful_where_everything_is_known(self) -> None:
        batch = make_batch(make_accounts("user", 5), 100)
        record(batch)
        # What is new is read once more, by whoever comes next, because its batch might have failed.
        record(batch)
        with statements() as sent:
            outcomes = record(batch)
        assert {outcome.status for outcome in outcomes} == {"duplicate"}
        # The state of prices, the lock, and what is asked in one go with it: nothing is written.
        assert len(sent) == 5
        assert {text.split()[0] for text in sent} == {"SELECT"}
        assert not [each for each in sent if each.lstrip().startswith(("INSERT", "UPDATE"))]


class TestLabels:
    def test_are_kept_apart_up_to_their_limit(self) -> None:
        make_account("ada")
        limits = {"model": 500, "api_key": 200, "provider": 100}
        assert limits == APART_MAX
        reports = [
            make_report(model=f"m-{n}", api_key_alias=f"k-{n}", provider=f"p-{n}")
            for n in range(501)
        ]
        record(reports[:499])
        record(reports[499:])
        # What is known stays apart, what is new is among the others.
        record([make_report(model="m-7", api_key_alias="k-199", provider="p-99")])
        record([make_report(model="m-500", api_key_alias="k-200", provider="p-100")])
        models, keys, providers = Counter(), Counter(), Counter()
        for row in session.query(UsageHourly):
            models[row.model] += row.requests
            keys[row.api_key] += row.requests
            providers[row.provider] += row.requests
        assert (len(models), models["m-7"], models["m-499"], models["other"]) == (501, 2, 1, 2)
        assert (len(keys), keys["k-199"], keys["other"]) == (201, 2, 302)
        assert (len(providers), providers["p-99"], providers["other"]) == (101, 2, 402)
        # The records themselves keep what they were called.
        assert session.query(BillingRecord.model).distinct().count() == 501

    def test_are_counted_for_each_account_alone(self) -> None:
        for name in ("ada", "ben"):
            make_account(name)
            record([make_report(name, api_key_alias=f"{name}-{n}") for n in range(150)])
        keys = session.query(UsageLabel).filter_by(kind="api_key")
        assert keys.count() == 300
        assert not session.query(UsageDaily).filter_by(api_key="other").count()

    def test_keep_nothing_where_none_is_named(self) -> None:
        make_account("ada")
        record([make_report(api_key_alias=None, provider=None)])
        assert [(label.kind, label.label) for label in session.query(UsageLabel)] == [
            ("model", "gpt-4")
        ]

    def test_may_be_as_long_as_the_widest_characters_make_them(self) -> None:
        # Drawn from a plane whose characters take four bytes and do not compress away.
        def wide(length: int, start: int) -> str:
            return "".join(chr(0x20000 + (start + n * n * 37) % 42_000) for n in range(length))

        name = make_account(wide(128, 1), email="wide@example.com").id
        report = make_report(
            name,
            request_id=wide(255, 2),
            model=wide(255, 3),
            api_key_alias=wide(128, 4),
            provider=wide(100, 5),
        )
        assert record([report])[0].status == "unpriced"

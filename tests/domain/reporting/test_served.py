"""What gateways' questions depend on: of many accounts at once, and as each alone is told it."""

from datetime import timedelta

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.invoices.models import CarriedAmount
from app.domain.reporting import queries as reporting
from app.domain.reporting.served import ask_served
from app.domain.usage.models import UsageCorrection, UsageMonthly
from app.foundation.bulk import insert_rows
from app.foundation.database import Base, reading_at_once, session, transaction
from app.foundation.periods import BillingMonth
from tests.databases import on_postgresql
from tests.factories.accounts import make_account
from tests.factories.long_history import NO_SUMS, let_planner_know
from tests.factories.payments import make_invoice
from tests.factories.usage import make_usage
from tests.moments import NOW
from tests.plans import plans_by_keys
from tests.statements import statements

# What is not asked for here: it is shown to customers, and decides nothing.
SHOWN_ONLY = {"overdue_minor": 0, "oldest_number": None}


def owe_usage(account: Account) -> None:
    make_usage(account.id, now=NOW)
    make_usage(account.id, now=NOW, model="nobody-knows")
    make_usage(account.id, now=NOW - timedelta(days=5), model="gpt-4")


def owe_invoices(account: Account) -> None:
    # The running month's is issued early, so that there is usage that stands on an invoice.
    for months, days in ((2, 40), (0, 3)):
        month = BillingMonth.of(NOW).plus(-months)
        make_invoice(account, minor=100, month=month, now=NOW - timedelta(days=days))


def wait_for_an_invoice(account: Account) -> None:
    given = {"user_id": account.id, "created_at": NOW}
    month = str(BillingMonth.of(NOW).plus(-1))
    for kind, nanos in (("usage", 400_000_000), ("other", -30_000_000)):
        carried = CarriedAmount(kind=kind, from_month=month, amount_nanos=nanos, **given)
        session.add(carried)
    words = {"description": "A shortfall", "billing_month": month}
    session.add(UsageCorrection(kind="shortfall", amount_nanos=70, **words, **given))
    session.commit()


def owe_nothing(account: Account) -> None:
    """Leave it as it was opened."""


STORIES = {
    "ada": (owe_usage, owe_invoices, wait_for_an_invoice),
    "ben": (owe_usage,),
    "cleo": (owe_invoices,),
    "dora": (wait_for_an_invoice, owe_usage),
    "emil": (owe_nothing,),
}


@pytest.fixture
def accounts(app: Flask) -> dict[str, Account]:
    """Accounts that owe different things."""
    made = {user_id: make_account(user_id, now=NOW) for user_id in STORIES}
    session.commit()
    for user_id, stories in STORIES.items():
        for story in stories:
            story(made[user_id])
    session.commit()
    return made


class TestAskServed:
    def test_tells_of_each_what_it_owes(self, accounts: dict[str, Account]) -> None:
        served = ask_served([*accounts, "nobody"], now=NOW).get()
        assert set(served) == set(accounts)
        for user_id, account in accounts.items():
            alone = reporting.debts(account, now=NOW)
            of_both = {name: getattr(alone, name) for name in alone.__slots__}
            told = {name: getattr(served[user_id].debts, name) for name in alone.__slots__}
            assert told == {**of_both, **SHOWN_ONLY}
        owed = [served[user_id].debts for user_id in accounts]
        assert len({(each.unbilled_nanos, each.unpaid_minor) for each in owed}) == len(STORIES)

    def test_takes_one_statement_however_many(self, accounts: dict[str, Account]) -> None:
        with statements() as made, reading_at_once():
            ask_served(list(accounts), now=NOW).get()
        assert len(made) == 1

    @on_postgresql
    def test_reads_of_each_its_own_also_where_nearly_all_is_another_s(
        self, accounts: dict[str, Account]
    ) -> None:
        """Where so much may be anybody's as far as is known, all of it would be read."""
        named = {"user_id": "ada", "billing_month": "2026-06", "occurred_month": "2026-06"}
        with transaction():
            models = [{**named, **NO_SUMS, "model": f"m-{number}"} for number in range(20_000)]
            insert_rows(UsageMonthly, models)
        let_planner_know(Base.metadata.sorted_tables)
        with plans_by_keys() as found:
            ask_served(["emil"], now=NOW).get()
        assert {"usage_monthly", "invoices", "accounts"} <= {index[0] for index in found.indexes}
        # Of those, the index holds the current one of each account.
        assert found.whole <= {"subscription_periods in order"}

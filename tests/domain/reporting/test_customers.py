"""The operator's list of customers."""

from datetime import timedelta

import pytest
from flask import Flask

from app.domain.accounts.errors import UnknownAccount
from app.domain.accounts.models import Account
from app.domain.reporting.customers import CustomerView, customer, customers_page
from app.foundation.database import db, session
from tests.factories.accounts import make_account
from tests.factories.payments import make_invoice
from tests.factories.tokens import make_extra_tokens
from tests.factories.usage import GRACE, make_usage
from tests.moments import NOW
from tests.statements import statements


def page(query: str | None = None, *, limit: int = 50, cursor=None):
    return customers_page(query=query, limit=limit, cursor=cursor, now=NOW, grace=GRACE)


def found(query: str | None) -> list[str]:
    return [view.user_id for view in page(query).customers]


class TestCustomersPage:
    @pytest.fixture(autouse=True)
    def people(self, app: Flask) -> None:
        make_account("acct-1", name="Änne Müller", email="anne@example.com")
        make_account("acct-2", name="100% Bob", email="bob_b@example.org")
        make_account("olga", role="operator", name="Änne's boss")

    @pytest.mark.parametrize(
        ("query", "user_ids"),
        [
            (None, ["acct-2", "acct-1"]),
            ("acct", ["acct-2", "acct-1"]),
            ("CT-1", ["acct-1"]),
            ("ANNE@", ["acct-1"]),
            ("example.org", ["acct-2"]),
            ("Änne", ["acct-1"]),
            ("müller", ["acct-1"]),
            ("100%", ["acct-2"]),
            ("%", ["acct-2"]),
            ("b_b", ["acct-2"]),
            ("a_ct", []),
            ("olga", []),
        ],
    )
    def test_finds_by_id_mail_and_name(self, query: str | None, user_ids: list[str]) -> None:
        assert found(query) == user_ids

    def test_pages_newest_first(self) -> None:
        make_account("acct-3", now=NOW - timedelta(days=100))
        first = page(limit=2)
        second = page(limit=2, cursor=first.next_cursor)
        ids = [view.user_id for view in (*first.customers, *second.customers)]
        assert ids == ["acct-2", "acct-1", "acct-3"]
        assert second.next_cursor is None

    def test_takes_the_same_statements_for_any_number(self) -> None:
        counts = []
        for number in range(3, 6):
            make_account(f"acct-{number}", plan_id="plan-pro")
            session.expire_all()
            session.rollback()
            with statements(db.engine) as sent:
                page()
            counts.append(len(sent))
        assert len(set(counts)) == 1 and counts[0] <= 6


class TestCustomer:
    def view(self, user_id: str = "pia", *, now=NOW) -> CustomerView:
        return customer(user_id, now=now, grace=GRACE)

    def test_tells_what_he_has_and_owes(self, ada: Account, noise: list[Account]) -> None:
        make_account("pia", plan_id="plan-basic", credit_limit_minor=500)
        make_extra_tokens("pia", bought=1_000)
        make_usage("pia", prompt_tokens=100_880, completion_tokens=120)
        make_usage("ada")
        make_invoice(session.get(Account, "pia"), minor=1_234)
        # Credit that comes after an invoice waits for the next one.
        session.get(Account, "pia").credit_minor = 30
        session.commit()
        seen = self.view()
        assert (seen.plan_id, seen.tokens_remaining, seen.extra_tokens) == ("plan-basic", 0, 0)
        assert seen.token_balance == 0
        assert (seen.credit_minor, seen.credit_limit_minor, seen.unpaid_minor) == (30, 500, 1_234)
        assert seen.month_cost_nanos == 0
        assert self.view("ada").month_cost_nanos == 22_200_000
        assert self.view("ada").unpaid_minor == 0

    def test_rolls_over_in_thought(self, app: Flask) -> None:
        make_account("pia", plan_id="plan-basic")
        make_usage("pia")
        renewed, over = (self.view(now=NOW + timedelta(days=days)) for days in (22, 40))
        assert (renewed.plan_id, renewed.tokens_remaining) == ("plan-basic", 22_580)
        assert (over.plan_id, over.tokens_remaining) == ("plan-payg", 0)

    def test_tells_that_he_is_suspended(self, ada: Account) -> None:
        ada.suspended_at, ada.suspended_because = NOW, "debt"
        session.commit()
        seen = self.view("ada")
        assert (seen.suspended_at, seen.suspended_because) == (NOW, "debt")

    def test_knows_customers_alone(self, olga: Account) -> None:
        for user_id in ("olga", "nobody", "", "a\x00", "\ud800", "x" * 129):
            with pytest.raises(UnknownAccount):
                self.view(user_id)

"""Chasing: each reminder once and on its day, and in the end a suspension that is lifted."""

from datetime import timedelta

import pytest

from app.domain.accounts import standing
from app.domain.accounts.models import Account
from app.domain.invoices import chasing
from app.domain.mails.models import Mail
from app.foundation.database import session, transaction
from app.workflows import chase_unpaid as chase_unpaid_module
from app.workflows.chase_unpaid import chase_unpaid
from app.workflows.void_invoice import void_invoice
from tests.factories.payments import make_checkout, make_invoice
from tests.factories.purchases import buy_plan, mails_of, pay
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW

TICK, DAY = timedelta(microseconds=1), timedelta(days=1)
DUE = NOW + 30 * DAY
pytestmark = pytest.mark.usefixtures("books")


def chase(now) -> int:
    with transaction():
        return chase_unpaid(now=now)


def reminded() -> list[int]:
    session.rollback()
    rows = session.query(Mail).filter_by(kind="invoice_reminder").order_by(Mail.id)
    return [int(mail.source.rsplit(":", 1)[1]) for mail in rows]


def suspended(account: Account) -> tuple[bool, str | None]:
    session.rollback()
    session.refresh(account)
    return account.suspended_at is not None, account.suspended_because


class TestReminders:
    @pytest.mark.parametrize(
        ("at", "expected"),
        [
            (DUE - 7 * DAY - TICK, []),
            (DUE - 7 * DAY, [-7]),
            (DUE - TICK, [-7]),
            (DUE, [0]),
            (DUE + 7 * DAY - TICK, [0]),
            (DUE + 7 * DAY, [7]),
            (DUE + 14 * DAY - TICK, [7]),
            (DUE + 14 * DAY, [14]),
            (DUE + 29 * DAY, [14]),
        ],
    )
    def test_are_for_the_latest_day_that_has_come(self, ada: Account, at, expected) -> None:
        make_invoice(ada)
        chase(at)
        chase(at)
        assert reminded() == expected

    @pytest.mark.parametrize(
        ("at", "days"),
        [
            (DUE - 7 * DAY, -7),
            (DUE - 3 * DAY, -3),
            (DUE - TICK, -1),
            (DUE, 0),
            (DUE + DAY - TICK, 0),
            (DUE + 3 * DAY, 3),
            (DUE + 20 * DAY, 20),
        ],
    )
    def test_speak_of_the_day_on_which_they_are_written(self, ada: Account, at, days) -> None:
        make_invoice(ada)
        chase(at)
        assert session.query(Mail).filter_by(kind="invoice_reminder").one().facts["days"] == days

    def test_come_once_each(self, ada: Account) -> None:
        invoice = make_invoice(ada)
        for day in range(-8, 20):
            chase(DUE + day * DAY)
        assert reminded() == [-7, 0, 7, 14]
        facts = session.query(Mail).order_by(Mail.id).first().facts
        assert facts["invoice_number"] == invoice.invoice_number
        assert (facts["due_minor"], facts["due_at"]) == (1_234, invoice.due_at.isoformat())

    def test_are_for_each_invoice(self, ada: Account, ben: Account) -> None:
        for account in (ada, ada, ben):
            make_invoice(account)
        assert chase(DUE) == 3
        assert chase(DUE) == 0

    def test_end_when_it_is_paid_or_void(self, ada: Account, ben: Account) -> None:
        gateway = FakeGateway()
        pay(make_checkout(ada, make_invoice(ada), gateway=gateway), gateway=gateway)
        forgiven = make_invoice(ben)
        with transaction():
            void_invoice(forgiven.public_id, reason="a gift", actor="olga", now=NOW)
        assert chase(DUE + 31 * DAY) == 0
        assert suspended(ada) == suspended(ben) == (False, None)

    def test_do_not_speak_of_renewals(self, ada: Account) -> None:
        buy_plan(ada, "plan-pro", gateway=FakeGateway())
        assert chase(DUE + 60 * DAY) == 0

    def test_are_written_in_parts(self, ada: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(chase_unpaid_module, "AT_ONCE", 1)
        for _ in range(3):
            make_invoice(ada)
        assert [chase(DUE) for _ in range(4)] == [1, 1, 1, 0]


class TestSuspension:
    @pytest.mark.parametrize(
        ("late", "expected"), [(30 * DAY - TICK, False), (30 * DAY, True), (31 * DAY, True)]
    )
    def test_comes_thirty_days_after_the_due_date(self, ada: Account, late, expected) -> None:
        make_invoice(ada)
        chase(DUE + late)
        assert suspended(ada) == (expected, "debt" if expected else None)
        assert ("account_suspended" in mails_of(ada)) is expected

    def test_comes_once_for_several_debts(self, ada: Account) -> None:
        make_invoice(ada)
        make_invoice(ada)
        for _ in range(3):
            chase(DUE + 30 * DAY)
        assert mails_of(ada).count("account_suspended") == 1

    def test_is_lifted_when_the_last_old_debt_is_paid(self, ada: Account) -> None:
        gateway, late = FakeGateway(), DUE + 31 * DAY
        invoices = [make_invoice(ada), make_invoice(ada)]
        chase(late)
        for invoice, still in zip(invoices, (True, False), strict=True):
            checkout = make_checkout(ada, invoice, gateway=gateway, now=late)
            pay(checkout, gateway=gateway, now=late)
            assert suspended(ada)[0] is still
        chase(late)
        assert not suspended(ada)[0]

    def test_is_lifted_when_the_debt_is_forgiven(self, ada: Account) -> None:
        invoice, late = make_invoice(ada), DUE + 31 * DAY
        chase(late)
        with transaction():
            void_invoice(invoice.invoice_number, reason="a gift", actor="olga", now=late)
        assert suspended(ada) == (False, None)

    def test_comes_once_for_each_debt(self, ada: Account) -> None:
        """If the operator lets her go on, she goes on, and hears nothing more of it."""
        make_invoice(ada)
        chase(DUE + 30 * DAY)
        with transaction():
            locked = standing.lock_customer(ada.id)
            standing.resume(locked, reason="She will pay.", actor="olga", now=DUE + 31 * DAY)
        mails = mails_of(ada)
        for day in (31, 32, 90):
            assert chase(DUE + day * DAY) == 0
        assert suspended(ada) == (False, None)
        assert mails_of(ada) == mails
        # A debt that grows as old later is another one.
        make_invoice(ada, now=NOW + 90 * DAY)
        chase(DUE + 120 * DAY)
        assert suspended(ada) == (True, "debt")
        assert mails_of(ada).count("account_suspended") == 2

    def test_that_was_lifted_was_for_every_debt_of_then(self, ada: Account) -> None:
        make_invoice(ada)
        make_invoice(ada)
        chase(DUE + 30 * DAY)
        with transaction():
            locked = standing.lock_customer(ada.id)
            standing.resume(locked, reason="She will pay.", actor="olga", now=DUE + 31 * DAY)
        chase(DUE + 32 * DAY)
        assert suspended(ada) == (False, None)
        assert mails_of(ada).count("account_suspended") == 1

    def test_by_an_operator_stays(self, ada: Account) -> None:
        gateway = FakeGateway()
        invoice = make_invoice(ada)
        with transaction():
            ada.suspended_at, ada.suspended_because = NOW, "operator"
        session.commit()
        pay(make_checkout(ada, invoice, gateway=gateway), gateway=gateway)
        assert suspended(ada) == (True, "operator")

    def test_spares_whoever_pays_just_now(
        self, ada: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The debts are read before the account is locked: meanwhile one may be paid."""
        invoice, late = make_invoice(ada), DUE + 31 * DAY
        debts = chasing.debts_to_suspend_for(now=late, limit=10)
        session.rollback()
        with transaction():
            void_invoice(invoice.public_id, reason="a gift", actor="olga", now=late)
        monkeypatch.setattr(chasing, "debts_to_suspend_for", lambda *, now, limit: debts)
        assert chase(late) == 0
        assert suspended(ada) == (False, None)

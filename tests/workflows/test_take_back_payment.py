"""Taking money back takes its effect back: tokens, periods, invoices."""

from datetime import timedelta

import pytest

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.invoices import credit
from app.domain.invoices.errors import CreditTooLarge
from app.domain.invoices.models import CreditEntry, CreditNote, InvoiceLine
from app.domain.payments import operations as payments
from app.domain.payments.models import Payment
from app.domain.usage.models import UsageCorrection
from app.foundation.database import session, transaction
from app.foundation.periods import BillingMonth
from app.workflows.close_month import close_month
from app.workflows.credit_invoice import credit_invoice
from app.workflows.take_back_payment import take_back_payment
from tests.factories.payments import make_checkout, make_invoice, payment_row
from tests.factories.purchases import (
    SELLER,
    begin_switch,
    buy_plan,
    buy_tokens,
    close,
    invoices_of,
    lines_of,
    mails_of,
    pay,
    payments_of,
    tell,
)
from tests.factories.subscriptions import current_period
from tests.factories.usage import make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW

DAY = timedelta(days=1)
pytestmark = pytest.mark.usefixtures("books")


def take_back(payment: Payment, *, minor: int, source: str = "refund:1", now=NOW) -> None:
    with transaction():
        row = payments.lock_payment(payment.public_id)
        account = accounts.lock_accounts({row.user_id})[row.user_id]
        take_back_payment(row, account, minor=minor, source=source, reason="asked for", now=now)


def balance(account: Account) -> int:
    session.rollback()
    session.refresh(account)
    return account.extra_tokens


def shortfalls() -> list[int]:
    session.rollback()
    return [row.amount_nanos for row in session.query(UsageCorrection)]


class TestTopUp:
    @pytest.fixture
    def bought(self, ada: Account, gateway: FakeGateway) -> Payment:
        """333,333 tokens for 50 USD."""
        buy_plan(ada, "plan-pro", gateway=gateway)
        return buy_tokens(ada, minor=5_000, gateway=gateway)

    def test_takes_unused_tokens(self, ada: Account, bought: Payment) -> None:
        assert balance(ada) == 333_333
        take_back(bought, minor=5_000)
        assert (balance(ada), shortfalls()) == (0, [])
        assert (invoices_of(ada)[1].status, mails_of(ada)[-1]) == ("refunded", "refund_made")

    def test_any_parts_take_exactly_all(self, ada: Account, bought: Payment) -> None:
        for number, minor in enumerate((1, 1_666, 3_332, 1)):
            take_back(bought, minor=minor, source=f"refund:{number}")
        assert (balance(ada), shortfalls()) == (0, [])
        assert invoices_of(ada)[1].status == "refunded"

    def test_takes_a_part_s_share(self, ada: Account, bought: Payment) -> None:
        take_back(bought, minor=2_500)
        assert balance(ada) == 333_333 - 166_666
        assert invoices_of(ada)[1].status == "paid"

    def test_bills_what_was_used_at_its_purchase_price(self, ada: Account, bought: Payment):
        # The whole quota of a million, and 133,333 extra tokens.
        make_usage(prompt_tokens=1_133_333, completion_tokens=0, request_id="much", model="gpt-4")
        assert balance(ada) == 200_000
        take_back(bought, minor=5_000)
        assert balance(ada) == 0
        # 133,333 tokens at 0.00015 USD.
        assert shortfalls() == [19_999_950_000]
        closes_at = NOW.replace(month=12, day=1, hour=1)
        with transaction():
            close_month(BillingMonth(2026, 11), seller=SELLER, actor="test", now=closes_at)
        assert lines_of(invoices_of(ada)[-1]) == [
            ("133,333 used extra tokens of a refunded top-up", 2_000)
        ]

    def test_leaves_other_purchases_alone(self, ada: Account, bought: Payment, gateway) -> None:
        buy_tokens(ada, minor=5_000, gateway=gateway)
        make_usage(prompt_tokens=1_333_333, completion_tokens=0, request_id="all of the first")
        take_back(bought, minor=5_000)
        assert balance(ada) == 333_333
        assert shortfalls() == [333_333 * 150_000]

    def test_takes_back_no_more_than_was_paid(self, ada: Account, bought: Payment) -> None:
        take_back(bought, minor=4_000)
        with pytest.raises(CreditTooLarge):
            take_back(bought, minor=1_001, source="refund:2")


class TestSubscription:
    def test_a_full_refund_ends_the_period_now(self, ada: Account, gateway) -> None:
        buy_plan(ada, "plan-pro", gateway=gateway)
        make_usage(prompt_tokens=500, completion_tokens=0, now=NOW + DAY)
        take_back(payments_of(ada)[0], minor=9_999, now=NOW + 2 * DAY)
        period = current_period(ada.id)
        assert (period.plan_id, period.starts_at) == ("plan-payg", NOW + 2 * DAY)
        (invoice,) = invoices_of(ada)
        assert invoice.status == "refunded"
        note = session.query(CreditNote).one()
        assert (note.amount_minor, note.credit_note_number) == (9_999, f"CN-{ada.number}-2026-11")
        # What its quota has covered stays covered.
        assert session.query(InvoiceLine).filter_by(kind="usage").count() == 0

    def test_a_part_ends_nothing_and_lowers_the_credit(self, ada: Account, gateway) -> None:
        buy_plan(ada, "plan-basic", gateway=gateway)
        take_back(payments_of(ada)[0], minor=499)
        assert current_period(ada.id).plan_id == "plan-basic"
        begin_switch(ada, "plan-pro", gateway=gateway, now=NOW + 15 * DAY)
        assert lines_of(invoices_of(ada)[1])[1] == ("Unused time of the Basic plan", -250)

    def test_a_change_that_counts_on_the_money_lapses(self, ada: Account, gateway) -> None:
        buy_plan(ada, "plan-basic", gateway=gateway)
        change = begin_switch(ada, "plan-pro", gateway=gateway)
        take_back(payments_of(ada)[0], minor=998)
        assert invoices_of(ada)[1].status == "void"
        # Whoever pays it all the same gets his money back.
        pay(change, gateway=gateway)
        assert payment_row(change.payment_id).is_overpayment
        assert current_period(ada.id).plan_id == "plan-basic"

    def test_of_a_period_that_is_over_ends_no_other(self, ada: Account, gateway) -> None:
        buy_plan(ada, "plan-pro", gateway=gateway)
        first = payments_of(ada)[0]
        make_usage(now=NOW + 31 * DAY)
        take_back(first, minor=9_999, now=NOW + 31 * DAY)
        assert current_period(ada.id).plan_id == "plan-pro"

    def test_a_lost_dispute_ends_it_without_a_mail_of_a_refund(self, ada: Account, gateway) -> None:
        buy_plan(ada, "plan-pro", gateway=gateway)
        take_back(payments_of(ada)[0], minor=9_999, source="dispute:1")
        assert current_period(ada.id).plan_id == "plan-payg"
        assert "refund_made" not in mails_of(ada)


class TestUsage:
    def test_is_credited(self, ada: Account, gateway) -> None:
        invoice = make_invoice(ada, minor=1_000)
        checkout = make_checkout(ada, invoice, gateway=gateway)
        pay(checkout, gateway=gateway)
        payment = payment_row(checkout.payment_id)
        take_back(payment, minor=400)
        assert invoices_of(ada)[0].status == "paid"
        take_back(payment, minor=600, source="refund:2")
        assert invoices_of(ada)[0].status == "refunded"
        numbers = [note.credit_note_number for note in session.query(CreditNote)]
        assert numbers == [f"CN-{ada.number}-2026-11", f"CN-{ada.number}-2026-11-2"]
        line = session.query(InvoiceLine).populate_existing().one()
        assert (line.amount_minor, line.credited_minor) == (1_000, 1_000)


class TestCreditThatHelpedToPay:
    """10 USD of usage, of which 2 USD of credit have paid a part."""

    @pytest.fixture
    def payment(self, ada: Account, gateway: FakeGateway) -> Payment:
        with transaction():
            locked = accounts.lock_accounts({ada.id})[ada.id]
            credit.add(locked, minor=200, kind="gift", source="gift:1", note="", now=NOW)
        invoice = make_invoice(ada, minor=1_000)
        checkout = make_checkout(ada, invoice, gateway=gateway)
        pay(checkout, gateway=gateway)
        return payment_row(checkout.payment_id)

    @pytest.mark.parametrize(
        ("credited", "returned"), [(0, 200), (1, 199), (100, 100), (199, 1), (200, 0)]
    )
    def test_comes_back_as_far_as_it_is_left(
        self, ada: Account, payment: Payment, credited: int, returned: int
    ) -> None:
        reference = invoices_of(ada)[0].public_id
        if credited:
            with transaction():
                credit_invoice(
                    reference, amount_minor=credited, reason="Slow", actor="olga", now=NOW
                )
        take_back(payment, minor=800)
        assert (invoices_of(ada)[0].status, returned_credit()) == ("refunded", returned)
        # Money and credit together are what the invoice was about, and not a cent more.
        session.refresh(ada)
        assert 800 + ada.credit_minor == 1_000

    def test_does_not_come_back_with_less_than_the_last_money(
        self, ada: Account, payment: Payment
    ) -> None:
        take_back(payment, minor=799)
        assert (invoices_of(ada)[0].status, returned_credit()) == ("paid", 0)
        take_back(payment, minor=1, source="refund:2")
        assert (invoices_of(ada)[0].status, returned_credit()) == ("refunded", 200)


def returned_credit() -> int:
    session.rollback()
    entries = session.query(CreditEntry).filter_by(kind="returned")
    return sum(entry.amount_minor for entry in entries)


class TestOverpayment:
    def test_had_no_effect_to_take_back(self, ada: Account, gateway) -> None:
        checkout = begin_switch(ada, "plan-pro", gateway=gateway)
        close(checkout, gateway=gateway, now=NOW + DAY)
        gateway.pay("cs_1")
        tell(gateway.outcome_of_session("cs_1"), now=NOW + DAY)
        take_back(payment_row(checkout.payment_id), minor=9_999, now=NOW + DAY)
        assert session.query(CreditNote).count() == 0
        assert mails_of(ada) == ["overpayment", "refund_made"]

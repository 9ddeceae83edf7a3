"""A dispute that was lost takes back what its payment gave, in goods or as credit, and no more."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.invoices import credit_notes
from app.domain.invoices.models import CreditEntry
from app.domain.payments import operations
from app.domain.payments.gateway import (
    DisputeSeen,
    DisputeStatus,
    RefundOutcome,
    RefundOutcomeStatus,
)
from app.domain.payments.models import Dispute, Payment, Refund
from app.domain.usage.models import UsageCorrection
from app.foundation.database import session, transaction
from app.workflows.follow_dispute import follow_dispute
from app.workflows.follow_refund import follow_refund
from app.workflows.record_dispute import record_dispute
from app.workflows.settle_payment import settle_payment
from app.workflows.settle_refund import settle_refund
from app.workflows.undo_refund import undo_refund
from tests.factories.payments import make_checkout, make_invoice, make_paid, payment_row
from tests.fakes.payment_gateway import FakeGateway
from tests.halves import on_one_of_both
from tests.moments import NOW

OPENED_AT = datetime(2026, 11, 10, tzinfo=UTC)
PAID = 1_234
pytestmark = pytest.mark.usefixtures("books")


@pytest.fixture(params=["stripe", "paypal"])
def provider(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def payment(ada: Account, provider: str) -> Payment:
    """A payment of 12.34 that has come."""
    return make_paid(ada, gateway=FakeGateway(provider=provider), minor=PAID)


def refund(payment: Payment, status: RefundOutcomeStatus, *, minor: int) -> None:
    """Hear of a refund, ours or made at the provider, and take its effect."""
    ours = session.query(Refund).one_or_none()
    named = str(ours.id) if ours else None
    outcome = RefundOutcome(
        payment.provider, payment.provider_payment, "re_1", named, minor, status, "x"
    )
    with transaction():
        settle_refund(outcome, now=NOW)
    with transaction():
        row = session.query(Refund).one()
        effect = follow_refund if status is RefundOutcomeStatus.SETTLED else undo_refund
        effect(row.id, now=NOW)


def lose(payment: Payment, *, minor: int) -> None:
    """Hear that money was taken away, twice."""
    seen = DisputeSeen(
        provider=payment.provider,
        provider_dispute="du_1",
        provider_payment=payment.provider_payment,
        amount_minor=minor,
        reason="fraudulent",
        status=DisputeStatus.LOST,
        opened_at=OPENED_AT,
    )
    with transaction():
        record_dispute(seen, now=NOW)
    for _ in range(2):
        with transaction():
            follow_dispute(session.query(Dispute).one().id, now=NOW)


def held(account: Account, payment: Payment) -> tuple[int, int]:
    """Return what the customer has for his money: goods that are paid for, and credit."""
    session.rollback()
    session.refresh(account)
    with transaction():
        row = operations.lock_payment(payment.public_id)
        left_minor = credit_notes.left_minor(operations.lock_invoice(row))
    return (0 if row.is_overpayment else left_minor), account.credit_minor


class TestFollowDispute:
    def test_takes_back_what_was_paid_for(self, ada: Account, payment: Payment) -> None:
        lose(payment, minor=PAID)
        assert held(ada, payment) == (0, 0)

    def test_says_where_it_was_contested(self, payment: Payment, provider: str) -> None:
        lose(payment, minor=500)
        where = {"stripe": "at your bank", "paypal": "at PayPal"}[provider]
        with transaction():
            locked = operations.lock_payment(payment.public_id)
            (note,) = credit_notes.notes_of(operations.lock_invoice(locked))
        assert note.reason == f"The payment was contested {where}, and lost (du_1)"
        assert note.amount_minor + note.tax_minor == 500

    @on_one_of_both
    @pytest.mark.parametrize("lost", [1, 234, 1_000, 1_001, PAID])
    @pytest.mark.parametrize("refunded", [1, 234, 1_000, PAID])
    def test_nobody_keeps_more_than_his_money_in_any_order(
        self, ada: Account, payment: Payment, refunded: int, lost: int
    ) -> None:
        refund(payment, RefundOutcomeStatus.SETTLED, minor=refunded)
        refund(payment, RefundOutcomeStatus.FAILED, minor=refunded)
        assert held(ada, payment) == (PAID - refunded, refunded)
        lose(payment, minor=lost)
        assert sum(held(ada, payment)) == PAID - lost

    @pytest.mark.parametrize(("refunded", "lost"), [(234, 1_000), (234, PAID), (PAID, PAID)])
    def test_a_refund_that_bounces_after_it_was_lost_credits_only_what_is_left(
        self, ada: Account, payment: Payment, refunded: int, lost: int
    ) -> None:
        refund(payment, RefundOutcomeStatus.SETTLED, minor=refunded)
        lose(payment, minor=lost)
        refund(payment, RefundOutcomeStatus.FAILED, minor=refunded)
        assert held(ada, payment) == (0, PAID - lost)

    def test_what_was_spent_of_the_credit_is_billed(self, ada: Account, payment: Payment) -> None:
        refund(payment, RefundOutcomeStatus.SETTLED, minor=PAID)
        refund(payment, RefundOutcomeStatus.FAILED, minor=PAID)
        with transaction():
            session.refresh(ada)
            ada.credit_minor -= 1_000
            session.add(
                CreditEntry(
                    user_id="ada", kind="adjustment", amount_minor=-1_000,
                    balance_after_minor=234, source="spent", created_at=NOW,
                )
            )  # fmt: skip
        lose(payment, minor=PAID)
        assert held(ada, payment) == (0, 0)
        shortfall = session.query(UsageCorrection).one()
        assert (shortfall.kind, shortfall.amount_nanos) == ("shortfall", 1_000 * 10**7)

    def test_an_overpayment_gives_its_credit_back(self, ada: Account) -> None:
        gateway, invoice = FakeGateway(), make_invoice(ada, minor=PAID)
        for moment in (NOW, NOW + timedelta(hours=2)):
            checkout = make_checkout(ada, invoice, gateway=gateway, now=moment)
        for page in gateway.pages:
            gateway.pay(page)
            with transaction():
                settle_payment(gateway.outcome_of_session(page), now=NOW)
        payment = payment_row(checkout.payment_id)
        assert payment.is_overpayment
        for status in (RefundOutcomeStatus.SETTLED, RefundOutcomeStatus.FAILED):
            refund(payment, status, minor=PAID)
        assert held(ada, payment) == (0, PAID)
        lose(payment, minor=PAID)
        assert held(ada, payment) == (0, 0)

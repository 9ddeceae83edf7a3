"""Refunds take effect once, whoever made them and whoever brings the news."""

import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.payments.errors import OutcomeMismatch, UnknownPayment
from app.domain.payments.gateway import RefundOutcome, RefundOutcomeStatus
from app.domain.payments.models import Payment, Refund
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from app.foundation.outbox import OutboxEntry
from app.workflows.settle_refund import settle_refund
from app.workflows.verify_books import verify_books
from tests.factories.payments import make_paid, make_refund, payment_row, refund_row
from tests.fakes.payment_gateway import FakeGateway

SETTLED, PENDING, FAILED = (
    RefundOutcomeStatus.SETTLED,
    RefundOutcomeStatus.PENDING,
    RefundOutcomeStatus.FAILED,
)


@pytest.fixture
def payment(ada: Account) -> Payment:
    """A payment of 12.34 that has come."""
    return make_paid(ada, gateway=FakeGateway())


def outcome(payment: Payment, **changes: object) -> RefundOutcome:
    given = {
        "provider": "stripe",
        "provider_payment": payment.provider_payment,
        "provider_refund": "re_1",
        "refund_id": None,
        "amount_minor": 234,
        "status": SETTLED,
        "reason": "requested_by_customer",
        **changes,
    }
    return RefundOutcome(**given)


def settle(outcome: RefundOutcome, *, now: datetime) -> None:
    with transaction():
        settle_refund(outcome, now=now)


def promises() -> list[tuple[str, dict[str, object]]]:
    session.rollback()
    entries = session.query(OutboxEntry).order_by(OutboxEntry.id)
    kinds = ("refund_settled", "refund_undone")
    return [(entry.kind, entry.payload) for entry in entries if entry.kind in kinds]


def refunded(payment: Payment) -> int:
    return payment_row(payment.public_id).refunded_minor


class TestSettleRefund:
    def test_settles_ours_by_its_id(self, payment: Payment, now: datetime) -> None:
        refund = make_refund(payment)
        settle(outcome(payment, refund_id=str(refund.id)), now=now)
        row = refund_row(refund.id)
        assert (row.status, row.provider_refund, row.updated_at) == ("settled", "re_1", now)
        assert refunded(payment) == 234
        assert promises() == [("refund_settled", {"refund": refund.id})]
        assert session.query(Refund).count() == 1
        assert verify_books() == []

    def test_has_its_effect_once(self, payment: Payment, now: datetime) -> None:
        refund = make_refund(payment)
        for refund_id in (str(refund.id), None, str(refund.id)):
            settle(outcome(payment, refund_id=refund_id), now=now)
        assert refunded(payment) == 234
        assert len(promises()) == 1
        assert session.query(JournalEntry).filter_by(action="refund_settled").count() == 1

    def test_writes_down_what_was_made_at_the_provider(
        self, payment: Payment, now: datetime
    ) -> None:
        for _ in range(2):
            settle(outcome(payment), now=now)
        row = session.query(Refund).one()
        assert (row.status, row.amount_minor, row.requested_by) == (
            "settled", 234, "provider:stripe",
        )  # fmt: skip
        assert (row.reason, row.idempotency_key) == ("requested_by_customer", "stripe:re_1")
        assert refunded(payment) == 234
        assert promises() == [("refund_settled", {"refund": row.id})]

    @pytest.mark.parametrize("refund_id", ["", "x", "²", "-1", "9" * 30, "999999"])
    def test_believes_no_id_that_is_not_ours(
        self, payment: Payment, now: datetime, refund_id: str
    ) -> None:
        settle(outcome(payment, refund_id=refund_id), now=now)
        assert session.query(Refund).one().requested_by == "provider:stripe"

    def test_mixes_up_no_payments(self, ada: Account, payment: Payment, now: datetime) -> None:
        other = make_refund(payment)
        second = make_paid(ada, gateway=_other_provider_ids())
        settle(outcome(second, refund_id=str(other.id)), now=now)
        assert refund_row(other.id).status == "created"
        assert (refunded(payment), refunded(second)) == (0, 234)

    def test_has_moved_when_its_status_has(self, payment: Payment, now: datetime) -> None:
        refund = make_refund(payment)
        moments = [now + timedelta(minutes=number) for number in range(1, 5)]
        news = (PENDING, PENDING, SETTLED, SETTLED)
        for moment, status in zip(moments, news, strict=True):
            settle(outcome(payment, refund_id=str(refund.id), status=status), now=moment)
            since = moments[0] if status is PENDING else moments[2]
            assert refund_row(refund.id).updated_at == since

    def test_waits_for_the_payment_itself(self, payment: Payment, now: datetime) -> None:
        with pytest.raises(UnknownPayment, match="settled by pi_x so far"):
            settle(outcome(payment, provider_payment="pi_x"), now=now)

    def test_believes_no_other_amount(self, payment: Payment, now: datetime) -> None:
        refund = make_refund(payment)
        with pytest.raises(OutcomeMismatch, match="over 234 cents"):
            settle(outcome(payment, refund_id=str(refund.id), amount_minor=235), now=now)
        assert refund_row(refund.id).status == "created"

    def test_takes_back_what_a_bank_has_sent_back(self, payment: Payment, now: datetime) -> None:
        for status in (PENDING, SETTLED, FAILED, FAILED):
            settle(outcome(payment, status=status), now=now)
        row = session.query(Refund).one()
        assert (row.status, refunded(payment)) == ("failed", 0)
        assert [kind for kind, _ in promises()] == ["refund_settled", "refund_undone"]

    def test_ends_alike_in_any_order(self, payment: Payment, now: datetime) -> None:
        ours = make_refund(payment, minor=1_000)
        last = [
            outcome(payment, refund_id=str(ours.id), amount_minor=1_000),
            outcome(payment, provider_refund="re_2"),
        ]
        early = [replace(each, status=PENDING) for each in last]
        told = [*early, *last] * 3
        random.Random(7).shuffle(told)
        for each in [*told, *last]:
            settle(each, now=now)
        assert refunded(payment) == 1_234
        assert len(promises()) == 2
        assert {row.status for row in session.query(Refund)} == {"settled"}


def _other_provider_ids() -> FakeGateway:
    gateway = FakeGateway()
    gateway.notice(None)
    return gateway

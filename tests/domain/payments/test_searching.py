"""What operators look through: which attempts each choice holds, to the moment."""

from datetime import datetime, timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.payments.models import Dispute, Payment, Refund
from app.domain.payments.searching import Choice, payments_found
from app.foundation.database import session, transaction
from tests.factories.payments import make_checkout, make_invoice, make_paid, make_refund
from tests.fakes.payment_gateway import FakeGateway

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def found(choice: Choice, *, now: datetime) -> list[str]:
    return [payment.id for payment in payments_found(choice=choice, now=now, limit=9).rows]


@pytest.fixture
def paid(ada: Account) -> Payment:
    return make_paid(ada, gateway=FakeGateway())


class TestPaymentsFound:
    def test_an_attempt_is_stuck_after_a_day(self, ada: Account, now: datetime) -> None:
        attempt = make_checkout(ada, make_invoice(ada), gateway=FakeGateway(), now=now)
        assert found(Choice.UNDECIDED, now=now + DAY) == []
        assert found(Choice.UNDECIDED, now=now + DAY + SECOND) == [attempt.payment_id]

    def test_a_refund_is_stuck_after_a_day(self, paid: Payment, now: datetime) -> None:
        refund = make_refund(paid, now=now)
        assert found(Choice.REFUND_STUCK, now=now + DAY) == []
        assert found(Choice.REFUND_STUCK, now=now + DAY + SECOND) == [paid.public_id]
        with transaction():
            session.get(Refund, refund.id).status = "settled"
        assert found(Choice.REFUND_STUCK, now=now + DAY + SECOND) == []

    def test_a_refund_that_was_refused_is_stuck_until_another_is_asked_for(
        self, paid: Payment, now: datetime
    ) -> None:
        refused = make_refund(paid, now=now)
        with transaction():
            session.get(Refund, refused.id).status = "failed"
        assert found(Choice.REFUND_STUCK, now=now) == [paid.public_id]
        assert found(Choice.REFUND_STUCK, now=now + 14 * DAY - SECOND) == [paid.public_id]
        assert found(Choice.REFUND_STUCK, now=now + 14 * DAY) == []
        make_refund(paid, now=now)
        assert found(Choice.REFUND_STUCK, now=now) == []

    def test_a_refund_that_came_back_is_credit_and_waits_for_nobody(
        self, paid: Payment, now: datetime
    ) -> None:
        bounced = make_refund(paid, now=now)
        with transaction():
            row = session.get(Refund, bounced.id)
            row.status, row.provider_refund = "failed", "re_1"
        assert found(Choice.REFUND_STUCK, now=now) == []

    def test_an_overpayment_counts_until_it_is_sent_back(
        self, paid: Payment, now: datetime
    ) -> None:
        for refunded, expected in ((1_233, [paid.public_id]), (1_234, [])):
            with transaction():
                row = session.get(Payment, paid.id)
                row.is_overpayment, row.refunded_minor = True, refunded
            assert found(Choice.OVERPAID, now=now) == expected

    def test_a_dispute_counts_however_it_ends(self, paid: Payment, now: datetime) -> None:
        with transaction():
            session.add(
                Dispute(
                    payment_id=paid.id,
                    user_id="ada",
                    provider_dispute="du_1",
                    amount_minor=1,
                    reason="fraudulent",
                    status="won",
                    opened_at=now,
                    decided_at=now,
                )
            )
        assert found(Choice.DISPUTED, now=now) == [paid.public_id]

    def test_those_that_are_pending_or_expired(self, ada: Account, now: datetime) -> None:
        attempt = make_checkout(ada, make_invoice(ada), gateway=FakeGateway(), now=now)
        assert found(Choice.PENDING, now=now) == [attempt.payment_id]
        assert found(Choice.EXPIRED, now=now) == []
        with transaction():
            session.query(Payment).one().status = "expired"
        assert found(Choice.PENDING, now=now) == []
        assert found(Choice.EXPIRED, now=now) == [attempt.payment_id]

    def test_the_newest_come_first_whatever_their_rows(self, ada: Account, now: datetime) -> None:
        moments = [now - DAY, now, now - 2 * DAY]
        gateway = FakeGateway()
        made = [make_paid(ada, gateway=gateway) for _ in moments]
        with transaction():
            for payment, moment in zip(made, moments, strict=True):
                session.get(Payment, payment.id).created_at = moment
        names = [made[place].public_id for place in (1, 0, 2)]
        assert found(Choice.ALL, now=now) == names
        first = payments_found(now=now, limit=2)
        older = payments_found(now=now, limit=2, before=first.older_before)
        assert [each.id for each in (*first.rows, *older.rows)] == names
        assert payments_found(now=now, limit=2, before=10**9).rows == ()

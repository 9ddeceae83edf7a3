"""Disputes: written down once, decided once, in whatever order the news comes."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from app.domain.accounts.models import Account
from app.domain.payments import disputes
from app.domain.payments.errors import OutcomeImpossible, UnknownPayment
from app.domain.payments.gateway import DisputeSeen, DisputesSeen, DisputeStatus
from app.domain.payments.models import Dispute, Payment
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from app.foundation.outbox import OutboxEntry
from app.workflows.record_dispute import record_dispute, record_each_dispute
from tests.factories.payments import make_paid
from tests.fakes.payment_gateway import FakeGateway

pytestmark = pytest.mark.usefixtures("books")


@pytest.fixture
def payment(ada: Account) -> Payment:
    """A payment of 12.34 that has come."""
    return make_paid(ada, gateway=FakeGateway())


@pytest.fixture
def opened(payment: Payment, now: datetime) -> DisputeSeen:
    """Its customer contests it."""
    return DisputeSeen(
        provider="stripe",
        provider_dispute="du_1",
        provider_payment=payment.provider_payment or "",
        amount_minor=1_234,
        reason="fraudulent",
        status=DisputeStatus.OPEN,
        opened_at=now - timedelta(hours=1),
    )


def record(seen: DisputeSeen, *, now: datetime) -> Dispute:
    with transaction():
        record_dispute(seen, now=now)
    session.rollback()
    return session.query(Dispute).populate_existing().one()


def acts() -> list[str]:
    entries = session.query(JournalEntry).order_by(JournalEntry.id)
    return [entry.action for entry in entries if entry.action.startswith("dispute_")]


class TestRecordDispute:
    def test_is_written_down_once(
        self, payment: Payment, opened: DisputeSeen, now: datetime
    ) -> None:
        for _ in range(3):
            row = record(opened, now=now)
        assert (row.payment_id, row.user_id, row.status) == (payment.id, "ada", "open")
        assert (row.amount_minor, row.reason) == (1_234, "fraudulent")
        assert (row.opened_at, row.decided_at) == (now - timedelta(hours=1), None)
        assert acts() == ["dispute_opened"]
        assert session.query(OutboxEntry).filter_by(kind="dispute_decided").count() == 0
        assert disputes.has_open_dispute("ada") and disputes.is_disputed(payment)
        assert not disputes.has_open_dispute("ben")

    @pytest.mark.parametrize("decision", [DisputeStatus.WON, DisputeStatus.LOST])
    def test_promises_what_follows_a_decision_once(
        self, payment: Payment, opened: DisputeSeen, now: datetime, decision: DisputeStatus
    ) -> None:
        record(opened, now=now)
        for _ in range(2):
            row = record(replace(opened, status=decision), now=now)
        assert (row.status, row.decided_at) == (decision, now)
        promise = session.query(OutboxEntry).filter_by(kind="dispute_decided").one()
        assert promise.payload == {"dispute": row.id}
        assert acts() == ["dispute_opened", f"dispute_{decision}"]
        assert not disputes.is_disputed(payment)

    @pytest.mark.parametrize(
        "order", list(permutations([DisputeStatus.OPEN, DisputeStatus.OPEN, DisputeStatus.LOST]))
    )
    def test_ends_alike_in_any_order(
        self, opened: DisputeSeen, now: datetime, order: tuple[DisputeStatus, ...]
    ) -> None:
        for status in order:
            row = record(replace(opened, status=status), now=now)
        assert row.status == "lost"
        assert session.query(OutboxEntry).filter_by(kind="dispute_decided").count() == 1

    def test_shows_a_decision_that_turns(self, opened: DisputeSeen, now: datetime) -> None:
        record(replace(opened, status=DisputeStatus.LOST), now=now)
        with pytest.raises(OutcomeImpossible, match="was lost"):
            record(replace(opened, status=DisputeStatus.WON), now=now)
        session.rollback()
        assert session.query(Dispute).one().status == "lost"

    def test_takes_the_amount_of_the_decision(
        self, payment: Payment, opened: DisputeSeen, now: datetime
    ) -> None:
        record(opened, now=now)
        row = record(replace(opened, status=DisputeStatus.LOST, amount_minor=500), now=now)
        assert (row.amount_minor, disputes.lost_minor(payment)) == (500, 500)
        late = record(opened, now=now)
        assert (late.status, late.amount_minor) == ("lost", 500)

    def test_waits_for_the_payment_itself(self, opened: DisputeSeen, now: datetime) -> None:
        with pytest.raises(UnknownPayment):
            record(replace(opened, provider_payment="pi_x"), now=now)


class TestRecordEachDispute:
    def test_writes_down_each_payment(
        self, ben: Account, payment: Payment, opened: DisputeSeen, now: datetime
    ) -> None:
        other = make_paid(ben, gateway=FakeGateway(numbers_from=100))
        parts = (
            replace(opened, amount_minor=400),
            replace(opened, amount_minor=600, provider_payment=other.provider_payment or ""),
        )
        for _ in range(2):
            with transaction():
                record_each_dispute(DisputesSeen(parts), now=now)
        rows = session.query(Dispute).order_by(Dispute.id)
        assert [(row.user_id, row.payment_id, row.amount_minor) for row in rows] == [
            ("ada", payment.id, 400),
            ("ben", other.id, 600),
        ]
        assert disputes.has_open_dispute("ada") and disputes.has_open_dispute("ben")

    def test_waits_until_each_is_known(
        self, payment: Payment, opened: DisputeSeen, now: datetime
    ) -> None:
        unknown = replace(opened, provider_payment="pi_x")
        with pytest.raises(UnknownPayment), transaction():
            record_each_dispute(DisputesSeen((opened, unknown)), now=now)
        assert session.query(Dispute).count() == 0

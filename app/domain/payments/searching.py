"""What operators look through: attempts to pay and providers' events, of all accounts. Reads only.

Each list is read from its newest row on, a stretch at a time, along an index.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, or_, select, true, tuple_, union_all
from sqlalchemy.orm import aliased

from app.domain.accounts.models import Account
from app.domain.accounts.rules import UNSTORABLE
from app.domain.invoices.models import Invoice
from app.domain.payments import inbox, queries
from app.domain.payments.models import Dispute, Payment, ProviderEvent, Refund
from app.domain.payments.queries import UNDECIDED_TOO_LONG
from app.domain.payments.rules import REFUND_UNDECIDED, UNDECIDED, PaymentStatus, RefundStatus
from app.domain.payments.views import EventView, PaymentView
from app.foundation.database import session
from app.foundation.outbox_states import STUCK_AFTER
from app.foundation.paging import Stretch, stretch

# How long a refund that was refused is shown, unless another is asked for.
REFUSED_SHOWN_FOR = timedelta(days=14)


class Choice(StrEnum):
    """Which attempts to pay are looked through."""

    ALL = "all"
    # Nobody knows yet whether their money comes.
    PENDING = "pending"
    # Nothing was decided about them for a day.
    UNDECIDED = "undecided"
    # Money that had nothing to pay, and is still here.
    OVERPAID = "overpaid"
    DISPUTED = "disputed"
    FAILED = "failed"
    # Their page closed without money.
    EXPIRED = "expired"
    # Nothing was heard of a refund of theirs for a day, or the provider has refused it.
    REFUND_STUCK = "refund_stuck"


class EventChoice(StrEnum):
    """Which of providers' events are looked through."""

    ALL = "all"
    # Nobody has dealt with them yet, whether that was tried or not.
    WAITING = inbox.WAITING
    # That was tried, and did not come off.
    FAILED = "failed"
    # They could have been looked into for a while, and nobody does it.
    STUCK = "stuck"
    IGNORED = inbox.IGNORED
    PROCESSED = inbox.PROCESSED


def payments_found(
    *,
    now: datetime,
    limit: int,
    choice: Choice = Choice.ALL,
    query: str | None = None,
    before: int | None = None,
) -> Stretch[PaymentView]:
    """Return the newest attempts to pay that were chosen and asked for.

    `query` names one, its invoice, its customer, or what the provider calls it. Two statements.
    """
    begun = tuple_(Payment.created_at, Payment.id)
    newest = select(Payment.id).order_by(Payment.created_at.desc(), Payment.id.desc())
    newest = newest.limit(limit + 1)
    newest = newest.where(conditions(now=now)[choice])
    if query is not None:
        newest = newest.where(Payment.id.in_(_named(query)))
    if before is not None:
        last = aliased(Payment)
        begun_before = select(last.created_at, last.id).where(last.id == before)
        newest = newest.where(begun < begun_before.scalar_subquery())
    row_ids = stretch(session.scalars(newest).all(), limit=limit, number=int)
    return Stretch(queries.payments_of_rows(row_ids.rows), row_ids.older_before)


def conditions(*, now: datetime) -> Mapping[Choice, ColumnElement[bool]]:
    """Return what holds for the attempts of each choice."""
    a_day_ago = now - UNDECIDED_TOO_LONG
    later = aliased(Refund)
    asked_again = (
        select(later.id).where(later.payment_id == Refund.payment_id).where(later.id > Refund.id)
    )
    # What came back from the customer's bank is account credit by then: nobody waits for it.
    refused = and_(
        Refund.status == RefundStatus.FAILED,
        Refund.provider_refund.is_(None),
        Refund.created_at > now - REFUSED_SHOWN_FOR,
        ~asked_again.exists(),
    )
    silent = and_(Refund.status.in_(REFUND_UNDECIDED), Refund.created_at < a_day_ago)
    refund_stuck = or_(refused, silent)
    return {
        Choice.ALL: true(),
        Choice.PENDING: Payment.status.in_(UNDECIDED),
        Choice.UNDECIDED: and_(Payment.status.in_(UNDECIDED), Payment.created_at < a_day_ago),
        Choice.OVERPAID: and_(
            Payment.is_overpayment, Payment.refunded_minor < Payment.amount_minor
        ),
        Choice.DISPUTED: Payment.id.in_(select(Dispute.payment_id)),
        Choice.FAILED: Payment.status == PaymentStatus.FAILED,
        Choice.EXPIRED: Payment.status == PaymentStatus.EXPIRED,
        Choice.REFUND_STUCK: Payment.id.in_(select(Refund.payment_id).where(refund_stuck)),
    }


def events_found(
    *,
    now: datetime,
    limit: int,
    choice: EventChoice = EventChoice.ALL,
    event_id: str | None = None,
    before: int | None = None,
) -> Stretch[EventView]:
    """Return the newest events of the inbox that were chosen, of a provider's id if asked for."""
    newest = select(ProviderEvent).order_by(ProviderEvent.id.desc()).limit(limit + 1)
    newest = newest.where(event_conditions(now=now)[choice])
    if event_id is not None:
        # Two providers may call different events the same.
        newest = newest.where(ProviderEvent.event_id == _storable(event_id))
    if before is not None:
        newest = newest.where(ProviderEvent.id < before)
    rows = [queries.event_view(row) for row in session.scalars(newest)]
    return stretch(rows, limit=limit, number=lambda event: event.id)


def event_conditions(*, now: datetime) -> Mapping[EventChoice, ColumnElement[bool]]:
    """Return what holds for the events of each choice."""
    status = ProviderEvent.status
    is_waiting = status == inbox.WAITING
    return {
        EventChoice.ALL: true(),
        EventChoice.WAITING: is_waiting,
        EventChoice.FAILED: and_(is_waiting, ProviderEvent.attempts > 0),
        EventChoice.STUCK: and_(is_waiting, ProviderEvent.next_try_at <= now - STUCK_AFTER),
        EventChoice.IGNORED: status == inbox.IGNORED,
        EventChoice.PROCESSED: status == inbox.PROCESSED,
    }


def is_stuck(event: EventView, *, now: datetime) -> bool:
    """Tell whether nobody looks into the event: the same as the choice says, of one."""
    return event.next_try_at is not None and event.next_try_at <= now - STUCK_AFTER


def _named(text: str) -> Select[tuple[int]]:
    """Return the attempts that are called so, or whose invoice or customer is."""
    text = _storable(text)
    mine = select(Account.id).where(or_(Account.id == text, Account.email == text.lower()))
    bills = select(Invoice.id).where(or_(Invoice.invoice_number == text, Invoice.public_id == text))
    # One by one, each has an index; together in one condition, none has.
    parts: Iterable[ColumnElement[bool]] = (
        Payment.public_id == text,
        Payment.provider_payment == text,
        Payment.provider_session == text,
        Payment.invoice_id.in_(bills),
        Payment.user_id.in_(mine),
    )
    named = union_all(*(select(Payment.id).where(part) for part in parts)).subquery()
    return select(named.c.id)


def _storable(text: str) -> str:
    # Databases do not even let us ask for some characters; nothing is called so.
    return UNSTORABLE.sub(" ", text).strip()

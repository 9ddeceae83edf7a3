"""Disputes as operators see them: what is contested, and what a lost one took back. Reads only."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import aliased

from app.domain.invoices.models import CreditEntry, CreditNote, Invoice
from app.domain.payments import disputes
from app.domain.payments.gateway import DisputeStatus
from app.domain.payments.models import Dispute, Payment
from app.domain.tokens.models import TokenEntry
from app.foundation.bulk import any_of
from app.foundation.database import session
from app.foundation.paging import Stretch, stretch

OPEN = (DisputeStatus.OPEN,)
DECIDED = (DisputeStatus.WON, DisputeStatus.LOST)


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What a lost dispute took with it: of an invoice, of extra tokens, and of account credit."""

    credit_note: str | None
    credited_minor: int
    tokens: int
    credit_minor: int


@dataclass(frozen=True, slots=True)
class DisputeView:
    """A payment that its customer contests at his bank."""

    id: int
    provider_dispute: str
    provider: str
    payment_id: str
    user_id: str
    invoice_number: str | None
    amount_minor: int
    reason: str
    status: str
    opened_at: datetime
    decided_at: datetime | None
    # None while nothing was taken back.
    taken: TakenBack | None


def disputes_found(
    statuses: Collection[DisputeStatus], *, limit: int, before: int | None = None
) -> Stretch[DisputeView]:
    """Return the disputes of these statuses, by when they were decided, or else opened.

    The newest come first. Four statements, however many.
    """
    moment = func.coalesce(Dispute.decided_at, Dispute.opened_at)
    newest = (
        select(Dispute, Payment, Invoice.invoice_number)
        .join(Payment, Payment.id == Dispute.payment_id)
        .join(Invoice, Invoice.id == Payment.invoice_id)
        .where(Dispute.status.in_(statuses))
        .order_by(moment.desc(), Dispute.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        last = aliased(Dispute)
        last_moment = func.coalesce(last.decided_at, last.opened_at)
        earlier = select(last_moment, last.id).where(last.id == before).scalar_subquery()
        newest = newest.where(tuple_(moment, Dispute.id) < earlier)
    rows = [(dispute, payment, number) for dispute, payment, number in session.execute(newest)]
    shown = stretch(rows, limit=limit, number=lambda row: row[0].id)
    return Stretch(_views(shown.rows), shown.older_before)


def disputes_of_payment(public_id: str) -> tuple[DisputeView, ...]:
    """Return the disputes of a payment, newest first."""
    theirs = (
        select(Dispute, Payment, Invoice.invoice_number)
        .join(Payment, Payment.id == Dispute.payment_id)
        .join(Invoice, Invoice.id == Payment.invoice_id)
        .where(Payment.public_id == public_id)
        .order_by(Dispute.opened_at.desc(), Dispute.id.desc())
    )
    return _views(
        [(dispute, payment, number) for dispute, payment, number in session.execute(theirs)]
    )


def _views(rows: Sequence[tuple[Dispute, Payment, str | None]]) -> tuple[DisputeView, ...]:
    lost = [(row, payment) for row, payment, _ in rows if row.status == DisputeStatus.LOST]
    taken = _taken(lost) if lost else {}
    return tuple(
        DisputeView(
            id=row.id,
            provider_dispute=row.provider_dispute,
            provider=payment.provider,
            payment_id=payment.public_id,
            user_id=row.user_id,
            invoice_number=number,
            amount_minor=row.amount_minor,
            reason=row.reason,
            status=row.status,
            opened_at=row.opened_at,
            decided_at=row.decided_at,
            taken=taken.get(row.id),
        )
        for row, payment, number in rows
    )


def _taken(lost: Sequence[tuple[Dispute, Payment]]) -> Mapping[int, TakenBack]:
    """Return what each lost dispute took back, found under the names that it was noted by."""
    notes = _notes(lost)
    tokens = dict(
        session.execute(
            select(TokenEntry.source, TokenEntry.tokens).where(
                any_of(TokenEntry.source, [_token_source(*pair) for pair in lost])
            )
        ).all()
    )
    credit = dict(
        session.execute(
            select(CreditEntry.source, CreditEntry.amount_minor).where(
                any_of(CreditEntry.source, [disputes.lost_source(row.id) for row, _ in lost])
            )
        ).all()
    )
    taken = {}
    for row, payment in lost:
        reason = disputes.lost_reason(payment.provider, row.provider_dispute)
        number, credited_minor = notes.get((payment.invoice_id, reason), (None, 0))
        taken[row.id] = TakenBack(
            credit_note=number,
            credited_minor=credited_minor,
            tokens=-tokens.get(_token_source(row, payment), 0),
            credit_minor=-credit.get(disputes.lost_source(row.id), 0),
        )
    return {row_id: back for row_id, back in taken.items() if back != TakenBack(None, 0, 0, 0)}


def _notes(lost: Sequence[tuple[Dispute, Payment]]) -> Mapping[tuple[int, str], tuple[str, int]]:
    note = CreditNote
    written = select(note).where(
        any_of(note.invoice_id, [payment.invoice_id for _, payment in lost])
    )
    return {
        (row.invoice_id, row.reason): (row.credit_note_number, row.amount_minor + row.tax_minor)
        for row in session.scalars(written)
    }


def _token_source(dispute: Dispute, payment: Payment) -> str:
    return f"dispute:{dispute.id}:payment:{payment.public_id}"

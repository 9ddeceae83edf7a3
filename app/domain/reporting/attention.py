"""What operators should look at first: everything that waits for somebody, counted. Reads only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from app.domain.invoices.models import Invoice
from app.domain.mails.models import Mail
from app.domain.payments import searching
from app.domain.payments.gateway import DisputeStatus
from app.domain.payments.inbox import WAITING
from app.domain.payments.models import Dispute, Payment, ProviderEvent
from app.domain.payments.searching import Choice
from app.domain.reporting.verification import Verification, find_last_verification
from app.domain.usage.unpriced import unpriced_models
from app.foundation.database import session
from app.foundation.outbox import OutboxEntry

# Whoever has more of anything knows that it is too many.
COUNTED_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Attention:
    """What waits for an operator; no count goes beyond COUNTED_MAX."""

    undecided_payments: int
    stuck_refunds: int
    overpayments: int
    open_disputes: int
    # Events that could not be dealt with at the first try.
    waiting_events: int
    failing_jobs: int
    refused_mails: int
    unpriced_models: int
    overdue_invoices: int
    # None before the worker has verified them once.
    verified: Verification | None


def attention(*, now: datetime) -> Attention:
    """Return what waits for an operator. Ten statements, however much it is."""
    payments = searching.conditions(now=now)
    return Attention(
        undecided_payments=_count(Payment.id, payments[Choice.UNDECIDED]),
        stuck_refunds=_count(Payment.id, payments[Choice.REFUND_STUCK]),
        overpayments=_count(Payment.id, payments[Choice.OVERPAID]),
        open_disputes=_count(Dispute.id, Dispute.status == DisputeStatus.OPEN),
        waiting_events=_count(
            ProviderEvent.id, ProviderEvent.status == WAITING, ProviderEvent.attempts > 0
        ),
        failing_jobs=_count(
            OutboxEntry.id,
            OutboxEntry.next_try_at.is_not(None),
            OutboxEntry.last_error.is_not(None),
        ),
        refused_mails=_count(Mail.id, Mail.refused_at.is_not(None)),
        unpriced_models=len(unpriced_models()),
        overdue_invoices=_count(Invoice.id, Invoice.status == "issued", Invoice.due_at < now),
        verified=find_last_verification(),
    )


def _count(number: Any, *conditions: ColumnElement[bool]) -> int:
    found: Select[Any] = select(number).where(*conditions)
    return session.scalars(
        select(func.count()).select_from(found.limit(COUNTED_MAX).subquery())
    ).one()

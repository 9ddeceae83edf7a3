"""What operators should look at first: everything that waits for somebody, counted. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from app.domain.invoices.models import Invoice
from app.domain.mails.models import Mail
from app.domain.payments import searching
from app.domain.payments.gateway import DisputeStatus
from app.domain.payments.models import Dispute, Payment, ProviderEvent
from app.domain.payments.searching import Choice, EventChoice
from app.domain.reporting.verification import Verification, find_last_verification
from app.domain.usage.unpriced import unpriced_models
from app.foundation import outbox_states
from app.foundation.database import session
from app.foundation.outbox import OutboxEntry
from app.foundation.outbox_states import State

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
    # Jobs that nobody does: whoever runs the worker is asked.
    stuck_jobs: int
    refused_mails: int
    unpriced_models: int
    overdue_invoices: int
    # None before the worker has verified them once.
    verified: Verification | None


def attention(*, now: datetime) -> Attention:
    """Return what waits for an operator. Three statements, however much it is."""
    waiting = _waiting(now=now)
    counts = [select(func.count()).select_from(rows.subquery()) for rows in waiting.values()]
    row = session.execute(select(*(count.scalar_subquery() for count in counts))).one()
    return Attention(
        **dict(zip(waiting, row, strict=True)),
        unpriced_models=len(unpriced_models()),
        verified=find_last_verification(),
    )


def _waiting(*, now: datetime) -> Mapping[str, Select[Any]]:
    """Return what is counted: no more rows of each than anybody needs to know of."""
    payments = searching.conditions(now=now)
    events, jobs = searching.event_conditions(now=now), outbox_states.conditions(now=now)
    overdue = (Invoice.status == "issued", Invoice.due_at < now)
    waiting = {
        "undecided_payments": select(Payment.id).where(payments[Choice.UNDECIDED]),
        "stuck_refunds": select(Payment.id).where(payments[Choice.REFUND_STUCK]),
        "overpayments": select(Payment.id).where(payments[Choice.OVERPAID]),
        "open_disputes": select(Dispute.id).where(Dispute.status == DisputeStatus.OPEN),
        "waiting_events": select(ProviderEvent.id).where(events[EventChoice.FAILED]),
        "failing_jobs": select(OutboxEntry.id).where(jobs[State.FAILED]),
        "stuck_jobs": select(OutboxEntry.id).where(jobs[State.STUCK]),
        "refused_mails": select(Mail.id).where(Mail.refused_at.is_not(None)),
        "overdue_invoices": select(Invoice.id).where(*overdue),
    }
    return {name: rows.limit(COUNTED_MAX) for name, rows in waiting.items()}

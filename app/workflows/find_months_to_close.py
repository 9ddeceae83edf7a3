"""Find the months that the schedule has to close, and note those that it is through with."""

from datetime import datetime

from sqlalchemy import select

from app.domain.invoices import rules
from app.foundation import journal
from app.foundation.database import session
from app.foundation.journal import JournalEntry
from app.foundation.periods import BillingMonth
from app.workflows.note_first_start import note_first_start

THROUGH = "month_closed_for_all"


def find_months_to_close(*, now: datetime) -> list[BillingMonth]:
    """Return the months that ended since the first start and were not closed for everyone yet.

    Older ones are left to the operator: a trace of the past may still be replayed into them.
    """
    month, through = BillingMonth.of(note_first_start(now=now)), _closed_for_all()
    months = []
    while now >= rules.closes_at(month):
        if str(month) not in through:
            months.append(month)
        month = month.plus(1)
    return months


def note_closed_for_all(month: BillingMonth, *, now: datetime) -> None:
    """Note that every account was looked at."""
    journal.write(THROUGH, actor="system", now=now, details={"month": str(month)})


def months_closed_for_all(*, before: datetime) -> set[str]:
    """Return the months of which every account was looked at before that moment."""
    return {str(month) for month, at in _closed_for_all().items() if at < before}


def _closed_for_all() -> dict[object, datetime]:
    noted = select(JournalEntry).where(
        JournalEntry.action == THROUGH, JournalEntry.user_id.is_(None)
    )
    entries = session.scalars(noted.order_by(JournalEntry.id))
    return {entry.details.get("month"): entry.happened_at for entry in entries}

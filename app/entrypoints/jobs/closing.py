"""Months are closed when they are over: the usage invoices go out."""

from flask import current_app

from app.entrypoints.selling import seller_of
from app.foundation import clock
from app.foundation.database import transaction
from app.foundation.periods import BillingMonth
from app.workflows.close_month import close_month
from app.workflows.find_months_to_close import find_months_to_close, note_closed_for_all


def close_ended_months() -> None:
    """Close the months that ended since the first start and are not closed for everyone."""
    with transaction():
        months = find_months_to_close(now=clock.now())
    for month in months:
        _close(month)


def _close(month: BillingMonth) -> None:
    seller = seller_of(current_app.config["SETTINGS"])
    after: str | None = ""
    while after is not None:
        with transaction():
            now = clock.now()
            progress = close_month(month, seller=seller, actor="system", now=now, after=after)
            after = progress.next_after
            if after is None:
                note_closed_for_all(month, now=now)

"""What the worker does by itself, and how often: all of it stands in one table.

Every job may be run twice, at any moment, and by two workers at once.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app

from app.entrypoints.gateways import gateways
from app.entrypoints.jobs.closing import close_ended_months
from app.entrypoints.jobs.pricing import price_what_waits
from app.entrypoints.jobs.promises import work_off_outbox
from app.entrypoints.queueing import OUTBOX
from app.foundation import clock, idempotency
from app.foundation.database import transaction
from app.workflows import reconcile_payments


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A job and how often it is done; it asks the clock itself."""

    name: str
    every_seconds: int
    work: Callable[[], object]


def _ask_about_attempts() -> object:
    base_url = current_app.config["SETTINGS"].base_url
    return reconcile_payments.ask_about_attempts(
        gateways=gateways(), base_url=base_url, now=clock.now()
    )


def _find_missed_events() -> object:
    return reconcile_payments.find_missed_events(gateways=gateways(), now=clock.now())


def _forget_old_keys() -> None:
    with transaction():
        idempotency.forget_old(now=clock.now())


SCHEDULE = (
    # Web programs nudge for this one; the schedule finds what a lost nudge left.
    Scheduled(OUTBOX, 3, work_off_outbox),
    Scheduled("silent_attempts", 60, _ask_about_attempts),
    # Setting a price promises this; here what was recorded meanwhile is found.
    Scheduled("unpriced_usage", 60, price_what_waits),
    Scheduled("missed_events", 600, _find_missed_events),
    Scheduled("ended_months", 600, close_ended_months),
    Scheduled("old_idempotency_keys", 3600, _forget_old_keys),
)

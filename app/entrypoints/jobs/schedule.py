"""What the worker does by itself, and how often: all of it stands in one table.

Every job may be run twice, at any moment, and by two workers at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import current_app

from app.entrypoints.gateways import gateways
from app.entrypoints.jobs.alerting import tell_what_is_foreseen, tell_what_was_crossed
from app.entrypoints.jobs.closing import close_ended_months
from app.entrypoints.jobs.erasing import erase_what_is_due
from app.entrypoints.jobs.parts import in_parts
from app.entrypoints.jobs.pricing import price_what_waits
from app.entrypoints.jobs.promises import work_off_outbox
from app.entrypoints.jobs.retaining import forget_old_sign_ins, forget_what_is_old
from app.entrypoints.jobs.topping_up import top_up_where_due
from app.entrypoints.jobs.verifying import verify_and_note
from app.entrypoints.queueing import OUTBOX
from app.entrypoints.selling import seller
from app.entrypoints.settings import renewal_grace
from app.foundation import clock, idempotency
from app.foundation.database import transaction
from app.workflows import reconcile_payments
from app.workflows.announce_price_rises import announce_price_rises
from app.workflows.charge_invoices import charge_invoices
from app.workflows.chase_unpaid import chase_unpaid
from app.workflows.lapse_open_purchases import lapse_open_purchases
from app.workflows.renew_subscriptions import renew_subscriptions
from app.workflows.warn_of_ending_keys import warn_of_ending_keys


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


def _ask_about_refunds() -> object:
    return reconcile_payments.ask_about_refunds(gateways=gateways(), now=clock.now())


def _find_missed_events() -> object:
    return reconcile_payments.find_missed_events(gateways=gateways(), now=clock.now())


def _renew() -> None:
    sells, grace = seller(), renewal_grace()

    def part(now: datetime) -> int:
        return renew_subscriptions(seller=sells, grace=grace, now=now).looked_at

    in_parts(part)


def _chase() -> None:
    in_parts(lambda now: chase_unpaid(now=now))


def _charge() -> None:
    in_parts(lambda now: charge_invoices(now=now))


def _lapse() -> None:
    in_parts(lambda now: lapse_open_purchases(now=now))


def _announce_price_rises() -> None:
    in_parts(lambda now: announce_price_rises(now=now))


def _warn_of_ending_keys() -> None:
    in_parts(lambda now: warn_of_ending_keys(now=now))


def _forget_old_keys() -> None:
    with transaction():
        idempotency.forget_old(now=clock.now())


SCHEDULE = (
    # Web programs nudge for this one; the schedule finds what a lost nudge left.
    Scheduled(OUTBOX, 3, work_off_outbox),
    Scheduled("alerts", 30, tell_what_was_crossed),
    Scheduled("forecasts", 1800, tell_what_is_foreseen),
    Scheduled("silent_attempts", 60, _ask_about_attempts),
    Scheduled("silent_refunds", 60, _ask_about_refunds),
    # Setting a price promises this; here what was recorded meanwhile is found.
    Scheduled("unpriced_usage", 60, price_what_waits),
    Scheduled("missed_events", 600, _find_missed_events),
    Scheduled("ended_months", 600, close_ended_months),
    Scheduled("renewals", 60, _renew),
    Scheduled("charges", 60, _charge),
    Scheduled("top_ups", 30, top_up_where_due),
    Scheduled("reminders", 600, _chase),
    Scheduled("closed_pages", 600, _lapse),
    Scheduled("price_rises", 3600, _announce_price_rises),
    Scheduled("ending_keys", 3600, _warn_of_ending_keys),
    Scheduled("old_idempotency_keys", 3600, _forget_old_keys),
    Scheduled("old_sign_ins", 3600, forget_old_sign_ins),
    Scheduled("retention", 86_400, forget_what_is_old),
    Scheduled("deleted_accounts", 3600, erase_what_is_due),
    Scheduled("verify", 3600, verify_and_note),
)

"""Reconcile payments: ask the provider about what nobody told us, and find the events we missed.

It may run at any time, on several machines at once: asking twice changes nothing.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.payments import inbox, operations, queries, refunds, rules
from app.domain.payments.errors import (
    OutcomeImpossible,
    OutcomeMismatch,
    ProviderRefused,
    ProviderUnreachable,
    UnknownProvider,
)
from app.domain.payments.gateway import CheckoutOrder, Gateways, PaymentGateway, PaymentOutcome
from app.domain.payments.models import Payment
from app.foundation.database import end_reading, transaction
from app.workflows.begin_checkout import checkout_order, open_checkout
from app.workflows.charge_saved_card import charge_saved_card
from app.workflows.refund_payment import refund_payment
from app.workflows.settle_payment import settle_payment

ATTEMPTS_AT_ONCE = 100
# Some events of a day may have come while others were lost: all of the last ones are listed.
OVERLAP = timedelta(days=1)
# Providers keep no events for longer.
KEPT_FOR = timedelta(days=29)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a sweep came to."""

    attempts_asked: int
    attempts_unanswered: int
    events_found: int
    refunds_asked: int = 0
    refunds_unanswered: int = 0


def reconcile_payments(*, gateways: Gateways, base_url: str, now: datetime) -> Reconciled:
    """Ask about the attempts nothing was heard of, and take in the events that did not reach us."""
    asked = ask_about_attempts(gateways=gateways, base_url=base_url, now=now)
    refunded = ask_about_refunds(gateways=gateways, now=now)
    found = find_missed_events(gateways=gateways, now=now)
    return replace(
        refunded,
        attempts_asked=asked.attempts_asked,
        attempts_unanswered=asked.attempts_unanswered,
        events_found=found,
    )


def ask_about_attempts(*, gateways: Gateways, base_url: str, now: datetime) -> Reconciled:
    """Ask the provider where the attempts stand that nothing was heard of."""
    silent = queries.silent_attempts(now=now, limit=ATTEMPTS_AT_ONCE)
    end_reading()
    unanswered = 0
    for public_id in silent:
        try:
            _ask(public_id, gateways=gateways, base_url=base_url, now=now)
        except ProviderUnreachable:
            unanswered += 1
        except (ProviderRefused, OutcomeMismatch, OutcomeImpossible) as error:
            log.error("Payment %s cannot be decided: %s", public_id, error.message)
    return Reconciled(len(silent), unanswered, 0)


def ask_about_refunds(*, gateways: Gateways, now: datetime) -> Reconciled:
    """Ask the provider where the refunds stand that nothing was heard of."""
    silent = refunds.silent_refunds(now=now, limit=ATTEMPTS_AT_ONCE)
    end_reading()
    unanswered = 0
    for refund_id in silent:
        try:
            refund_payment(refund_id, gateways=gateways, now=now)
        except (ProviderUnreachable, UnknownProvider):
            unanswered += 1
        except OutcomeMismatch as error:
            log.error("Refund %s cannot be decided: %s", refund_id, error.message)
    return Reconciled(0, 0, 0, len(silent), unanswered)


def find_missed_events(*, gateways: Gateways, now: datetime) -> int:
    """List the providers' recent events and take in those that did not reach us."""
    found = 0
    for provider, gateway in gateways.items():
        last = queries.last_received_at(provider)
        end_reading()
        try:
            notices = gateway.events_since(max((last or now) - OVERLAP, now - KEPT_FOR))
        except (ProviderUnreachable, ProviderRefused) as error:
            log.warning("The events of %s could not be listed: %s", provider, error.message)
            continue
        known = inbox.known(provider, [notice.event_id for notice in notices])
        end_reading()
        for notice in notices:
            if notice.event_id not in known:
                with transaction():
                    found += inbox.receive(notice, now=now)
    return found


def _ask(public_id: str, *, gateways: Gateways, base_url: str, now: datetime) -> None:
    with transaction():
        payment = operations.lock_payment(public_id)
        gateway = gateways.get(payment.provider)
        # Asked or not, it goes to the end of the line: what fails for ever holds up nobody.
        operations.note_asked(payment, now=now)
        page = payment.provider_session
        # Who is processing has a page, but no end any more that another could be asked with.
        order = _order(payment, base_url=base_url) if page is None else None
    if gateway is None:
        return
    if page is None and order is None:
        charge_saved_card(public_id, gateways=gateways, now=now)
        return
    if page is None:
        assert order is not None, "what is no charge is a checkout"
        page = _reopened(order, gateway=gateway, now=now)
    outcome = gateway.outcome_of_session(page)
    if isinstance(outcome, PaymentOutcome):
        with transaction():
            settle_payment(outcome, now=now)


def _order(payment: Payment, *, base_url: str) -> CheckoutOrder | None:
    """Return what a page was asked for; a saved card is charged without one."""
    if payment.method != rules.CHECKOUT:
        return None
    return checkout_order(payment, operations.lock_invoice(payment), base_url=base_url)


def _reopened(order: CheckoutOrder, *, gateway: PaymentGateway, now: datetime) -> str:
    """Return the page of a call whose answer was lost: the same key finds it.

    If there is none yet, and its end is near or past, the provider refuses to open one: then
    nothing was lost, and the attempt has failed.
    """
    return open_checkout(order, gateway=gateway, now=now).session

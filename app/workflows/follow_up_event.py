"""Follow up an event of the inbox: it names what to ask the provider about, and is not believed."""

from datetime import datetime

from app.domain.payments import inbox, queries
from app.domain.payments.errors import (
    OutcomeImpossible,
    OutcomeMismatch,
    ProviderRefused,
    ProviderUnreachable,
    UnknownPayment,
    UnknownProvider,
)
from app.domain.payments.gateway import (
    CardSeen,
    DisputeSeen,
    DisputesSeen,
    EventOutcome,
    Gateways,
    NotOurs,
    PaymentOutcome,
    RefundsSeen,
    SetupOutcome,
)
from app.foundation.database import end_reading, transaction
from app.foundation.sentences import say
from app.workflows.record_dispute import record_dispute, record_each_dispute
from app.workflows.refund_payment import settle_all
from app.workflows.save_card import settle_setup, take_card_news
from app.workflows.settle_payment import settle_payment

# What may be different at the next try: the provider's answer, our rows, somebody's mistake.
NOT_YET = (
    ProviderUnreachable,
    ProviderRefused,
    UnknownProvider,
    UnknownPayment,
    OutcomeMismatch,
    OutcomeImpossible,
)


def follow_up_event(event_row_id: int, *, gateways: Gateways, now: datetime) -> None:
    """Settle what the event is about, or note why it is ignored or still waits.

    An event that is done is left alone. What is not done yet is raised again after it was noted,
    so that whoever called comes back.
    """
    event = queries.find_event(event_row_id)
    if event is None or event.status != inbox.WAITING:
        return
    provider, event_type, body = event.provider, event.event_type, event.body
    end_reading()
    try:
        outcome = _asked(provider, event_type, body, gateways=gateways)
        _take(event_row_id, outcome, now=now)
    except NOT_YET as reason:
        with transaction():
            waiting = inbox.lock(event_row_id)
            if waiting.status == inbox.WAITING:
                inbox.postpone(waiting, reason=reason.message, now=now)
        raise


def _asked(provider: str, event_type: str, body: bytes, *, gateways: Gateways) -> EventOutcome:
    if provider not in gateways:
        raise UnknownProvider(say("{provider} is not connected here.", {"provider": provider}))
    return gateways[provider].outcome_of_event(event_type, body)


def _take(event_row_id: int, outcome: EventOutcome, *, now: datetime) -> None:
    with transaction():
        # The account's lock comes first, as everywhere; the event is looked at under it.
        _take_effect(outcome, now=now)
        event = inbox.lock(event_row_id)
        if event.status != inbox.WAITING:
            return
        if isinstance(outcome, NotOurs):
            inbox.ignore(event, because=outcome.reason, now=now)
        else:
            inbox.finish(event, now=now)


def _take_effect(outcome: EventOutcome, *, now: datetime) -> None:
    match outcome:
        case PaymentOutcome():
            settle_payment(outcome, now=now)
        case RefundsSeen():
            settle_all(outcome, now=now)
        case DisputeSeen():
            record_dispute(outcome, now=now)
        case DisputesSeen():
            record_each_dispute(outcome, now=now)
        case SetupOutcome():
            settle_setup(outcome, now=now)
        case CardSeen():
            take_card_news(outcome, now=now)
        case NotOurs():
            pass

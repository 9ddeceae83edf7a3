"""Confirm a payment: the customer is back from the provider's page, so we ask the provider."""

import logging
from datetime import datetime
from enum import Enum, auto

from app.domain.payments.errors import (
    OutcomeImpossible,
    OutcomeMismatch,
    ProviderRefused,
    ProviderUnreachable,
)
from app.domain.payments.gateway import Gateways, PaymentOutcome
from app.domain.payments.views import PaymentView
from app.foundation.database import end_reading, transaction
from app.workflows.settle_payment import settle_payment

log = logging.getLogger(__name__)


class Heard(Enum):
    """What asking the provider about a payment came to."""

    DECIDED = auto()
    # Not yet, or it could not be asked.
    UNDECIDED = auto()
    # The provider knows nothing of it, and will not tell later either.
    NOTHING_KNOWN = auto()


def confirm_payment(payment: PaymentView, *, gateways: Gateways, now: datetime) -> bool:
    """Settle the payment if the provider says so; tell whether it has just been decided.

    Coming here settles nothing by itself. A provider that cannot be asked leaves the payment
    undecided: the page goes on saying so.
    """
    return ask_about(payment, gateways=gateways, now=now) is Heard.DECIDED


def ask_about(payment: PaymentView, *, gateways: Gateways, now: datetime) -> Heard:
    """Ask the payment's provider what became of it, and settle it if it says so."""
    page = payment.provider_session
    if not payment.is_undecided or page is None or payment.provider not in gateways:
        return Heard.UNDECIDED
    end_reading()
    try:
        outcome = gateways[payment.provider].outcome_of_session(page)
        if not isinstance(outcome, PaymentOutcome):
            return Heard.NOTHING_KNOWN
        with transaction():
            return Heard.DECIDED if settle_payment(outcome, now=now) else Heard.UNDECIDED
    except ProviderUnreachable:
        log.info("The provider could not be asked about %s; the sweep will.", payment.id)
    except (ProviderRefused, OutcomeMismatch, OutcomeImpossible) as error:
        # The customer cannot do anything about it; the operator sees it at the event.
        log.error("Payment %s cannot be confirmed: %s", payment.id, error.message)
        if isinstance(error, ProviderRefused):
            return Heard.NOTHING_KNOWN
    return Heard.UNDECIDED

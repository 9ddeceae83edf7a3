"""Save a card: on a page of the provider, after its owner has agreed to what it is for.

The page pays nothing. What was agreed to travels with it, so that the card and the consent come
back together: with the customer, or with the webhook if he closes the page.
"""

import logging
import re
import secrets
from collections.abc import Callable
from datetime import datetime

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.payments import cards, operations, rules
from app.domain.payments.consent import Consent, consent_to
from app.domain.payments.errors import ProviderRefused, ProviderUnreachable, UnknownProvider
from app.domain.payments.gateway import (
    CardSeen,
    Gateways,
    OpenedCheckout,
    PaymentGateway,
    SetupOrder,
    SetupOutcome,
)
from app.domain.payments.models import PaymentMethod
from app.foundation import journal
from app.foundation.database import end_reading, transaction
from app.foundation.sentences import say

SESSION = re.compile(r"\w{1,200}", re.ASCII)
KEY_BYTES = 16

log = logging.getLogger(__name__)


def begin_saving_card(
    account: Account,
    consent_version: str,
    *,
    gateway: PaymentGateway,
    base_url: str,
    now: datetime,
    look: Callable[[], None] | None = None,
) -> OpenedCheckout:
    """Return the page on which the account saves a card, for what it has agreed to.

    Once the account is held, `look` may refuse whoever asks. Raises ConsentMissing,
    DeletionPending, ProviderUnreachable and ProviderRefused.
    """
    consent = consent_to(consent_version, now=now)
    with transaction():
        accounts.lock_buyer(account.id)
        if look is not None:
            look()
        customer = cards.find_customer(account.id, provider=gateway.provider)
        order = _order(account, consent, customer=customer, base_url=base_url, now=now)
        journal.write(
            "card_consent_given",
            actor=f"customer:{account.id}",
            user_id=account.id,
            now=now,
            details={"version": consent.version, "setup": order.idempotency_key},
        )
    return gateway.open_setup(order)


def confirm_saved_card(
    setup_session: str, account: Account, *, gateway: PaymentGateway, now: datetime
) -> bool:
    """Keep the card of a page that the customer comes from; tell whether there is one.

    Coming here saves nothing by itself: the provider is asked, and must name this account.
    """
    if not SESSION.fullmatch(setup_session):
        return False
    end_reading()
    try:
        outcome = gateway.outcome_of_setup(setup_session)
    except (ProviderUnreachable, ProviderRefused) as error:
        # The webhook brings the card as well.
        log.info("A saved card could not be confirmed: %s", error.message)
        return False
    if not isinstance(outcome, SetupOutcome) or outcome.account_id != account.id:
        return False
    with transaction():
        card = settle_setup(outcome, now=now)
        return card is not None and card.removed_at is None


def settle_setup(outcome: SetupOutcome, *, now: datetime) -> PaymentMethod | None:
    """Keep the card of a page, if it has one by now, in the running transaction."""
    if outcome.saved_card is None:
        return None
    return operations.keep_card(
        outcome.account_id,
        outcome.saved_card,
        provider=outcome.provider,
        consent=outcome.consent,
        now=now,
    )


def take_card_news(seen: CardSeen, *, now: datetime) -> None:
    """Take over what a provider has changed of a card, or that it is gone."""
    row = cards.find_card(seen.provider, seen.reference)
    if row is None:
        return
    if seen.card is None:
        cards.drop_card(row, now=now)
    else:
        operations.keep_card(row.user_id, seen.card, provider=seen.provider, consent=None, now=now)


def forget_card(card_id: int, *, gateways: Gateways) -> None:
    """Have the provider forget a card that was removed here. Raises what its gateway raises."""
    card = cards.card_by_id(card_id)
    provider, reference = card.provider, card.provider_reference
    if provider not in gateways:
        raise UnknownProvider(say("{provider} is not connected here.", {"provider": provider}))
    end_reading()
    gateways[provider].forget_card(reference)


def _order(
    account: Account, consent: Consent, *, customer: str | None, base_url: str, now: datetime
) -> SetupOrder:
    return SetupOrder(
        account_id=account.id,
        idempotency_key=f"setup:{account.id}:{secrets.token_hex(KEY_BYTES)}",
        email=account.email,
        customer=customer,
        consent=consent,
        success_url=f"{base_url}/payment-methods",
        cancel_url=f"{base_url}/payment-methods",
        expires_at=now.replace(microsecond=0) + rules.CHECKOUT_LIFE,
    )

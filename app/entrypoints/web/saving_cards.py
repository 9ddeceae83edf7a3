"""Saving the card that pays: offered beside the button that pays, agreed to in its form."""

from datetime import datetime
from typing import NamedTuple

from flask import request

from app.domain.accounts.models import Account
from app.domain.payments import queries
from app.domain.payments.consent import TEXT, VERSION, Consent, consent_to
from app.domain.payments.top_ups import ChargeableCard, find_card
from app.entrypoints.gateways import gateways

# Of the others we save nothing.
SAVES_CARDS = "stripe"
# What forms call the card that is saved, beside the providers' names.
SAVED_CARD = "card"


class CardOffer(NamedTuple):
    """The words that are agreed to, and which they are."""

    version: str
    text: str


CARD_OFFER = CardOffer(VERSION, TEXT)


def card_offer(account: Account) -> CardOffer | None:
    """Return what there is to agree to; None for whoever has a card that may be charged."""
    return None if queries.card_to_charge(account.id) else CARD_OFFER


def chargeable_here(card: ChargeableCard | None) -> ChargeableCard | None:
    """Return the card, if the provider that has saved it is connected."""
    return card if SAVES_CARDS in gateways() else None


def saved_card(account: Account) -> ChargeableCard | None:
    """Return the card that the account may pay with here, if it has saved one."""
    return chargeable_here(find_card(account))


def consent_in_form(provider: str, *, now: datetime) -> Consent | None:
    """Return what was agreed to in the form that pays. Raises ConsentMissing for other words."""
    version = request.form.get("consent", "")
    return consent_to(version, now=now) if version and provider == SAVES_CARDS else None

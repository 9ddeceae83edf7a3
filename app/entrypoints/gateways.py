"""The payment providers of this app: those of its settings, unless it was made with others."""

from typing import cast

from flask import Response, current_app

from app import wiring
from app.domain.accounts.models import Account
from app.domain.payments.errors import UnknownProvider
from app.domain.payments.gateway import Gateways, PaymentGateway
from app.entrypoints import limiting
from app.entrypoints.limiting import Limit
from app.entrypoints.security_headers import let_forms_lead_to
from app.foundation.errors import FieldError
from app.foundation.sentences import say

GATEWAYS = "PAYMENT_GATEWAYS"
# All that may be connected, by name.
PROVIDERS = ("stripe", "paypal")
# Through whom is paid where nobody else is named.
DEFAULT_PROVIDER = "stripe"
# Providers hear only so much of us: nobody uses that up for all others.
PAGES = Limit(
    "provider_pages", 100, 3_600, say("You have opened many payment pages. Try again in an hour.")
)
# A page that waits asks every other second; several of them may be open.
NEWS = Limit("provider_news", 120, 60, say("You have asked often. Try again in a minute."))


def gateways() -> Gateways:
    """Return the providers that are connected, by name."""
    given = current_app.config.get(GATEWAYS)
    if given is not None:
        return cast(Gateways, given)
    return wiring.payment_gateways(current_app.config["SETTINGS"])


def gateway(provider: str) -> PaymentGateway:
    """Return the provider. Raises UnknownProvider."""
    connected = gateways()
    if provider not in connected:
        message = f"Pay through one of: {', '.join(sorted(connected))}."
        fields = [FieldError("provider", "unknown_provider", message)]
        raise UnknownProvider(message, fields=fields)
    return connected[provider]


def gateway_for_page(provider: str, account: Account) -> PaymentGateway:
    """Return the provider for one more page that is opened for an account.

    Raises UnknownProvider, TooManyRequests.
    """
    connected = gateway(provider)
    limiting.spend(PAGES, account.id)
    return connected


def gateways_for_news(account: Account) -> Gateways:
    """Return the providers that are asked for an account; nobody, once that was often.

    What nobody is asked about now, the sweep and the provider's own messages bring.
    """
    return gateways() if limiting.is_left(NEWS, account.id) else {}


def let_forms_lead_to_providers(response: Response) -> Response:
    """Let this page's forms lead to the payment pages of every provider."""
    origins = {origin for each in gateways().values() for origin in each.checkout_origins}
    return let_forms_lead_to(response, *sorted(origins))

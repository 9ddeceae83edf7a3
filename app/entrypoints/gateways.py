"""The payment providers of this app: those of its settings, unless it was made with others."""

from typing import cast

from flask import Response, current_app

from app import wiring
from app.domain.payments.errors import UnknownProvider
from app.domain.payments.gateway import Gateways, PaymentGateway
from app.entrypoints.security_headers import let_forms_lead_to
from app.foundation.errors import FieldError

GATEWAYS = "PAYMENT_GATEWAYS"
# Through whom is paid where nobody else is named.
DEFAULT_PROVIDER = "stripe"


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


def let_forms_lead_to_providers(response: Response) -> Response:
    """Let this page's forms lead to the payment pages of every provider."""
    origins = {origin for each in gateways().values() for origin in each.checkout_origins}
    return let_forms_lead_to(response, *sorted(origins))

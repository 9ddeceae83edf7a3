"""The payment providers of this app: those of its settings, unless it was made with others."""

from typing import cast

from flask import current_app

from app import wiring
from app.domain.payments.errors import UnknownProvider
from app.domain.payments.gateway import Gateways, PaymentGateway
from app.foundation.errors import FieldError

GATEWAYS = "PAYMENT_GATEWAYS"


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

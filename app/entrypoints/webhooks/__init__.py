"""Where payment providers tell us that something has happened: signed, kept, answered at once."""

from flask import Blueprint, Response, request

from app.domain.payments import inbox
from app.entrypoints.gateways import gateway
from app.entrypoints.queueing import nudge
from app.foundation import clock
from app.foundation.database import transaction

# Providers' events are a few kilobytes; who sends more is none.
BODY_MAX_BYTES = 256 * 1024

webhooks = Blueprint("webhooks", __name__)


@webhooks.post("/stripe")
def stripe() -> Response:
    """Keep an event of Stripe; what it means is found out afterwards."""
    return _receive("stripe")


@webhooks.post("/paypal")
def paypal() -> Response:
    """Keep an event of PayPal; what it means is found out afterwards."""
    return _receive("paypal")


def _receive(provider: str) -> Response:
    request.max_content_length = BODY_MAX_BYTES
    now = clock.now()
    headers = {name.lower(): value for name, value in request.headers.items()}
    notice = gateway(provider).read_event(request.get_data(), headers, now=now)
    with transaction():
        is_new = inbox.receive(notice, now=now)
    if is_new:
        nudge()
    return Response(b'{"received": true}', content_type="application/json")

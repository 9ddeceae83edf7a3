"""Where payment providers tell us that something has happened: signed, kept, answered at once."""

from flask import Blueprint, Response, request

from app.domain.payments import inbox
from app.entrypoints import limiting
from app.entrypoints.gateways import gateway
from app.entrypoints.limiting import Limit
from app.entrypoints.peers import network_asking
from app.entrypoints.queueing import nudge
from app.foundation import clock
from app.foundation.database import transaction

# Providers' events are a few kilobytes; who sends more is none.
BODY_MAX_BYTES = 256 * 1024
# To know whether a message is signed we may have to ask the provider: for whoever forges them,
# that is done so often and no more.
UNPROVEN = Limit(
    "unsigned_events", 60, 60, "Too many messages without a signature. Try again in a minute."
)

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
    now, sender = clock.now(), network_asking()
    limiting.spend(UNPROVEN, provider, sender)
    headers = {name.lower(): value for name, value in request.headers.items()}
    notice = gateway(provider).read_event(request.get_data(), headers, now=now)
    # Whoever has shown a signature may send as much as he likes.
    limiting.forget(UNPROVEN, provider, sender)
    with transaction():
        is_new = inbox.receive(notice, now=now)
    if is_new:
        nudge()
    return Response(b'{"received": true}', content_type="application/json")

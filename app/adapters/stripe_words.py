"""The names under which things of ours stand at Stripe, and the events that tell of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

# Under these names what is ours travels with everything at Stripe; other apps of the same Stripe
# account have names of their own.
METADATA = "oblivious_payment_id"
# Only on payments without a page: there it is the page that carries the reference.
REFERENCE = "oblivious_reference"
ACCOUNT = "oblivious_account_id"
CONSENT_VERSION, CONSENTED_AT = "oblivious_consent_version", "oblivious_consented_at"
REFUND, REASON = "oblivious_refund_id", "oblivious_reason"
VALUE_LENGTH_MAX = 500
# One list of events names at most twenty types.
EVENT_TYPES = (
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "payment_method.detached",
    "payment_method.automatically_updated",
)
INTENT_PREFIX = "pi_"


@dataclass(frozen=True, slots=True)
class Named:
    """What an event is about: enough to ask for it."""

    kind: str
    id: str
    metadata: Mapping[str, str]
    payment_intent: str | None


def named_in(body: bytes) -> Named:
    """Return what the event in a body is about."""
    named = json.loads(body)["data"]["object"]
    return Named(
        kind=named["object"],
        id=named["id"],
        metadata=named.get("metadata") or {},
        payment_intent=named.get("payment_intent"),
    )

"""Names and empty forms of Stripe's objects, taken from the SDK's own annotations."""

import functools
import secrets
import string
import typing

import stripe

from app.sandbox.stripe.refusals import Json

ALPHABET = string.ascii_letters + string.digits
CLASSES: dict[str, type] = {
    "checkout.session": stripe.checkout.Session,
    "charge": stripe.Charge,
    "customer": stripe.Customer,
    "dispute": stripe.Dispute,
    "event": stripe.Event,
    "item": stripe.LineItem,
    "payment_intent": stripe.PaymentIntent,
    "payment_method": stripe.PaymentMethod,
    "price": stripe.Price,
    "refund": stripe.Refund,
    "setup_intent": stripe.SetupIntent,
}
PREFIXES = {
    "checkout.session": "cs_test",
    "charge": "ch",
    "customer": "cus",
    "dispute": "du",
    "event": "evt",
    "item": "li",
    "payment_intent": "pi",
    "payment_method": "pm",
    "price": "price",
    "refund": "re",
    "setup_intent": "seti",
}
# Optional in the SDK, but not null when they do not apply: they are not there at all.
ABSENT = {
    "checkout.session": {"line_items"},
    "charge": {"refunds"},
    "customer": {"cash_balance", "deleted", "sources", "subscriptions", "tax", "tax_ids"},
    "event": {"account", "context"},
    "price": {"currency_options", "deleted", "tiers"},
}
# A payment method has a group for its own type, and none for the fifty others.
ONLY_WHAT_IS_GIVEN = {"payment_method", "event"}
# The rest tells live from test; a refund and a line item do not.
WITHOUT_LIVEMODE = {"item", "refund"}


def new_id(prefix: str) -> str:
    """Return an id that nobody can guess."""
    length = 58 if prefix == "cs_test" else 24
    return f"{prefix}_{''.join(secrets.choice(ALPHABET) for _ in range(length))}"


def new_object(kind: str, given: Json, *, created: int) -> Json:
    """Return an object with all its fields: what is not given is null."""
    empty: Json = {} if kind in ONLY_WHAT_IS_GIVEN else dict.fromkeys(_nullable(kind))
    always: Json = {"id": new_id(PREFIXES[kind]), "object": kind}
    if kind != "item":
        always["created"] = created
    if kind not in WITHOUT_LIVEMODE:
        always["livemode"] = False
    return always | empty | given


@functools.cache
def _nullable(kind: str) -> tuple[str, ...]:
    annotations: dict[str, object] = CLASSES[kind].__annotations__
    absent = ABSENT.get(kind, set())
    return tuple(
        name
        for name, annotation in annotations.items()
        if type(None) in typing.get_args(annotation) and name not in absent
    )

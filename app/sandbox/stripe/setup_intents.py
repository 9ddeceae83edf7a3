"""Setup intents: a card is saved for later, and nothing is paid."""

from typing import NoReturn

from app.sandbox.stripe import metadata, payment_methods
from app.sandbox.stripe.calls import Call
from app.sandbox.stripe.cards import HOLDER_REFUSED, Decline, card_of
from app.sandbox.stripe.listing import listed
from app.sandbox.stripe.objects import new_id
from app.sandbox.stripe.refusals import Json
from app.sandbox.stripe.work import Work

LIST_FILTERS = ("customer", "payment_method")
NO_MANDATE = {
    "mandate_options": None,
    "network": None,
    "request_three_d_secure": "automatic",
    "setup_credential_usage": None,
}


def add(work: Work, params: Json, *, customer_id: str) -> Json:
    """Keep a new intent to save a card for a customer."""
    intent = work.create(
        "setup_intent",
        {
            "allowed_payment_method_types": ["card"],
            "customer": customer_id,
            "description": params.get("description") or None,
            "metadata": metadata.metadata_of(params),
            "payment_method_options": {"card": NO_MANDATE},
            "payment_method_types": ["card"],
            "status": "requires_payment_method",
            "usage": "off_session",
        },
    )
    work.change(intent, {"client_secret": new_id(f"{intent['id']}_secret")})
    work.emit("setup_intent.created", intent)
    return intent


def confirm(work: Work, intent: Json, method: Json, *, ask_at: str) -> None:
    """Save the card. Raises CardDeclined; asks its holder at the given URL if the bank wants."""
    card = card_of(method)
    if card.decline and not card.can_be_saved:
        fail(work, intent, method, card.decline)
    if card.asks_its_holder:
        redirect = {"return_url": None, "url": ask_at}
        action: Json = {"type": "redirect_to_url", "redirect_to_url": redirect}
        changes: Json = {"next_action": action, "payment_method": method["id"]}
        work.change(intent, changes | {"status": "requires_action"})
        work.emit("setup_intent.requires_action", intent)
        return
    succeed(work, intent, method)


def succeed(work: Work, intent: Json, method: Json) -> None:
    """Let the card be its customer's from now on."""
    payment_methods.give_to(work, method, intent["customer"])
    changes: Json = {"last_setup_error": None, "next_action": None, "payment_method": method["id"]}
    work.change(intent, changes | {"status": "succeeded"})
    work.emit("setup_intent.succeeded", intent)


def fail(work: Work, intent: Json, method: Json, decline: Decline) -> NoReturn:
    """Keep why the card was not saved. Raises CardDeclined."""
    refusal = payment_methods.declined(decline)
    refusal.error["payment_method"] = method
    changes: Json = {"last_setup_error": dict(refusal.error), "next_action": None}
    changes |= {"payment_method": None, "status": "requires_payment_method"}
    work.change(intent, changes)
    work.emit("setup_intent.setup_failed", intent)
    refusal.error["setup_intent"] = intent
    raise refusal


def fail_for_holder(work: Work, intent: Json, method: Json) -> NoReturn:
    """Record that the holder did not confirm. Raises CardDeclined."""
    fail(work, intent, method, HOLDER_REFUSED)


def retrieve(work: Work, call: Call) -> Json:
    """Return an intent."""
    return work.addressed("setup_intent", call.id)


def index(work: Work, call: Call) -> Json:
    """Return a page of intents."""
    return listed(work, call, "setup_intent", url="/v1/setup_intents", equal=LIST_FILTERS)

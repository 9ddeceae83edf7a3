"""What a click on Pay or Save does: the session's intent is made, and the card charged or saved."""

from contextlib import suppress
from typing import NoReturn

from app.sandbox.stripe import (
    charging,
    checkout_sessions,
    payment_intents,
    payment_methods,
    setup_intents,
)
from app.sandbox.stripe.card_form import CardForm
from app.sandbox.stripe.cards import BANK_FAILED, Card
from app.sandbox.stripe.refusals import CardDeclined, Json, RequestInvalid
from app.sandbox.stripe.work import Work


def pay(work: Work, session: Json, card: Card, form: CardForm, *, ask_at: str) -> None:
    """Pay an open session with a card, or save it; the bank may ask first. Raises CardDeclined."""
    name, email = form.fields["billingName"], form.fields["email"]
    customer_id = checkout_sessions.customer_of(work, session, name=name, email=email)
    method = payment_methods.add(work, card, expires=form.expires, name=name, email=email)
    if checkout_sessions.is_setup(session):
        intent = work.addressed("setup_intent", session["setup_intent"])
        setup_intents.confirm(work, intent, method, ask_at=ask_at)
    else:
        intent = _intent_of(work, session, customer_id)
        charging.confirm(work, intent, method, off_session=False, ask_at=ask_at)
    if intent["status"] in ("succeeded", "processing"):
        is_processing = intent["status"] == "processing"
        checkout_sessions.complete(
            work, session, name=name, email=email, is_processing=is_processing
        )


def arrive(work: Work, session: Json) -> None:
    """Let money that takes its time come. Raises Refusal if none is on its way."""
    intent, method = _on_its_way(work, session)
    charging.succeed(work, intent, method)
    work.change(session, {"payment_status": "paid"})
    work.emit("checkout.session.async_payment_succeeded", session)


def fall_through(work: Work, session: Json) -> None:
    """Let money that takes its time not come. Raises Refusal if none is on its way."""
    intent, method = _on_its_way(work, session)
    with suppress(CardDeclined):
        charging.fail(work, intent, method, BANK_FAILED)
    work.emit("checkout.session.async_payment_failed", session)


def asks_bank(work: Work, session: Json) -> Json | None:
    """Return the intent of a session that waits for the bank's question to be answered."""
    kind = "setup_intent" if checkout_sessions.is_setup(session) else "payment_intent"
    intent = work.find(kind, session[kind] or "")
    return intent if intent and intent["status"] == "requires_action" else None


def confirm_at_bank(work: Work, session: Json, intent: Json) -> None:
    """Let the holder say yes: the session is paid, or its card saved."""
    method = work.addressed("payment_method", intent["payment_method"])
    if checkout_sessions.is_setup(session):
        setup_intents.succeed(work, intent, method)
    else:
        charging.succeed(work, intent, method)
    billing = method["billing_details"]
    checkout_sessions.complete(work, session, name=billing["name"], email=billing["email"])


def refuse_at_bank(work: Work, session: Json, intent: Json) -> NoReturn:
    """Let the holder say no. Raises CardDeclined."""
    method = work.addressed("payment_method", intent["payment_method"])
    if checkout_sessions.is_setup(session):
        setup_intents.fail_for_holder(work, intent, method)
    charging.fail_for_holder(work, intent, method)


def _on_its_way(work: Work, session: Json) -> tuple[Json, Json]:
    """Return the intent that is being processed, and the method that pays it."""
    intent = work.find("payment_intent", session["payment_intent"] or "")
    if intent is None or intent["status"] != "processing":
        raise RequestInvalid("No money of this session is on its way.")
    return intent, work.addressed("payment_method", intent["payment_method"])


def _intent_of(work: Work, session: Json, customer_id: str | None) -> Json:
    """Return the session's one intent, which is made at the first attempt to pay."""
    if session["payment_intent"]:
        return work.addressed("payment_intent", session["payment_intent"])
    wanted: Json = work.hidden(session["id"])["payment_intent_data"]
    given = {
        **wanted,
        "amount": session["amount_total"],
        "currency": session["currency"],
        "customer": customer_id,
    }
    intent = payment_intents.add(work, given)
    work.change(session, {"payment_intent": intent["id"]})
    return intent

"""What happens when a payment intent is confirmed: the bank pays, asks, or says no."""

from typing import NoReturn

from app.sandbox.stripe import disputes, payment_methods
from app.sandbox.stripe.cards import HOLDER_REFUSED, NEEDS_HOLDER, Card, Decline, card_of
from app.sandbox.stripe.refusals import Json
from app.sandbox.stripe.work import Work


def confirm(work: Work, intent: Json, method: Json, *, off_session: bool, ask_at: str = "") -> None:
    """Charge the card. Raises CardDeclined; asks its holder at the given URL if the bank wants."""
    card = card_of(method)
    if card.decline:
        fail(work, intent, method, card.decline)
    # Once it is somebody's, he has been asked about it.
    is_known = card.asks_only_once and method["customer"] is not None
    if card.asks_its_holder and not is_known:
        if off_session:
            fail(work, intent, method, NEEDS_HOLDER)
        _ask(work, intent, method, ask_at)
        return
    if card.pays_slowly:
        _begin_slowly(work, intent, method)
        return
    succeed(work, intent, method)


def succeed(work: Work, intent: Json, method: Json) -> None:
    """Let the money move."""
    charge = _charge(work, intent, method, decline=None)
    changes = {
        "amount_received": intent["amount"],
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "next_action": None,
        "payment_method": method["id"],
        "status": "succeeded",
    }
    work.emit("charge.succeeded", charge)
    if intent["setup_future_usage"] and intent["customer"]:
        payment_methods.give_to(work, method, intent["customer"])
    work.change(intent, changes)
    work.emit("payment_intent.succeeded", intent)
    if card_of(method).is_disputed:
        disputes.begin(work, charge)


def fail(work: Work, intent: Json, method: Json, decline: Decline) -> NoReturn:
    """Keep the attempt, and say why there is no money. Raises CardDeclined."""
    charge = _charge(work, intent, method, decline=decline)
    refusal = payment_methods.declined(decline)
    refusal.error |= {"charge": charge["id"], "payment_method": method}
    work.change(
        intent,
        {
            "last_payment_error": dict(refusal.error),
            "latest_charge": charge["id"],
            "next_action": None,
            "payment_method": None,
            "status": "requires_payment_method",
        },
    )
    work.emit("charge.failed", charge)
    work.emit("payment_intent.payment_failed", intent)
    refusal.error["payment_intent"] = intent
    raise refusal


def fail_for_holder(work: Work, intent: Json, method: Json) -> NoReturn:
    """Record that the holder did not confirm. Raises CardDeclined."""
    fail(work, intent, method, HOLDER_REFUSED)


def _ask(work: Work, intent: Json, method: Json, ask_at: str) -> None:
    redirect = {"return_url": None, "url": ask_at}
    sdk: Json = {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
    work.change(
        intent,
        {
            "next_action": {"type": "redirect_to_url", "redirect_to_url": redirect}
            if ask_at
            else sdk,
            "payment_method": method["id"],
            "status": "requires_action",
        },
    )
    work.emit("payment_intent.requires_action", intent)


def _begin_slowly(work: Work, intent: Json, method: Json) -> None:
    changes = {"next_action": None, "payment_method": method["id"], "status": "processing"}
    work.change(intent, changes)
    work.emit("payment_intent.processing", intent)


def _charge(work: Work, intent: Json, method: Json, *, decline: Decline | None) -> Json:
    paid = decline is None
    return work.create(
        "charge",
        {
            "amount": intent["amount"],
            "amount_captured": intent["amount"] if paid else 0,
            "amount_refunded": 0,
            "billing_details": method["billing_details"],
            "captured": paid,
            "currency": intent["currency"],
            "customer": intent["customer"],
            "description": intent["description"],
            "disputed": False,
            "failure_code": decline.code if decline else None,
            "failure_message": decline.message if decline else None,
            "fraud_details": {},
            "metadata": dict(intent["metadata"]),
            "outcome": _outcome(decline),
            "paid": paid,
            "payment_intent": intent["id"],
            "payment_method": method["id"],
            "payment_method_details": _details(method, card_of(method)),
            "receipt_email": intent["receipt_email"],
            "refunded": False,
            "status": "succeeded" if paid else "failed",
        },
    )


def _outcome(decline: Decline | None) -> Json:
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "declined_by_network" if decline else "approved_by_network",
        "reason": (decline.decline_code or decline.code) if decline else None,
        "risk_level": "normal",
        "seller_message": decline.message if decline else "Payment complete.",
        "type": "issuer_declined" if decline else "authorized",
    }


def _details(method: Json, card: Card) -> Json:
    shown = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding")
    details = {name: method["card"][name] for name in shown}
    return {"type": "card", "card": details | {"last4": card.last4, "network": card.brand}}

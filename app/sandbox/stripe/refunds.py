"""Refunds: money given back, at most as much as was taken."""

from app.sandbox.stripe import metadata, money
from app.sandbox.stripe.calls import Call
from app.sandbox.stripe.cards import card_of
from app.sandbox.stripe.listing import listed
from app.sandbox.stripe.refusals import Json, ParameterMissing, RequestInvalid
from app.sandbox.stripe.work import Work

SUPPORTED = frozenset({"amount", "charge", "payment_intent", "reason", "metadata", "expand"})
LIST_FILTERS = ("charge", "payment_intent")
MAY_BOUNCE = ("pending", "succeeded")


def create(work: Work, call: Call) -> Json:
    """Give back some of a charge, or all that is left of it."""
    return add(work, _charge_of(work, call.params), call.params)


def add(work: Work, charge: Json, params: Json) -> Json:
    """Give back some of a charge, whoever asks: a program, or somebody in the dashboard."""
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = params.get("amount", left)
    _check(charge, amount, left)
    is_slow = card_of(charge["payment_method_details"]).refunds_slowly
    refund = work.create(
        "refund",
        {
            "amount": amount,
            "charge": charge["id"],
            "currency": charge["currency"],
            "destination_details": {
                "card": {"reference_status": "pending", "type": "refund"},
                "type": "card",
            },
            "metadata": metadata.metadata_of(params),
            "payment_intent": charge["payment_intent"],
            "pending_reason": "processing" if is_slow else None,
            "reason": params.get("reason"),
            "status": "pending" if is_slow else "succeeded",
        },
    )
    _take_off(work, charge, amount)
    work.emit("refund.created", refund)
    return refund


def arrive(work: Work, refund: Json) -> None:
    """Let the money of a slow refund arrive."""
    if refund["status"] != "pending":
        raise RequestInvalid(f"The refund {refund['id']} is {refund['status']} already.")
    work.change(refund, {"pending_reason": None, "status": "succeeded"})
    work.emit("refund.updated", refund, previously={"status": "pending"})


def bounce(work: Work, refund: Json) -> None:
    """Let the customer's bank send the money back, even after it had arrived."""
    before = refund["status"]
    if before not in MAY_BOUNCE:
        raise RequestInvalid(f"The refund {refund['id']} is {before} already.")
    changes = {"failure_reason": "lost_or_stolen_card", "pending_reason": None, "status": "failed"}
    work.change(refund, changes)
    charge = work.addressed("charge", refund["charge"])
    left_minor = charge["amount_refunded"] - refund["amount"]
    work.change(charge, {"amount_refunded": left_minor, "refunded": False})
    work.emit("refund.updated", refund, previously={"status": before})
    work.emit("refund.failed", refund)


def retrieve(work: Work, call: Call) -> Json:
    """Return a refund."""
    return work.addressed("refund", call.id)


def index(work: Work, call: Call) -> Json:
    """Return a page of refunds."""
    return listed(work, call, "refund", url="/v1/refunds", equal=LIST_FILTERS)


def _charge_of(work: Work, params: Json) -> Json:
    if "charge" in params:
        return work.named("charge", params["charge"], param="charge")
    if "payment_intent" not in params:
        raise ParameterMissing("payment_intent")
    intent = work.named("payment_intent", params["payment_intent"], param="payment_intent")
    if intent["status"] != "succeeded":
        message = f"The PaymentIntent {intent['id']} does not have a successful charge to refund."
        raise RequestInvalid(message, code="charge_not_refundable", param="payment_intent")
    return work.named("charge", intent["latest_charge"], param="payment_intent")


def _check(charge: Json, amount: int, left: int) -> None:
    if not charge["paid"]:
        message = f"Charge {charge['id']} was not paid, so there is nothing to refund."
        raise RequestInvalid(message, code="charge_not_refundable")
    if charge["disputed"]:
        message = f"Charge {charge['id']} has been charged back; it cannot be refunded."
        raise RequestInvalid(message, code="charge_disputed")
    if charge["refunded"]:
        message = f"Charge {charge['id']} has already been refunded."
        raise RequestInvalid(message, code="charge_already_refunded")
    money.check_positive(amount, param="amount")
    if amount > left:
        written = money.written(amount, charge["currency"])
        rest = money.written(left, charge["currency"])
        message = f"Refund amount ({written}) is greater than unrefunded amount on charge ({rest})."
        raise RequestInvalid(message, code="amount_too_large", param="amount")


def _take_off(work: Work, charge: Json, amount: int) -> None:
    before = {name: charge[name] for name in ("amount_refunded", "refunded")}
    refunded = charge["amount_refunded"] + amount
    after = {"amount_refunded": refunded, "refunded": refunded == charge["amount_captured"]}
    work.change(charge, after)
    previously = {name: value for name, value in before.items() if after[name] != value}
    work.emit("charge.refunded", charge, previously=previously)

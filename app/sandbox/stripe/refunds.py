"""Refunds: money given back, at most as much as was taken."""

from app.sandbox.stripe import metadata, money
from app.sandbox.stripe.calls import Call
from app.sandbox.stripe.listing import listed
from app.sandbox.stripe.refusals import Json, ParameterMissing, RequestInvalid
from app.sandbox.stripe.work import Work

SUPPORTED = frozenset({"amount", "charge", "payment_intent", "reason", "metadata", "expand"})
LIST_FILTERS = ("charge", "payment_intent")


def create(work: Work, call: Call) -> Json:
    """Give back some of a charge, or all that is left of it."""
    charge = _charge_of(work, call.params)
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = call.params.get("amount", left)
    _check(charge, amount, left)
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
            "metadata": metadata.metadata_of(call.params),
            "payment_intent": charge["payment_intent"],
            "reason": call.params.get("reason"),
            "status": "succeeded",
        },
    )
    _take_off(work, charge, amount)
    work.emit("refund.created", refund)
    return refund


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

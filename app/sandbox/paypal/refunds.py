"""Refunds: money given back, at most as much as was taken."""

from app.sandbox.paypal import captures, disputes, money
from app.sandbox.paypal.refusals import Json, NotInTheSandbox, Unprocessable, malformed
from app.sandbox.paypal.work import CAPTURE, REFUND, PayPalWork

FIELDS = frozenset({"amount", "custom_id", "invoice_id", "note_to_payer"})
TEXTS = {"custom_id": 127, "invoice_id": 127, "note_to_payer": 255}


def create(work: PayPalWork, capture_id: str, asked: Json) -> Json:
    """Give back some of a capture, or all that is left of it."""
    capture = work.addressed(CAPTURE, capture_id)
    _check(asked)
    if capture["status"] == "REFUNDED":
        raise Unprocessable("CAPTURE_FULLY_REFUNDED", "The capture has been fully refunded.")
    if capture["status"] not in captures.REFUNDABLE:
        raise Unprocessable("REFUND_NOT_ALLOWED", "This capture cannot be refunded.")
    amount, left = _amount(work, capture, asked)
    is_whole = money.cents(amount) == left
    if not is_whole and disputes.open_about(work, capture_id) is not None:
        raise Unprocessable("TRANSACTION_DISPUTED", "There is an open case on this transaction.")
    told = {name: asked[name] for name in TEXTS if name in asked}
    refund = captures.give_back(work, capture, amount, told)
    said = f"A {money.written(amount)} capture payment was refunded"
    work.emit("PAYMENT.CAPTURE.REFUNDED", "refund", refund, said)
    if is_whole:
        disputes.settle_refunded(work, capture_id)
    return refund


def retrieve(work: PayPalWork, id: str) -> Json:
    """Return a refund."""
    return work.addressed(REFUND, id)


def _check(asked: Json) -> None:
    for name in asked:
        if name not in FIELDS:
            raise NotInTheSandbox(f"the field {name}", field=f"/{name}")
    for name, longest in TEXTS.items():
        value = asked.get(name, "-")
        if not isinstance(value, str) or not 1 <= len(value) <= longest:
            raise malformed(f"/{name}")


def _amount(work: PayPalWork, capture: Json, asked: Json) -> tuple[Json, int]:
    """Return what is given back, and how many cents could be."""
    whole = capture["amount"]
    left = captures.left_cents(work, capture)
    if "amount" not in asked:
        return money.of_cents(left, whole["currency_code"]), left
    amount = money.checked(asked["amount"], field="/amount")
    money.check_same_currency(amount, whole)
    if money.cents(amount) > left:
        raise Unprocessable("REFUND_AMOUNT_EXCEEDED", "No more can be refunded than was captured.")
    return amount, left

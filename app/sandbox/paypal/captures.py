"""Captures: money taken of a buyer, at once or after a while."""

from app.sandbox.paypal import money
from app.sandbox.paypal.refusals import Json, Unprocessable
from app.sandbox.paypal.work import CAPTURE, REFUND, PayPalWork, new_id

FEE_PER_MILLE, FEE_FIXED_CENTS = 35, 49
REFUNDABLE = ("COMPLETED", "PARTIALLY_REFUNDED")
ONLY_BY_ITSELF = ("supplementary_data", "payee")
SUMMARIES = {
    "COMPLETED": "Payment completed for {}",
    "PENDING": "Payment pending for {}",
    "DECLINED": "Payment denied for {}",
}
EVENTS = {"COMPLETED": "COMPLETED", "PENDING": "PENDING", "DECLINED": "DENIED"}


def check_is_first(work: PayPalWork, order: Json) -> None:
    """Refuse a second payment for the same invoice of the merchant."""
    invoice_id = order["purchase_units"][0].get("invoice_id")
    paid = (each for each in work.newest(CAPTURE) if each["status"] != "DECLINED")
    if invoice_id is not None and any(each.get("invoice_id") == invoice_id for each in paid):
        raise Unprocessable("DUPLICATE_INVOICE_ID", "The invoice id was paid before.")


def take(work: PayPalWork, order: Json, *, is_pending: bool) -> Json:
    """Take what the order comes to, or have it on its way."""
    unit, id = order["purchase_units"][0], new_id()
    address = f"{work.base_url}/v2/payments/captures/{id}"
    order_address = f"{work.base_url}/v2/checkout/orders/{order['id']}"
    protection = ["ITEM_NOT_RECEIVED", "UNAUTHORIZED_TRANSACTION"]
    capture = {
        "id": id,
        **_status("PENDING" if is_pending else "COMPLETED"),
        "amount": unit["amount"],
        **{name: unit[name] for name in ("custom_id", "invoice_id") if name in unit},
        "final_capture": True,
        "seller_protection": {"status": "ELIGIBLE", "dispute_categories": protection},
        "seller_receivable_breakdown": _breakdown(unit["amount"]),
        "supplementary_data": {"related_ids": {"order_id": order["id"]}},
        "payee": unit["payee"],
        "create_time": work.moment,
        "update_time": work.moment,
        "links": [
            {"href": address, "rel": "self", "method": "GET"},
            {"href": f"{address}/refund", "rel": "refund", "method": "POST"},
            {"href": order_address, "rel": "up", "method": "GET"},
        ],
    }
    work.create(CAPTURE, capture)
    return capture


def decide(work: PayPalWork, id: str, *, is_good: bool) -> bool:
    """Let money that was on its way arrive or not; tell whether there was any."""
    capture = work.find(CAPTURE, id)
    if capture is None or capture["status"] != "PENDING":
        return False
    capture.pop("status_details", None)
    work.change(capture, {**_status("COMPLETED" if is_good else "DECLINED")})
    work.change(capture, {"update_time": work.moment})
    tell(work, capture)
    return True


def retrieve(work: PayPalWork, id: str) -> Json:
    """Return a capture."""
    return work.addressed(CAPTURE, id)


def refunds_of(work: PayPalWork, id: str) -> list[Json]:
    """Return what was given back of a capture, the newest first."""
    return [each for each in work.newest(REFUND) if work.hidden(each["id"])["capture"] == id]


def left_cents(work: PayPalWork, capture: Json) -> int:
    """Return how much of a capture has not been given back."""
    given_back = (money.cents(each["amount"]) for each in refunds_of(work, capture["id"]))
    return money.cents(capture["amount"]) - sum(given_back)


def give_back(work: PayPalWork, capture: Json, amount: Json, told: Json) -> Json:
    """Give some of a capture back, with what is told of it."""
    id, address = new_id(), f"{work.base_url}/v2/payments"
    left = left_cents(work, capture)
    refund = {
        "id": id,
        "status": "COMPLETED",
        "amount": amount,
        **told,
        "create_time": work.moment,
        "update_time": work.moment,
        "links": [
            {"href": f"{address}/refunds/{id}", "rel": "self", "method": "GET"},
            {"href": f"{address}/captures/{capture['id']}", "rel": "up", "method": "GET"},
        ],
    }
    work.create(REFUND, refund, hidden={"capture": capture["id"]})
    status = "REFUNDED" if money.cents(amount) == left else "PARTIALLY_REFUNDED"
    work.change(capture, {"status": status, "update_time": work.moment})
    return refund


def tell(work: PayPalWork, capture: Json) -> None:
    """Emit the event of what has become of a capture."""
    status = capture["status"]
    said = SUMMARIES[status].format(money.written(capture["amount"]))
    work.emit(f"PAYMENT.CAPTURE.{EVENTS[status]}", "capture", capture, said)


def inside_order(capture: Json) -> Json:
    """Return a capture as it stands in its order."""
    return {name: value for name, value in capture.items() if name not in ONLY_BY_ITSELF}


def _status(status: str) -> Json:
    if status == "PENDING":
        return {"status": status, "status_details": {"reason": "PENDING_REVIEW"}}
    return {"status": status}


def _breakdown(amount: Json) -> Json:
    gross, currency = money.cents(amount), amount["currency_code"]
    fee = min(gross, gross * FEE_PER_MILLE // 1000 + FEE_FIXED_CENTS)
    return {
        "gross_amount": amount,
        "paypal_fee": money.of_cents(fee, currency),
        "net_amount": money.of_cents(gross - fee, currency),
    }

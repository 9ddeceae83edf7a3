"""Orders: what a buyer is asked to approve, and what becomes of it."""

from app.sandbox.paypal import captures, disputes, order_requests
from app.sandbox.paypal.refusals import Json, Unprocessable
from app.sandbox.paypal.work import CAPTURE, ORDER, PayPalWork, new_id

OPEN = ("CREATED", "PAYER_ACTION_REQUIRED")
PAYER_ID = "BYERSANDBX234"
EMAIL = "buyer@example.com"
NAME = {"given_name": "Bo", "surname": "Buyer"}
# What the buyer can do on the page, and what it comes to when the order is captured.
APPROVE, PENDING, DECLINE, DISPUTE = "approve", "pending", "decline", "dispute"
CHOICES = (APPROVE, PENDING, DECLINE, DISPUTE)


def create(work: PayPalWork, asked: Json) -> Json:
    """Ask the buyer to approve an order."""
    unit, context = order_requests.checked_unit(asked), order_requests.checked_context(asked)
    order: Json = {
        "id": new_id(),
        "intent": "CAPTURE",
        "status": "CREATED" if context is None else "PAYER_ACTION_REQUIRED",
        **({} if context is None else {"payment_source": {"paypal": {}}}),
        "purchase_units": [unit],
        "create_time": work.moment,
    }
    work.create(ORDER, order, hidden={"context": context or {}, "captures": []})
    return shown(work, order)


def retrieve(work: PayPalWork, id: str) -> Json:
    """Return an order."""
    return shown(work, work.addressed(ORDER, id))


def approve(work: PayPalWork, order: Json, choice: str) -> None:
    """Let the buyer say yes; his choice tells what his money will do."""
    payer = {"email_address": EMAIL, "name": NAME}
    wallet = {**payer, "account_id": PAYER_ID, "account_status": "VERIFIED"}
    changes = {
        "status": "APPROVED",
        "payer": {**payer, "payer_id": PAYER_ID},
        "payment_source": {"paypal": wallet},
        "update_time": work.moment,
    }
    work.change(order, changes)
    work.hide(order["id"], {"choice": choice})
    said = "An order has been approved by buyer"
    work.emit("CHECKOUT.ORDER.APPROVED", "checkout-order", shown(work, order), said)


def capture(work: PayPalWork, id: str) -> Json:
    """Take the buyer's money, if he has approved and it can be had."""
    order = work.addressed(ORDER, id)
    hidden = work.hidden(id)
    if order["status"] == "COMPLETED":
        raise Unprocessable("ORDER_ALREADY_CAPTURED", "Order already captured.")
    if order["status"] != "APPROVED":
        raise Unprocessable("ORDER_NOT_APPROVED", "Payer has not yet approved the Order.")
    captures.check_is_first(work, order)
    if hidden["choice"] == DECLINE:
        raise Unprocessable("INSTRUMENT_DECLINED", "The instrument presented was declined.")
    taken = captures.take(work, order, is_pending=hidden["choice"] == PENDING)
    work.hide(id, {"captures": [*hidden["captures"], taken["id"]]})
    work.change(order, {"status": "COMPLETED", "update_time": work.moment})
    captures.tell(work, taken)
    said = "Checkout Order Completed"
    work.emit("CHECKOUT.ORDER.COMPLETED", "checkout-order", shown(work, order), said)
    if hidden["choice"] == DISPUTE:
        disputes.begin(work, taken)
    return shown(work, order)


def patch(work: PayPalWork, id: str, changes: object) -> None:
    """Change what the merchant calls an order, until its money is taken."""
    order = work.addressed(ORDER, id)
    value = order_requests.checked_custom_id(order, changes)
    if order["status"] == "COMPLETED":
        raise Unprocessable("ORDER_ALREADY_COMPLETED", "The order cannot be patched any more.")
    unit = {**order["purchase_units"][0], "custom_id": value}
    work.change(order, {"purchase_units": [unit], "update_time": work.moment})


def is_open(work: PayPalWork, order: Json) -> bool:
    """Tell whether the buyer can still decide: he can again after his money was declined."""
    declined = order["status"] == "APPROVED" and work.hidden(order["id"])["choice"] == DECLINE
    return order["status"] in OPEN or declined


def shown(work: PayPalWork, order: Json) -> Json:
    """Return an order as it is now, with its captures as they are now."""
    ids = work.hidden(order["id"])["captures"]
    unit = order["purchase_units"][0]
    if ids:
        taken = [captures.inside_order(work.addressed(CAPTURE, id)) for id in ids]
        given_back = [refund for id in ids for refund in captures.refunds_of(work, id)]
        payments = {"captures": taken, **({"refunds": given_back} if given_back else {})}
        unit = {**unit, "payments": payments}
    return {**order, "purchase_units": [unit], "links": _links(work, order)}


def _links(work: PayPalWork, order: Json) -> list[Json]:
    address = f"{work.base_url}/v2/checkout/orders/{order['id']}"
    links = [{"href": address, "rel": "self", "method": "GET"}]
    if order["status"] in OPEN:
        page = f"{work.base_url}/checkoutnow?token={order['id']}"
        rel = "payer-action" if "payment_source" in order else "approve"
        links.append({"href": page, "rel": rel, "method": "GET"})
    if order["status"] == "APPROVED":
        links.append({"href": f"{address}/capture", "rel": "capture", "method": "POST"})
    return links

"""The page on which a buyer approves an order, or does not."""

from urllib.parse import urlencode

from flask import Blueprint, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from app.sandbox.core import current_sandbox
from app.sandbox.guarding import allow_form_to_lead_to
from app.sandbox.paypal import money, orders
from app.sandbox.paypal.refusals import Json
from app.sandbox.paypal.work import ORDER, PayPalWork

approval_page = Blueprint("approval_page", __name__, url_prefix="/checkoutnow")

SEE_OTHER, MISSING, UNREADABLE = 303, 404, 422


class OrderClosed(Exception):
    """Nothing can be approved here, or not any more."""

    def __init__(self, order: Json | None, context: Json) -> None:
        super().__init__()
        self.order = order
        self.context = context


@approval_page.get("")
def show() -> ResponseReturnValue:
    """Show what is to be paid, and what the buyer can choose here."""
    with current_sandbox().paypal_work() as work:
        order = _open_order(work)
        context = work.hidden(order["id"])["context"]
    unit = order["purchase_units"][0]
    page = render_template(
        "sandbox/paypal.html",
        total=money.written(unit["amount"]),
        description=unit.get("description", ""),
        email=orders.EMAIL,
        cancel_url=_leading_to(context.get("cancel_url"), token=order["id"]),
    )
    response = make_response(page)
    if context:
        allow_form_to_lead_to(response, context["return_url"])
    return response


@approval_page.post("")
def decide() -> ResponseReturnValue:
    """Take the buyer's choice, and lead him back to the shop."""
    choice = request.form.get("choice", "")
    with current_sandbox().paypal_work(base_url=request.host_url.rstrip("/")) as work:
        order = _open_order(work)
        context = work.hidden(order["id"])["context"]
        if choice not in orders.CHOICES:
            return {"error": f"choice must be one of {', '.join(orders.CHOICES)}."}, UNREADABLE
        orders.approve(work, order, choice)
    return _back(order, context)


@approval_page.errorhandler(OrderClosed)
def show_closed(closed: OrderClosed) -> ResponseReturnValue:
    """Lead on from what is approved; say what has become of the others."""
    if closed.order is not None:
        return _back(closed.order, closed.context)
    return render_template("sandbox/closed.html", session=None), MISSING


def _open_order(work: PayPalWork) -> Json:
    order = work.find(ORDER, request.args.get("token", ""))
    if order is None or not orders.is_open(work, order):
        raise OrderClosed(order, work.hidden(order["id"])["context"] if order else {})
    return order


def _back(order: Json, context: Json) -> ResponseReturnValue:
    told = {"token": order["id"], "PayerID": orders.PAYER_ID}
    to = _leading_to(context.get("return_url"), **told)
    return redirect(to, SEE_OTHER) if to else {"status": order["status"]}


def _leading_to(url: str | None, *, token: str, PayerID: str = "") -> str:  # noqa: N803  # PayPal's name for it
    if not url:
        return ""
    told = {"token": token, **({"PayerID": PayerID} if PayerID else {})}
    return f"{url}{'&' if '?' in url else '?'}{urlencode(told)}"

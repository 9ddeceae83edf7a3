"""The sandbox's own page: what has happened, webhooks to send again, things to let go wrong."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.sandbox import deliveries, knobs
from app.sandbox.core import current_sandbox
from app.sandbox.paypal import captures
from app.sandbox.paypal import money as paypal_money
from app.sandbox.paypal.work import CAPTURE, EVENT, ORDER, PayPalWork
from app.sandbox.stripe import money
from app.sandbox.stripe.refusals import Json
from app.sandbox.stripe.work import Work

panel = Blueprint("panel", __name__)

SHOWN_MAX = 20
DECISIONS = ("complete", "deny")
SEE_OTHER, ACCEPTED, MISSING, CONFLICT, UNREADABLE = 303, 202, 404, 409, 422


@dataclass(frozen=True, slots=True)
class Row:
    """An object of the API as a line of a table."""

    body: Json
    at: str
    amount: str = ""
    deliveries: str = ""


@panel.get("/")
def start() -> ResponseReturnValue:
    """Lead to the page."""
    return redirect(url_for("panel.show"))


@panel.get("/healthz")
def is_alive() -> ResponseReturnValue:
    """Answer that the sandbox runs."""
    return {"status": "ok"}


@panel.get("/sandbox")
def show() -> ResponseReturnValue:
    """Show the newest sessions, payments and events, and the knobs."""
    return _page()


@panel.get("/sandbox/knobs")
def show_knobs() -> ResponseReturnValue:
    """Return how the knobs are set."""
    with current_sandbox().storage.transaction() as connection:
        return jsonify(asdict(knobs.read(connection)))


@panel.post("/sandbox/knobs")
def turn_knobs() -> ResponseReturnValue:
    """Turn the knobs that are given, in a form or as a JSON object."""
    sandbox = current_sandbox()
    given = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    try:
        if not isinstance(given, dict):
            raise knobs.KnobRefused("Send a JSON object with the knobs to turn.")
        with sandbox.storage.transaction() as connection:
            turned = knobs.turn(connection, given)
    except knobs.KnobRefused as refused:
        return _refused(str(refused), UNREADABLE)
    sandbox.has_news.set()
    return jsonify(asdict(turned)) if request.is_json else _back()


@panel.post("/sandbox/knobs/reset")
def reset_knobs() -> ResponseReturnValue:
    """Let everything go right again."""
    sandbox = current_sandbox()
    with sandbox.storage.transaction() as connection:
        knobs.reset(connection)
        turned = knobs.read(connection)
    sandbox.has_news.set()
    return _back() if request.mimetype.endswith("form-urlencoded") else jsonify(asdict(turned))


@panel.post("/sandbox/events/<id>/send")
def send_again(id: str) -> ResponseReturnValue:
    """Send a webhook once more, whatever became of it before."""
    sandbox = current_sandbox()
    with sandbox.work() as work:
        event = work.find("event", id) or work.find(EVENT, id)
        if event and not _has_endpoint(event):
            return _refused("No webhooks are sent: SANDBOX_WEBHOOK_URL is not set.", CONFLICT)
        if event:
            deliveries.send_again(work.connection, id, now=sandbox.clock())
    if event is None:
        return _refused(f"There is no event {id}.", MISSING)
    return _back() if request.mimetype.endswith("form-urlencoded") else ({"sent": id}, ACCEPTED)


@panel.post("/sandbox/paypal/captures/<id>/<decision>")
def decide_capture(id: str, decision: str) -> ResponseReturnValue:
    """Let money that was on its way to PayPal arrive (`complete`) or not (`deny`)."""
    if decision not in DECISIONS:
        return _refused(f"Decide one of {', '.join(DECISIONS)}.", UNREADABLE)
    with current_sandbox().paypal_work() as work:
        was_pending = captures.decide(work, id, is_good=decision == "complete")
    if not was_pending:
        return _refused(f"There is no capture {id} on its way.", MISSING)
    return _back() if request.mimetype.endswith("form-urlencoded") else {"decided": decision}


@panel.post("/sandbox/paypal/tokens/take-back")
def take_back_tokens() -> ResponseReturnValue:
    """Let no token for PayPal be good any more, as PayPal may do at any time."""
    current_sandbox().paypal_tokens.take_back()
    return {"taken_back": True}


def _page(*, notice: str = "", status: int = 200) -> ResponseReturnValue:
    sandbox = current_sandbox()
    with sandbox.work() as work:
        turned = knobs.read(work.connection)
        rows = {kind: _rows(work, kind) for kind in ("checkout.session", "charge", "event")}
    page = render_template(
        "sandbox/panel.html",
        knobs=turned,
        modes=knobs.WEBHOOK_MODES,
        notice=notice,
        sessions=rows["checkout.session"],
        charges=rows["charge"],
        events=rows["event"],
        webhook_url=sandbox.settings.webhook_url,
        **_paypal(),
    )
    return page, status


def _rows(work: Work, kind: str) -> list[Row]:
    return [_row(work, body) for body in islice(work.newest(kind), SHOWN_MAX)]


def _row(work: Work, body: Json) -> Row:
    at = datetime.fromtimestamp(body["created"], UTC).strftime("%Y-%m-%d %H:%M:%S")
    if body["object"] == "event":
        found = deliveries.of_event(work.connection, body["id"])
        return Row(body, at, deliveries="; ".join(_said(*delivery) for delivery in found))
    amount = body["amount"] if body["object"] == "charge" else body["amount_total"]
    return Row(body, at, money.written(amount, body["currency"]))


def _paypal() -> dict[str, object]:
    sandbox = current_sandbox()
    with sandbox.paypal_work() as work:
        return {
            "paypal_orders": _paypal_rows(work, ORDER),
            "paypal_captures": _paypal_rows(work, CAPTURE),
            "paypal_events": _paypal_rows(work, EVENT),
            "paypal_webhook_url": sandbox.settings.paypal_webhook_url,
        }


def _paypal_rows(work: PayPalWork, kind: str) -> list[Row]:
    return [_paypal_row(work, body) for body in islice(work.newest(kind), SHOWN_MAX)]


def _paypal_row(work: PayPalWork, body: Json) -> Row:
    at = body["create_time"].replace("T", " ").rstrip("Z")
    if "event_type" in body:
        found = deliveries.of_event(work.connection, body["id"])
        return Row(body, at, deliveries="; ".join(_said(*delivery) for delivery in found))
    amount = body["amount"] if "amount" in body else body["purchase_units"][0]["amount"]
    return Row(body, at, paypal_money.written(amount))


def _has_endpoint(event: Json) -> bool:
    settings = current_sandbox().settings
    return bool(settings.paypal_webhook_url if "event_type" in event else settings.webhook_url)


def _said(state: str, attempts: int, last_answer: str) -> str:
    shown = state.replace("_", " ")
    return f"{shown} ({last_answer}, attempt {attempts})" if attempts else shown


def _refused(message: str, status: int) -> ResponseReturnValue:
    if request.mimetype.endswith("form-urlencoded"):
        return _page(notice=message, status=status)
    return {"error": message}, status


def _back() -> ResponseReturnValue:
    return redirect(url_for("panel.show"), SEE_OTHER)

"""The sandbox's own page: what has happened, webhooks to send again, things to let go wrong."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.sandbox import deliveries, knobs
from app.sandbox.core import current_sandbox
from app.sandbox.paypal import captures
from app.sandbox.paypal import disputes as paypal_disputes
from app.sandbox.paypal import money as paypal_money
from app.sandbox.paypal.refusals import Refusal as PayPalRefusal
from app.sandbox.paypal.work import CAPTURE, DISPUTE, EVENT, ORDER, PayPalWork
from app.sandbox.stripe import disputes, money, paying, refunds
from app.sandbox.stripe.refusals import Json, Refusal, RequestInvalid
from app.sandbox.stripe.work import Work

panel = Blueprint("panel", __name__)

SHOWN_MAX = 20
DECISIONS = ("complete", "deny")
SHOWN = ("checkout.session", "charge", "refund", "dispute", "event")
AMOUNT_LENGTH_MAX = 9
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


@panel.post("/sandbox/paypal/captures/<id>/dispute")
def contest_capture(id: str) -> ResponseReturnValue:
    """Let the buyer contest a capture at PayPal: some of it, or all that is left."""

    def contest(work: PayPalWork, capture: Json) -> None:
        amount = request.form.get("amount", "").strip()
        paypal_disputes.begin(work, capture, cents=_whole(amount) if amount else None)

    return _act_at_paypal(CAPTURE, id, contest)


@panel.post("/sandbox/paypal/disputes/<id>/<any(review, won, lost, payout, cancel):act>")
def act_on_dispute(id: str, act: str) -> ResponseReturnValue:
    """Let PayPal look into a dispute or decide it, or the buyer give it up."""
    if act == "review":
        return _act_at_paypal(DISPUTE, id, paypal_disputes.review)
    return _act_at_paypal(DISPUTE, id, lambda work, body: paypal_disputes.decide(work, body, act))


@panel.post("/sandbox/paypal/tokens/take-back")
def take_back_tokens() -> ResponseReturnValue:
    """Let no token for PayPal be good any more, as PayPal may do at any time."""
    current_sandbox().paypal_tokens.take_back()
    return {"taken_back": True}


@panel.post("/sandbox/charges/<id>/refund")
def refund(id: str) -> ResponseReturnValue:
    """Give back some of a charge, or all of it, as a merchant does in the dashboard."""

    def give_back(work: Work, charge: Json) -> None:
        amount = request.form.get("amount", "").strip()
        params: Json = {"amount": _whole(amount)} if amount else {}
        refunds.add(work, charge, params | {"reason": "requested_by_customer"})

    return _act("charge", id, give_back)


@panel.post("/sandbox/sessions/<id>/<any(arrive, fail):outcome>")
def end_payment(id: str, outcome: str) -> ResponseReturnValue:
    """Let money that takes its time come, or not."""
    act = paying.arrive if outcome == "arrive" else paying.fall_through
    return _act("checkout.session", id, act)


@panel.post("/sandbox/charges/<id>/dispute")
def contest(id: str) -> ResponseReturnValue:
    """Let the card's holder contest a charge at his bank."""
    return _act("charge", id, disputes.begin)


@panel.post("/sandbox/disputes/<id>/<any(won, lost):decision>")
def decide(id: str, decision: str) -> ResponseReturnValue:
    """Let the bank decide a dispute."""
    return _act("dispute", id, lambda work, body: disputes.decide(work, body, decision))


@panel.post("/sandbox/refunds/<id>/arrive")
def arrive(id: str) -> ResponseReturnValue:
    """Let a slow refund arrive."""
    return _act("refund", id, refunds.arrive)


@panel.post("/sandbox/refunds/<id>/bounce")
def bounce(id: str) -> ResponseReturnValue:
    """Let a refund come back from the customer's bank."""
    return _act("refund", id, refunds.bounce)


def _act(kind: str, id: str, act: Callable[[Work, Json], object]) -> ResponseReturnValue:
    """Do something to an object, or say why that cannot be done."""
    try:
        with current_sandbox().work() as work:
            act(work, work.addressed(kind, id))
    except Refusal as refusal:
        return _refused(str(refusal), refusal.status)
    return _done(id)


def _act_at_paypal(
    kind: str, id: str, act: Callable[[PayPalWork, Json], object]
) -> ResponseReturnValue:
    """Do something to an object of PayPal's, or say why that cannot be done."""
    try:
        with current_sandbox().paypal_work() as work:
            act(work, work.addressed(kind, id))
    except (Refusal, PayPalRefusal) as refusal:
        return _refused(str(refusal), refusal.status)
    return _done(id)


def _done(id: str) -> ResponseReturnValue:
    return _back() if request.mimetype.endswith("form-urlencoded") else ({"done": id}, ACCEPTED)


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > AMOUNT_LENGTH_MAX:
        raise RequestInvalid(f"Invalid integer: {text}", param="amount")
    return int(text)


def _page(*, notice: str = "", status: int = 200) -> ResponseReturnValue:
    sandbox = current_sandbox()
    with sandbox.work() as work:
        knobs_set = knobs.read(work.connection)
        rows = {kind: _rows(work, kind) for kind in SHOWN}
    page = render_template(
        "sandbox/panel.html",
        knobs=knobs_set,
        modes=knobs.WEBHOOK_MODES,
        notice=notice,
        sessions=rows["checkout.session"],
        charges=rows["charge"],
        refunds=rows["refund"],
        disputes=rows["dispute"],
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
    amount = body["amount_total"] if body["object"] == "checkout.session" else body["amount"]
    # A page that only saves a card takes nothing.
    return Row(body, at, "–" if amount is None else money.written(amount, body["currency"]))


def _paypal() -> dict[str, object]:
    sandbox = current_sandbox()
    with sandbox.paypal_work() as work:
        return {
            "paypal_orders": _paypal_rows(work, ORDER),
            "paypal_captures": _paypal_rows(work, CAPTURE),
            "paypal_disputes": _paypal_rows(work, DISPUTE),
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
    amount = body.get("amount") or body.get("dispute_amount")
    amount = amount or body["purchase_units"][0]["amount"]
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

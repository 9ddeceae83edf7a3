"""The page on which a customer pays: a card form, and the bank's question if there is one."""

from dataclasses import dataclass

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.sandbox.core import current_sandbox
from app.sandbox.guarding import allow_form_to_lead_to
from app.sandbox.stripe import card_form, checkout_sessions, money, paying
from app.sandbox.stripe.card_form import CardForm
from app.sandbox.stripe.cards import BY_NUMBER, CARDS
from app.sandbox.stripe.refusals import CardDeclined, Json
from app.sandbox.stripe.work import Work

hosted_page = Blueprint("hosted_page", __name__, url_prefix="/c/pay")

SEE_OTHER, DECLINED, MISSING, GONE, UNREADABLE = 303, 402, 404, 410, 422


class SessionClosed(Exception):
    """Nothing can be paid here, or not any more."""

    def __init__(self, session: Json | None) -> None:
        super().__init__()
        self.session = session


@dataclass(frozen=True, slots=True)
class Visit:
    """What the page shows of an open session."""

    session: Json
    total: str
    items: list[Json]
    # Known from the customer or the session; then nobody has to type it.
    email: str
    saves_card: bool
    # It only saves the card, and takes no money.
    is_setup: bool


@hosted_page.get("/<id>")
def show(id: str) -> ResponseReturnValue:
    """Show the form, filled with a test card if one was chosen."""
    with current_sandbox().work() as work:
        visit = _visit(work, _open_session(work, id))
    card = BY_NUMBER.get(request.args.get("card", ""))
    if card:
        return _page(visit, card_form.filled_form(card, email=visit.email))
    return _page(visit, card_form.empty_form(email=visit.email))


@hosted_page.post("/<id>")
def pay(id: str) -> ResponseReturnValue:
    """Charge the card, or say on the page why not; the session stays open then."""
    ask_at = url_for("hosted_page.show_question", id=id, _external=True)
    with current_sandbox().work() as work:
        session = _open_session(work, id)
        visit = _visit(work, session)
        form = card_form.read_form(request.form, email=visit.email, now=work.now)
        if form.card is None:
            return _page(visit, form, status=UNREADABLE)
        try:
            paying.pay(work, session, form.card, form, ask_at=ask_at)
        except CardDeclined as declined:
            return _page(visit, form, declined=str(declined), status=DECLINED)
    if session["status"] == "complete":
        return _to_success(session)
    return redirect(ask_at, SEE_OTHER)


@hosted_page.get("/<id>/bank")
def show_question(id: str) -> ResponseReturnValue:
    """Show what the bank asks."""
    with current_sandbox().work() as work:
        session = _open_session(work, id)
        visit = _visit(work, session)
        if paying.asks_bank(work, session) is None:
            return redirect(url_for("hosted_page.show", id=id), SEE_OTHER)
    return _leading_on(visit, render_template("sandbox/bank.html", visit=visit))


@hosted_page.post("/<id>/bank")
def answer_question(id: str) -> ResponseReturnValue:
    """Take the holder's answer: paid, or back to the form."""
    with current_sandbox().work() as work:
        session = _open_session(work, id)
        visit = _visit(work, session)
        intent = paying.asks_bank(work, session)
        if intent is None:
            return redirect(url_for("hosted_page.show", id=id), SEE_OTHER)
        if request.form.get("answer") == "confirm":
            paying.confirm_at_bank(work, session, intent)
            return _to_success(session)
        try:
            paying.refuse_at_bank(work, session, intent)
        except CardDeclined as declined:
            form = card_form.empty_form(email=visit.email)
            return _page(visit, form, declined=str(declined), status=DECLINED)


@hosted_page.errorhandler(SessionClosed)
def show_closed(closed: SessionClosed) -> ResponseReturnValue:
    """Lead on from a session that is paid; say what has become of the others."""
    session = closed.session
    if session and session["status"] == "complete":
        return _to_success(session)
    page = render_template("sandbox/closed.html", session=session)
    return page, GONE if session else MISSING


def _open_session(work: Work, id: str) -> Json:
    session = work.find("checkout.session", id)
    if session is None or session["status"] != "open":
        raise SessionClosed(session)
    return session


def _visit(work: Work, session: Json) -> Visit:
    hidden = work.hidden(session["id"])
    customer = work.find("customer", session["customer"] or "")
    currency = session["currency"]
    items = [
        {
            "name": item["description"],
            "quantity": item["quantity"],
            "each": money.written(item["price"]["unit_amount"], currency),
            "amount": money.written(item["amount_total"], currency),
        }
        for item in hidden["line_items"]
    ]
    is_setup = checkout_sessions.is_setup(session)
    return Visit(
        session=session,
        total="" if is_setup else money.written(session["amount_total"], currency),
        items=items,
        email=(customer and customer["email"]) or session["customer_email"] or "",
        saves_card=is_setup or "setup_future_usage" in hidden["payment_intent_data"],
        is_setup=is_setup,
    )


def _page(visit: Visit, form: CardForm, *, declined: str = "", status: int = 200) -> Response:
    # What is saved first and declined later is declined at once where it is to pay, like others.
    cards = [card for card in CARDS if visit.is_setup or not (card.decline and card.can_be_saved)]
    page = render_template(
        "sandbox/checkout.html", visit=visit, form=form, declined=declined, cards=cards
    )
    return _leading_on(visit, page, status=status)


def _leading_on(visit: Visit, page: str, *, status: int = 200) -> Response:
    response = make_response(page, status)
    allow_form_to_lead_to(response, visit.session["success_url"])
    return response


def _to_success(session: Json) -> ResponseReturnValue:
    url = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
    return redirect(url, SEE_OTHER)

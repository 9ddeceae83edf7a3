"""Attempts to pay, of all customers: looking for them, and sending money back."""

from flask import Blueprint, Response, redirect, url_for
from flask.typing import ResponseReturnValue
from wtforms import Field

from app.domain.accounts.errors import ReasonInvalid
from app.domain.accounts.rules import check_reason
from app.domain.payments import searching
from app.domain.payments.errors import (
    PaymentNotRefundable,
    RefundedMeanwhile,
    RefundTooLarge,
    TokensAlreadyUsed,
)
from app.domain.payments.files import payment_file
from app.domain.payments.searching import Choice
from app.entrypoints.queueing import nudge
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.operator.desk import (
    ROWS_PER_PAGE,
    actor,
    choice_asked,
    people_of,
    show,
    text_asked,
)
from app.entrypoints.web.operator.forms import RefundForm
from app.entrypoints.web.operator.telling import tell
from app.entrypoints.web.page_numbers import row_before
from app.entrypoints.web.signing_in import signed_in_transaction
from app.foundation import clock
from app.foundation.errors import DomainError
from app.foundation.figures import usd_of_minor
from app.foundation.sentences import say
from app.workflows.preview_refund import RefundPreview, preview_refund
from app.workflows.request_refund import request_refund

pages = Blueprint("payments", __name__)


@pages.get("/payments")
def index() -> ResponseReturnValue:
    """Show the newest attempts, or those that were chosen and asked for."""
    choice, query = choice_asked(Choice, "show", Choice.ALL), text_asked("query")
    before = row_before()
    found = searching.payments_found(
        choice=choice, query=query, now=clock.now(), limit=ROWS_PER_PAGE, before=before
    )
    return show(
        "web/operator/payments/index.html",
        "web/operator/payments/_payments.html",
        found=found,
        people=people_of(found.rows),
        choice=choice,
        query=query,
        before=before,
    )


@pages.get("/payments/<payment_id>")
def show_payment(payment_id: str) -> ResponseReturnValue:
    """Show all that is known of an attempt."""
    return _payment(payment_id, RefundForm(formdata=None))


@pages.post("/payments/<payment_id>/refund")
def refund(payment_id: str) -> ResponseReturnValue:
    """Say what a refund would take along; once that is confirmed, ask for it."""
    form, preview = RefundForm(), None
    if form.validate():
        with refusals_shown_on(_fields(form)):
            if form.confirmed.data is not None:
                return _refunded(payment_id, form)
            preview = _previewed(payment_id, form)
    return _payment(payment_id, form, preview=preview)


def _refunded(payment_id: str, form: RefundForm) -> ResponseReturnValue:
    reason, now = form.reason.data or "", clock.now()
    with signed_in_transaction():
        asked = request_refund(
            payment_id,
            amount_minor=form.amount.data,
            reason=reason,
            actor=actor(),
            now=now,
            after_refunds=form.confirmed.data,
        )
    nudge()
    said = {"amount": usd_of_minor(asked.amount_minor), "refund": asked.id}
    tell(say("{amount} go back: refund {refund}.", said))
    return redirect(url_for(".show_payment", payment_id=payment_id), 303)


def _previewed(payment_id: str, form: RefundForm) -> RefundPreview:
    check_reason(form.reason.data or "")
    with signed_in_transaction():
        return preview_refund(payment_id, amount_minor=form.amount.data, now=clock.now())


def _fields(form: RefundForm) -> dict[type[DomainError], Field]:
    return {
        ReasonInvalid: form.reason,
        PaymentNotRefundable: form.amount,
        RefundTooLarge: form.amount,
        TokensAlreadyUsed: form.amount,
        RefundedMeanwhile: form.amount,
    }


def _payment(
    payment_id: str, form: RefundForm, *, preview: RefundPreview | None = None
) -> Response:
    file = payment_file(payment_id)
    return show(
        "web/operator/payments/show.html",
        "web/operator/payments/_payment.html",
        status=422 if form.errors else 200,
        file=file,
        people=people_of([file.payment]),
        form=form,
        preview=preview,
    )

"""What the operator does about an invoice that went out; issued ones never change."""

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from app.domain.accounts.errors import ReasonInvalid
from app.domain.invoices import queries
from app.domain.invoices.errors import CreditTooLarge, InvoiceNotCreditable, InvoiceNotVoidable
from app.domain.invoices.rules import InvoiceStatus
from app.entrypoints.queueing import nudge
from app.entrypoints.selling import seller
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.forms import SentForm
from app.entrypoints.web.once import FormSentTwice, check_first_time
from app.entrypoints.web.operator.asking import Question, ask
from app.entrypoints.web.operator.desk import actor
from app.entrypoints.web.operator.forms import CreditForm, ReasonForm
from app.entrypoints.web.signing_in import signed_in_transaction
from app.foundation import clock
from app.foundation.figures import usd_of_minor
from app.foundation.sentences import say
from app.workflows.credit_invoice import credit_invoice, creditable_minor
from app.workflows.replace_invoice import replace_invoice
from app.workflows.void_invoice import void_invoice

ON_REASON = (ReasonInvalid, InvoiceNotVoidable)
ON_AMOUNT = (CreditTooLarge, InvoiceNotCreditable, FormSentTwice)

# What follows from each act.
VOIDING = (
    say("The customer has nothing to pay any more; what was billed is forgiven."),
    say(
        "Coupons and account credit that it used come back to the customer."
        " Open payment pages are closed."
    ),
    say("To bill the same anew, with what is right today, replace it instead."),
)
REPLACING = (
    say("This invoice becomes void, and a new one with the same lines is issued and mailed."),
    say("Addresses, tax, coupons and account credit are those of now; it is due anew."),
)
CREDITING = (
    say("A credit note is issued and the customer is told by mail."),
    say("No money moves: the amount becomes account credit, which the next invoices use first."),
    say("To send money back instead, refund the payment."),
)

pages = Blueprint("invoice_changes", __name__)


@pages.route("/invoices/<reference>/void", methods=["GET", "POST"])
def void(reference: str) -> ResponseReturnValue:
    """Forgive an unpaid invoice."""
    form, number = ReasonForm(), _number(reference)
    if form.validate_on_submit():
        with refusals_shown_on(dict.fromkeys(ON_REASON, form.reason)), signed_in_transaction():
            reason = form.reason.data or ""
            void_invoice(reference, reason=reason, actor=actor(), now=clock.now())
    title = say("Void {invoice}", {"invoice": number})
    return _ask(title, VOIDING, say("Void it"), form, number, is_bad=True)


@pages.route("/invoices/<reference>/replace", methods=["GET", "POST"])
def replace(reference: str) -> ResponseReturnValue:
    """Void an unpaid invoice and bill the same lines anew."""
    form, number = ReasonForm(), _number(reference)
    if form.validate_on_submit():
        with refusals_shown_on(dict.fromkeys(ON_REASON, form.reason)), signed_in_transaction():
            reason, now = form.reason.data or "", clock.now()
            replace_invoice(reference, reason=reason, seller=seller(), actor=actor(), now=now)
    title = say("Replace {invoice}", {"invoice": number})
    return _ask(title, REPLACING, say("Replace it"), form, number)


@pages.route("/invoices/<reference>/credit", methods=["GET", "POST"])
def credit(reference: str) -> ResponseReturnValue:
    """Take some of a paid invoice back, as account credit."""
    form, number, consequences = CreditForm(), _number(reference), _of_credit(reference)
    if form.validate_on_submit():
        on_amount = dict.fromkeys(ON_AMOUNT, form.amount)
        with refusals_shown_on({ReasonInvalid: form.reason, **on_amount}), signed_in_transaction():
            minor, reason, now = form.amount.data or 0, form.reason.data or "", clock.now()
            check_first_time(form)
            credit_invoice(reference, amount_minor=minor, reason=reason, actor=actor(), now=now)
    title = say("Credit some of {invoice}", {"invoice": number})
    return _ask(title, consequences, say("Credit it"), form, number)


def _of_credit(reference: str) -> tuple[str, ...]:
    invoice = queries.issued_invoice(reference)
    if invoice.status != InvoiceStatus.PAID:
        return CREDITING
    most = {"most": usd_of_minor(creditable_minor(invoice))}
    return (*CREDITING, say("At most {most} of this invoice can be credited.", most))


def _number(reference: str) -> str:
    return queries.issued_invoice(reference).invoice_number or reference


def _ask(
    title: str,
    consequences: tuple[str, ...],
    button: str,
    form: SentForm,
    number: str,
    *,
    is_bad: bool = False,
) -> ResponseReturnValue:
    question = Question(
        title=title,
        consequences=consequences,
        button=button,
        back=url_for("web.operator.invoices.show_invoice", reference=number),
        done=say("It is done, and noted in the journal."),
        is_bad=is_bad,
    )
    if form.is_submitted() and not form.errors:
        nudge()
    return ask(question, form)

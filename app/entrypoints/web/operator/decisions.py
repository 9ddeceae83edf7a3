"""What the operator decides about a customer: each is asked about first, and noted."""

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Field

from app.domain.accounts import email_changes, operations, queries, standing
from app.domain.accounts.errors import (
    CreditLimitInvalid,
    DeletionAsked,
    DeletionNotAsked,
    EmailChangeNotWaiting,
    EmailTaken,
    InvoicesUnpaid,
    ReasonInvalid,
)
from app.domain.accounts.models import Account
from app.domain.accounts.rules import check_reason
from app.domain.subscriptions.errors import ChangeInProgress
from app.domain.tokens.errors import AdjustmentInvalid, TokensMissing
from app.entrypoints.sealing import seal
from app.entrypoints.settings import credit_limits, renewal_grace
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.forms import SentForm
from app.entrypoints.web.once import FormSentTwice, check_first_time
from app.entrypoints.web.operator.asking import Question, ask
from app.entrypoints.web.operator.desk import actor, local
from app.entrypoints.web.operator.forms import (
    CreditLimitForm,
    ReasonForm,
    ReleaseForm,
    SeenConfirmForm,
    SeenReasonForm,
    TokensForm,
)
from app.entrypoints.web.operator.sending import QuestionChanged, check_seen
from app.entrypoints.web.showing import country_called
from app.entrypoints.web.shown_values import catch_up
from app.entrypoints.web.signing_in import (
    ask_for_password,
    has_fresh_password,
    signed_in_transaction,
)
from app.entrypoints.web.typed import wrong_fields_shown_on
from app.foundation import clock
from app.foundation.errors import DomainError
from app.foundation.figures import usd_of_minor
from app.foundation.sentences import Day, Sentence, say, say_count
from app.workflows.adjust_tokens import adjust_tokens
from app.workflows.confirm_email_change import confirm_for_old_address
from app.workflows.delete_account import delete_account, keep_account

ON_DELETION = (ReasonInvalid, InvoicesUnpaid, DeletionAsked, DeletionNotAsked, ChangeInProgress)
ON_EMAIL = (ReasonInvalid, EmailChangeNotWaiting, EmailTaken)
ON_TOKENS = (AdjustmentInvalid, TokensMissing, FormSentTwice)

DONE = say("It is done, and noted in the journal.")
UNCHANGED = say("Nothing has changed: so it was already.")
# What follows from each decision.
SUSPENDING = (
    say("The gateway is told to refuse every request of the customer’s, from now on."),
    say("It stays so until an operator lifts it: paying what is owed does not."),
    say("The plan, invoices and automatic top-up go on as before."),
)
RESUMING = (
    say("The gateway is told to serve the customer again, whatever the suspension was for."),
    say("Invoices that are overdue for seven days, and limits, may still stop requests."),
)
DELETING = (
    say("Only at the customer’s own request: say in the reason how you know who asked."),
    say(
        "The customer is told by mail, and can keep the account for 14 days;"
        " until then everything goes on."
    ),
    say("Then it is erased, once nothing is owed. Invoices and payments stay as they are."),
)
RELEASING = (
    say("Only for who has lost the old mailbox: say in the reason how you know who asks."),
    say("Both addresses are told, with your reason. The old one can undo it for 14 days."),
)
KEEPING = (say("The account is not deleted. A plan that was cancelled with it is renewed again."),)

pages = Blueprint("decisions", __name__)


@pages.before_request
def _only_the_operator_himself() -> ResponseReturnValue | None:
    # What is erased is gone, and whose address changes may lose his account: nobody who finds a
    # browser open may have that done.
    grave = {f"{request.blueprint}.{name}" for name in ("delete", "confirm_email")}
    if request.endpoint not in grave or has_fresh_password():
        return None
    return ask_for_password(request.path)


@pages.route("/customers/<user_id>/suspend", methods=["GET", "POST"])
def suspend(user_id: str) -> ResponseReturnValue:
    """Have the gateway told to refuse a customer."""
    form, customer, done = SeenReasonForm(), _known(user_id), DONE
    told = _of_suspending(customer)
    if form.validate_on_submit():
        with refusals_shown_on(_on_standing(form)), signed_in_transaction():
            account = standing.lock_customer(user_id)
            check_seen(form, _of_suspending(account))
            done = UNCHANGED if account.suspended_because == standing.BY_OPERATOR else DONE
            standing.suspend(account, reason=form.reason.data or "", actor=actor(), now=clock.now())
    title = say("Suspend {customer}", {"customer": _called(customer)})
    return _ask(title, told, say("Suspend"), form, customer, is_bad=True, done=done)


@pages.route("/customers/<user_id>/resume", methods=["GET", "POST"])
def resume(user_id: str) -> ResponseReturnValue:
    """Let a suspended customer go on."""
    form, customer, done = SeenReasonForm(), _known(user_id), DONE
    told = _of_resuming(customer)
    if form.validate_on_submit():
        with refusals_shown_on(_on_standing(form)), signed_in_transaction():
            account = standing.lock_customer(user_id)
            check_seen(form, _of_resuming(account))
            done = UNCHANGED if account.suspended_because is None else DONE
            standing.resume(account, reason=form.reason.data or "", actor=actor(), now=clock.now())
    title = say("Lift the suspension of {customer}", {"customer": _called(customer)})
    return _ask(title, told, say("Lift the suspension"), form, customer, done=done)


@pages.route("/customers/<user_id>/credit-limit", methods=["GET", "POST"])
def credit_limit(user_id: str) -> ResponseReturnValue:
    """Set how much a customer may owe."""
    customer = _known(user_id)
    form, done = CreditLimitForm(data={"credit_limit": customer.credit_limit_minor}), DONE
    if form.validate_on_submit():
        refusals = refusals_shown_on({CreditLimitInvalid: form.credit_limit})
        with refusals, wrong_fields_shown_on(form), signed_in_transaction():
            done = _set_limit(form, standing.lock_customer(user_id))
    title = say("What {customer} may owe", {"customer": _called(customer)})
    return _ask(title, _of_limit(), say("Set the limit"), form, customer, done=done)


@pages.route("/customers/<user_id>/tax-id", methods=["GET", "POST"])
def approve_tax_id(user_id: str) -> ResponseReturnValue:
    """Note that a customer's tax id was checked."""
    form, customer = SeenConfirmForm(), _known(user_id)
    told = _of_approval(customer)
    if form.validate_on_submit():
        with refusals_shown_on({QuestionChanged: form.seen}), signed_in_transaction():
            account = standing.lock_customer(user_id)
            check_seen(form, _of_approval(account))
            operations.approve_tax_id(account, actor=actor(), now=clock.now())
    title = say("Approve the tax id of {customer}", {"customer": _called(customer)})
    return _ask(title, told, say("Approve"), form, customer)


@pages.route("/customers/<user_id>/adjust-tokens", methods=["GET", "POST"])
def adjust(user_id: str) -> ResponseReturnValue:
    """Give a customer extra tokens, or take some away."""
    form, customer = TokensForm(), _known(user_id)
    if form.validate_on_submit():
        fields = {ReasonInvalid: form.reason, **dict.fromkeys(ON_TOKENS, form.tokens)}
        tokens, reason = form.tokens.data, form.reason.data or ""
        with refusals_shown_on(fields), signed_in_transaction():
            check_first_time(form)
            adjust_tokens(user_id, tokens, reason=reason, actor=actor(), now=clock.now())
    title = say("Adjust the tokens of {customer}", {"customer": _called(customer)})
    return _ask(title, _of_adjustment(customer), say("Adjust"), form, customer)


@pages.route("/customers/<user_id>/delete", methods=["GET", "POST"])
def delete(user_id: str) -> ResponseReturnValue:
    """Have a customer's account deleted, at his request."""
    form, customer = ReasonForm(), _known(user_id)
    if form.validate_on_submit():
        with refusals_shown_on(dict.fromkeys(ON_DELETION, form.reason)), signed_in_transaction():
            details = {"reason": check_reason(form.reason.data or "")}
            account = standing.lock_customer(user_id)
            delete_account(
                account, actor=actor(), details=details, grace=renewal_grace(), now=clock.now()
            )
    title = say("Delete {customer}", {"customer": _called(customer)})
    return _ask(title, DELETING, say("Delete"), form, customer, is_bad=True)


@pages.route("/customers/<user_id>/confirm-email", methods=["GET", "POST"])
def confirm_email(user_id: str) -> ResponseReturnValue:
    """Confirm another address for a customer who has lost the mailbox of the old one."""
    form, customer = ReleaseForm(), _known(user_id)
    if form.validate_on_submit():
        with refusals_shown_on(dict.fromkeys(ON_EMAIL, form.reason)), signed_in_transaction():
            confirm_for_old_address(
                customer,
                email=form.email.data or "",
                reason=check_reason(form.reason.data or ""),
                actor=actor(),
                seal=seal(),
                now=clock.now(),
            )
    title = say("Confirm for the old address of {customer}", {"customer": _called(customer)})
    return _ask(title, _of_release(customer, form), say("Confirm"), form, customer, is_bad=True)


@pages.route("/customers/<user_id>/keep", methods=["GET", "POST"])
def keep(user_id: str) -> ResponseReturnValue:
    """Keep a customer's account that was to be deleted."""
    form, customer = ReasonForm(), _known(user_id)
    if form.validate_on_submit():
        with refusals_shown_on(dict.fromkeys(ON_DELETION, form.reason)), signed_in_transaction():
            details = {"reason": check_reason(form.reason.data or "")}
            account = standing.lock_customer(user_id)
            keep_account(
                account, actor=actor(), details=details, grace=renewal_grace(), now=clock.now()
            )
    title = say("Keep {customer}", {"customer": _called(customer)})
    return _ask(title, KEEPING, say("Keep the account"), form, customer)


def _on_standing(form: SeenReasonForm) -> dict[type[DomainError], Field]:
    return {ReasonInvalid: form.reason, QuestionChanged: form.seen}


def _of_suspending(customer: Account) -> tuple[str, ...]:
    because = customer.suspended_because
    return SUSPENDING if because is None else (_stands(customer, because), *SUSPENDING)


def _of_resuming(customer: Account) -> tuple[str, ...]:
    because = customer.suspended_because
    return RESUMING if because is None else (_stands(customer, because), *RESUMING)


def _stands(customer: Account, because: str) -> str:
    since = {"day": Day(customer.suspended_at or customer.updated_at, local())}
    if because == standing.BY_OPERATOR:
        return say("An operator has suspended the customer, on {day}.", since)
    return say("The customer is suspended for an overdue invoice since {day}.", since)


def _set_limit(form: CreditLimitForm, account: Account) -> Sentence:
    """Set what is typed, and return what was done. Raises ChangedMeanwhile."""
    before = account.credit_limit_minor
    catch_up(form, CreditLimitForm(formdata=None, data={"credit_limit": before}))
    if form.credit_limit.data == before:
        return UNCHANGED
    standing.set_credit_limit(account, form.credit_limit.data, actor=actor(), now=clock.now())
    return DONE


def _of_limit() -> tuple[str, ...]:
    limits = credit_limits()
    return (
        say(
            "Usage that is not invoiced and invoices that are not paid count towards it. Beyond it,"
            " the gateway is told to refuse requests; what happens all the same is billed."
        ),
        say(
            "The usual limit is {new} until a first payment, then {settled},"
            " and nothing during a dispute.",
            {"new": usd_of_minor(limits.new_minor), "settled": usd_of_minor(limits.settled_minor)},
        ),
    )


def _of_release(customer: Account, form: ReleaseForm) -> tuple[str, ...]:
    """Tell of the address that is wanted now, which is the one that the button confirms."""
    change = email_changes.pending(customer, now=clock.now())
    form.email.data = "" if change is None else change.email
    if change is None:
        return RELEASING
    named = {"new": change.email, "old": customer.email}
    signs_in = say("The customer signs in with {new} from now on, no longer with {old}.", named)
    return (*RELEASING, signs_in)


def _of_approval(customer: Account) -> tuple[str, ...]:
    chosen = queries.settings_view(customer)
    named = {
        "tax_id": chosen.tax_id or say("the id"),
        "country": country_called(chosen.country or "") or say("the country given"),
    }
    return (
        say("You have checked {tax_id} of {country} with its authority.", named),
        say("Invoices issued from now on may reverse the charge: then they carry no tax."),
        say("The approval ends when the customer changes the tax id or the country."),
    )


def _of_adjustment(customer: Account) -> tuple[str, ...]:
    return (
        say_count(
            "There is one extra token now. What you give is drawn first, never expires,"
            " and is not refunded.",
            "There are {number:,} extra tokens now. What you give is drawn first, never expires,"
            " and is not refunded.",
            customer.extra_tokens,
        ),
        say("No money moves. The customer reads the reason in the ledger."),
    )


def _called(customer: Account) -> str:
    """Return who it is: ids alone are easily mixed up."""
    return f"{customer.name or customer.email} ({customer.id})"


def _known(user_id: str) -> Account:
    """Return the customer's account. Raises UnknownAccount, for operators too."""
    account, _ = queries.customer_with_settings(user_id)
    return account


def _ask(
    title: str,
    consequences: tuple[str, ...],
    button: str,
    form: SentForm,
    customer: Account,
    *,
    is_bad: bool = False,
    done: Sentence = DONE,
) -> ResponseReturnValue:
    question = Question(
        title=title,
        consequences=consequences,
        button=button,
        back=url_for("web.operator.customers.show_customer", user_id=customer.id),
        done=done,
        is_bad=is_bad,
    )
    return ask(question, form)

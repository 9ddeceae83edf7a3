"""Pages behind links in mails: verify an address, undo its change, choose another password.

Opening a link changes nothing, since mail programs open links by themselves: a button does.
"""

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.domain.accounts import email_changes, mail_tokens, queries, sessions
from app.domain.accounts.email_changes import ENDS, End
from app.domain.accounts.errors import PASSWORD_REFUSALS, LinkInvalid
from app.domain.accounts.mail_tokens import Link, Purpose
from app.entrypoints.queueing import nudge
from app.entrypoints.sealing import seal
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.forms import ForgottenForm, NewPasswordForm
from app.entrypoints.web.responding import flash_words
from app.entrypoints.web.signing_in import is_signed_in
from app.entrypoints.web.tries import ask_for_link, has_signed_in
from app.entrypoints.web.visitors import device_token, visitor
from app.foundation import clock
from app.foundation.database import transaction
from app.foundation.sentences import say
from app.workflows.confirm_email_change import confirm_email_change, undo_email_change
from app.workflows.reset_password import ask_for_reset, reset_password
from app.workflows.verify_email import verify_email

PASSWORD_HOLDS = say("Your new password holds. Everybody was signed out; sign in with it now.")

pages = Blueprint("links", __name__)


@pages.get("/forgot")
def show_forgotten() -> ResponseReturnValue:
    """Ask for the address."""
    return render_template("web/links/forgot.html", form=ForgottenForm(), is_sent=False)


@pages.post("/forgot")
def send_reset() -> ResponseReturnValue:
    """Promise a mail, in the same words whether anybody has the address."""
    form = ForgottenForm()
    if not form.validate():
        page = render_template("web/links/forgot.html", form=form, is_sent=False)
        return make_response(page, 422)
    ask_for_link()
    with transaction():
        ask_for_reset(form.email.data or "", visitor=visitor(), now=clock.now())
    nudge()
    return render_template("web/links/forgot.html", form=form, is_sent=True)


@pages.get("/reset/<token>")
def show_reset(token: str) -> ResponseReturnValue:
    """Show the form for another password."""
    link = mail_tokens.find(token, {Purpose.RESET_PASSWORD}, now=clock.now())
    return _reset_page(NewPasswordForm(), link)


@pages.post("/reset/<token>")
def reset(token: str) -> ResponseReturnValue:
    """Set the password, or say at the field why not."""
    form, now = NewPasswordForm(), clock.now()
    link = mail_tokens.find(token, {Purpose.RESET_PASSWORD}, now=now)
    if form.validate():
        with refusals_shown_on(dict.fromkeys(PASSWORD_REFUSALS, form.password)):
            with transaction():
                password = form.password.data or ""
                account = reset_password(token, password, visitor=visitor(), now=now)
                # Who reads the account's mails is its owner, and so is this browser.
                sessions.note_device(account, device_token(), now=now)
            has_signed_in(account.email)
            nudge()
            flash_words(PASSWORD_HOLDS)
            return redirect(url_for("web.access.show_sign_in"), 303)
    return _reset_page(form, link)


@pages.get("/verify/<token>")
def show_verification(token: str) -> ResponseReturnValue:
    """Show which address is to be verified, or what its end of a change has to confirm."""
    link = _verifiable(token)
    if link.purpose not in ENDS:
        return render_template("web/links/verify.html", link=link)
    account, now = queries.account_in_use(link.user_id), clock.now()
    change = email_changes.waiting_for_link(account, link, now=now)
    return render_template("web/links/confirm.html", change=change, end=ENDS[link.purpose])


@pages.post("/verify/<token>")
def verify(token: str) -> ResponseReturnValue:
    """Note that the address is read, or that its end of a change confirms."""
    is_of_change = _verifiable(token).purpose in ENDS
    flash_words(_confirmed(token) if is_of_change else _verified(token))
    to = "web.security.index" if is_signed_in() else "web.access.show_sign_in"
    return redirect(url_for(to), 303)


@pages.get("/undo/<token>")
def show_undo(token: str) -> ResponseReturnValue:
    """Show which address would be back."""
    link = mail_tokens.find(token, {Purpose.UNDO_EMAIL}, now=clock.now())
    return render_template("web/links/undo.html", link=link, token=token)


@pages.post("/undo/<token>")
def undo(token: str) -> ResponseReturnValue:
    """Bring the old address back, and go on to another password."""
    with transaction():
        next_token = undo_email_change(token, visitor=visitor(), now=clock.now())
    return redirect(url_for(".show_reset", token=next_token), 303)


@pages.errorhandler(LinkInvalid)
def show_invalid(error: LinkInvalid) -> ResponseReturnValue:
    """Say what to do about a link that no longer works."""
    return render_template("web/links/invalid.html", message=error.message), 404


def _verifiable(token: str) -> Link:
    return mail_tokens.find(token, {Purpose.VERIFY_EMAIL, *ENDS}, now=clock.now())


def _verified(token: str) -> str:
    with transaction():
        account = verify_email(token, visitor=visitor(), now=clock.now())
    return say("{email} is verified.", {"email": account.email})


def _confirmed(token: str) -> str:
    with transaction():
        done = confirm_email_change(token, seal=seal(), visitor=visitor(), now=clock.now())
    nudge()
    if done.left is None:
        return say("{email} is the account’s mail address now.", {"email": done.email})
    end = End.NEW if done.left.waits_for_new else End.OLD
    return say(
        "Confirmed. The address changes once {email} has confirmed, too.",
        {"email": done.left.address(end)},
    )


def _reset_page(form: NewPasswordForm, link: Link) -> Response:
    page = render_template("web/links/reset.html", form=form, link=link)
    return make_response(page, 422 if form.errors else 200)

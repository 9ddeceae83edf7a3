"""Pages in front of the door: register, sign in, sign out."""

from typing import NamedTuple

from flask import (
    Blueprint,
    Response,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from wtforms import Field

from app.domain.accounts import factors, operations, security_journal
from app.domain.accounts.errors import (
    PASSWORD_REFUSALS,
    CodeWanted,
    EmailInvalid,
    EmailTaken,
    TimezoneUnknown,
    WrongCredentials,
)
from app.domain.accounts.models import Account
from app.entrypoints.languages import language, speaking
from app.entrypoints.queueing import nudge
from app.entrypoints.sealing import seal
from app.entrypoints.web import tries
from app.entrypoints.web.codes import has_shown_code
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.forms import (
    CodeForm,
    RegisterByMailForm,
    RegisterForm,
    SentForm,
    SignInForm,
)
from app.entrypoints.web.signing_in import (
    account_that_waits,
    begin_session,
    end_session,
    is_signed_in,
    language_while_waiting,
    own_path,
    take_loss,
    wait_for_code,
)
from app.entrypoints.web.visitors import visitor
from app.foundation import clock
from app.foundation.database import transaction
from app.foundation.errors import DomainError
from app.workflows.register_by_mail import ask_to_register
from app.workflows.sign_up import sign_up
from app.workflows.verify_email import send_verification

pages = Blueprint("access", __name__)


class _Known(NamedTuple):
    """Whose password was typed, and by which hash it was found right."""

    account: Account
    password_hash: str | None


@pages.get("/login")
def show_sign_in() -> ResponseReturnValue:
    """Show the form, unless somebody is signed in already."""
    if is_signed_in():
        return redirect(_wanted())
    return _form_page("web/access/login.html", SignInForm(), has_lost=take_loss())


@pages.post("/login")
def sign_in() -> ResponseReturnValue:
    """Begin a session, or say that address and password do not belong together."""
    form = SignInForm()
    known = _known(form) if form.validate() else None
    if known is not None and factors.is_on(known.account):
        wait_for_code(*known)
        return redirect(url_for(".show_code", next=request.args.get("next")))
    if known is not None:
        with refusals_shown_on(dict.fromkeys((WrongCredentials, CodeWanted), form.password)):
            begin_session(*known)
            return redirect(_wanted())
    return _form_page("web/access/login.html", form)


@pages.get("/login/code")
def show_code() -> ResponseReturnValue:
    """Ask whoever has shown the right password for a code."""
    account = account_that_waits()
    if account is None:
        return redirect(url_for(".show_sign_in", next=request.args.get("next")))
    return _code_page(account, CodeForm())


@pages.post("/login/code")
def check_code() -> ResponseReturnValue:
    """Begin a session, or say that the code is wrong."""
    form, account = CodeForm(), account_that_waits()
    if account is None:
        return redirect(url_for(".show_sign_in", next=request.args.get("next")))
    known_by = account.password_hash
    if form.validate() and has_shown_code(account, form):
        with refusals_shown_on({WrongCredentials: form.code}):
            begin_session(account, known_by, by_code=True)
            return redirect(_wanted())
    return _code_page(account, form)


@pages.get("/register")
def show_registration() -> ResponseReturnValue:
    """Show the form, unless somebody is signed in already."""
    if is_signed_in():
        return redirect(_wanted())
    form = RegisterForm() if _keeps_mails() else RegisterByMailForm()
    return _form_page("web/access/register.html", form)


@pages.post("/register")
def register() -> ResponseReturnValue:
    """Open an account and sign it in; where mails go out, it is opened by mail."""
    if not _keeps_mails():
        return _register_by_mail(RegisterByMailForm())
    form, account = RegisterForm(), None
    if form.validate():
        tries.open_another_account()
        with refusals_shown_on(_registration_fields(form)), transaction():
            account = _opened(form)
    if account is None:
        return _form_page("web/access/register.html", form)
    nudge()
    begin_session(account, account.password_hash)
    return redirect(_wanted())


@pages.post("/logout")
def sign_out() -> ResponseReturnValue:
    """End the session."""
    end_session()
    return redirect(url_for("web.access.show_sign_in"))


def _register_by_mail(form: RegisterByMailForm) -> Response:
    """Answer alike, whether or not there is an account with the address."""
    if form.validate():
        tries.open_another_account()
        fields = {EmailInvalid: form.email, TimezoneUnknown: form.timezone}
        with refusals_shown_on(fields), transaction():
            email, timezone = form.email.data or "", form.timezone.data
            ask_to_register(
                email,
                timezone=timezone,
                # Mails and documents speak what this page spoke.
                locale=language(),
                visitor=visitor(),
                now=clock.now(),
            )
    if form.errors:
        return _form_page("web/access/register.html", form)
    nudge()
    return _form_page("web/access/registered.html", form)


def _keeps_mails() -> bool:
    # Without a mail server nobody could read a link, and the answer has to come at once.
    return bool(current_app.config["SETTINGS"].keeps_mails)


def _known(form: SignInForm) -> _Known | None:
    email, password = form.email.data or "", form.password.data or ""
    tried = tries.try_to_sign_in(email)
    with refusals_shown_on({WrongCredentials: form.password}):
        account = operations.check_credentials(email, password)
        # Whatever is read after this may be another password's already.
        known_by = account.password_hash
        with transaction():
            known_by = operations.renew_hash(account, password, known_by=known_by, now=clock.now())
        tries.has_known_password(tried)
        return _Known(account, known_by)
    tries.has_failed_to_sign_in(tried)
    with transaction():
        security_journal.note_failure(email, visitor=visitor(), now=clock.now())
    return None


def _opened(form: RegisterForm) -> Account:
    now = clock.now()
    account = sign_up(
        form.email.data or "",
        password=form.password.data,
        timezone=form.timezone.data,
        # Mails and documents speak what this page spoke.
        locale=language(),
        now=now,
    )
    send_verification(account, seal=seal(), now=now)
    return account


def _registration_fields(form: RegisterForm) -> dict[type[DomainError], Field]:
    return {
        **dict.fromkeys(PASSWORD_REFUSALS, form.password),
        EmailInvalid: form.email,
        EmailTaken: form.email,
        TimezoneUnknown: form.timezone,
    }


def _wanted() -> str:
    return own_path(request.args.get("next"))


def _code_page(account: Account, form: CodeForm) -> Response:
    # Whoever knows the password may know the language, too.
    with speaking(language_while_waiting(account)):
        return _form_page("web/access/code.html", form)


def _form_page(page: str, form: SentForm, *, has_lost: bool = False) -> Response:
    wanted = request.args.get("next")
    shown = render_template(page, form=form, wanted=wanted, has_lost=has_lost)
    return make_response(shown, 422 if form.errors else 200)

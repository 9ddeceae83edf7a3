"""How the customer's account is kept safe: address, password, sessions, and what happened."""

from flask import (
    Blueprint,
    Response,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from app.domain.accounts import email_changes, factors, security_journal, sessions
from app.domain.accounts.devices import device_in_words
from app.domain.accounts.email_changes import End, PendingChange
from app.domain.accounts.errors import (
    PASSWORD_REFUSALS,
    EmailChangeNotWaiting,
    EmailInvalid,
    EmailUnchanged,
    LinkSentLately,
    PasswordWrong,
)
from app.domain.accounts.operations import check_own_password
from app.domain.accounts.rules import zone
from app.domain.accounts.security_journal import Event
from app.entrypoints.queueing import nudge
from app.entrypoints.sealing import seal
from app.entrypoints.web.errors import refusals_noted, refusals_shown_on
from app.entrypoints.web.forms import EmailChangeForm, PasswordChangeForm, visible
from app.entrypoints.web.page_numbers import page_number
from app.entrypoints.web.responding import flash_words
from app.entrypoints.web.security_words import in_words
from app.entrypoints.web.signing_in import (
    ask_for_password,
    end_session,
    has_fresh_password,
    open_session,
    require_sign_in,
    resume_session,
    signed_in_account,
    signed_in_transaction,
)
from app.entrypoints.web.tries import (
    ask_for_address,
    ask_for_email_link,
    has_right_password,
    try_password,
)
from app.entrypoints.web.visitors import visitor
from app.foundation import clock
from app.foundation.paging import ID_MAX
from app.foundation.sentences import say
from app.workflows.change_email import (
    ask_email_change,
    send_email_link_again,
    take_back_email_change,
)
from app.workflows.change_password import change_password
from app.workflows.verify_email import send_verification

pages = Blueprint("security", __name__, url_prefix="/settings/security")
pages.before_request(require_sign_in)
# The others stand in the journal.
EVENTS_SHOWN = 10
SESSIONS_SHOWN = 12
EXCHANGED = say("Your password is changed, and you are signed out everywhere else.")
EMAIL_REFUSALS = (EmailInvalid, EmailUnchanged, LinkSentLately)
NO_CHANGE_WAITS = (EmailChangeNotWaiting, LinkSentLately)
KEPT = say("Your mail address stays as it is.")


@pages.get("")
def index() -> ResponseReturnValue:
    """Show it; whoever had to enter his password finds the address that he typed before."""
    return _page()


@pages.post("/password")
def set_password() -> ResponseReturnValue:
    """Set another password, or say at the field why not."""
    form, account = PasswordChangeForm(), signed_in_account()
    fields = dict.fromkeys(PASSWORD_REFUSALS, form.password)
    if form.validate():
        try_password(account)
        with refusals_shown_on({**fields, PasswordWrong: form.old_password}):
            known_by = check_own_password(account, form.old_password.data or "")
            has_right_password(account)
            _exchange(form.password.data or "", known_by)
            return _done(EXCHANGED)
    return _page(password_form=form)


@pages.post("/email")
def change_email() -> ResponseReturnValue:
    """Ask both addresses to confirm, or say at the field why not."""
    form = EmailChangeForm()
    if not has_fresh_password():
        return ask_for_password(url_for(".index", email=form.email.data))
    if form.validate():
        ask_for_address(signed_in_account())
        with refusals_shown_on(dict.fromkeys(EMAIL_REFUSALS, form.email)):
            return _done(_asked(_ask(form.email.data or "")))
    return _page(email_form=form)


@pages.post("/email/<any(new, old):end>/link")
def send_email_link(end: str) -> ResponseReturnValue:
    """Send one end of the change its link once more."""
    account, sent = signed_in_account(), []
    ask_for_email_link(account)
    with refusals_noted(*NO_CHANGE_WAITS) as refused, signed_in_transaction():
        sent.append(
            send_email_link_again(
                account, End(end), seal=seal(), visitor=visitor(), now=clock.now()
            )
        )
    nudge()
    return _done(
        refused[0].message if refused else say("We sent a link to {email}.", {"email": sent[0]})
    )


@pages.post("/email/keep")
def keep_email() -> ResponseReturnValue:
    """Take the change back that has yet to be confirmed."""
    with refusals_noted(*NO_CHANGE_WAITS) as refused, signed_in_transaction():
        take_back_email_change(signed_in_account(), visitor=visitor(), now=clock.now())
    return _done(refused[0].message if refused else KEPT)


@pages.post("/verification")
def verify_again() -> ResponseReturnValue:
    """Send the link that verifies the address once more."""
    account = signed_in_account()
    with refusals_noted(LinkSentLately) as refused, signed_in_transaction():
        send_verification(account, seal=seal(), now=clock.now())
    nudge()
    return _done(
        refused[0].message
        if refused
        else say("We sent a link to {email}.", {"email": account.email})
    )


@pages.post(f"/sessions/<int(max={ID_MAX}):session_id>/end")
def end_one(session_id: int) -> ResponseReturnValue:
    """End one of the customer's sessions; his own is a sign-out."""
    account, now = signed_in_account(), clock.now()
    if session_id == open_session().id:
        return end_here()
    with signed_in_transaction():
        ended = sessions.end_one(account, session_id, now=now)
        security_journal.note(
            Event.SESSION_ENDED, account, visitor=visitor(), now=now, details={"was": ended.device}
        )
    return _done(say("{device} is signed out.", {"device": device_in_words(ended.device)}))


@pages.post("/sessions/end-others")
def end_others() -> ResponseReturnValue:
    """Sign out everywhere but here."""
    _end_all_others()
    return _done(say("You are signed out everywhere else."))


@pages.post("/sessions/end-all")
def end_everywhere() -> ResponseReturnValue:
    """Sign out everywhere, here too."""
    _end_all_others()
    return end_here()


def end_here() -> ResponseReturnValue:
    """Sign out, and go to the form."""
    end_session()
    return redirect(url_for("web.access.show_sign_in"), 303)


def _exchange(password: str, known_by: str | None) -> None:
    with signed_in_transaction():
        renewed = change_password(
            signed_in_account(),
            password,
            known_by=known_by,
            opened=open_session(),
            visitor=visitor(),
            now=clock.now(),
        )
    nudge()
    resume_session(renewed)


def _ask(email: str) -> PendingChange:
    account = signed_in_account()
    with signed_in_transaction():
        asked = ask_email_change(account, email, seal=seal(), visitor=visitor(), now=clock.now())
    nudge()
    return asked


def _asked(change: PendingChange) -> str:
    emails = {"email": change.email, "old_email": change.old_email}
    if change.asks_old:
        return say(
            "We sent a link to {email}, and one to {old_email}."
            " The address changes once both are confirmed.",
            emails,
        )
    return say("We sent a link to {email}. The address changes once you confirm it there.", emails)


def _end_all_others() -> None:
    account, now = signed_in_account(), clock.now()
    with signed_in_transaction():
        count = sessions.end_all(account, now=now, but=open_session())
        security_journal.note(
            Event.SESSIONS_ENDED, account, visitor=visitor(), now=now, details={"count": count}
        )


def _email_typed_before() -> EmailChangeForm:
    typed = visible(request.args.get("email"))
    return EmailChangeForm(formdata=None, data={"email": typed})


def _done(words: str) -> ResponseReturnValue:
    flash_words(words)
    return redirect(url_for(".index"), 303)


def _page(
    *,
    password_form: PasswordChangeForm | None = None,
    email_form: EmailChangeForm | None = None,
) -> Response:
    account, now, number = signed_in_account(), clock.now(), page_number()
    page = render_template(
        "web/security/index.html",
        account=account,
        local=zone(account.timezone),
        password_form=password_form or PasswordChangeForm(formdata=None),
        email_form=email_form or _email_typed_before(),
        pending=email_changes.pending(account, now=now),
        factor=factors.view_of(account),
        found=sessions.open_sessions_page(account, page=number, page_size=SESSIONS_SHOWN, now=now),
        page=number,
        page_size=SESSIONS_SHOWN,
        this_session=open_session().id,
        events=security_journal.events_of(account)[:EVENTS_SHOWN],
        spoken=in_words(),
    )
    return make_response(page, 422 if password_form or email_form else 200)

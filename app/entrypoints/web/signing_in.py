"""Who is signed in, how a session begins and ends, and where visitors are sent.

Flask-Login stands in front; who is signed in is decided by the sessions in the database. The
cookie carries nothing but a session's random token.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from flask import Response, abort, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from app.domain.accounts import operations, queries, security_journal, session_rules, sessions
from app.domain.accounts.devices import digest_of
from app.domain.accounts.holding import holding
from app.domain.accounts.models import Account, Role
from app.domain.accounts.rules import zone
from app.domain.accounts.security_journal import Event
from app.domain.accounts.sessions import OpenSession
from app.entrypoints import account_limits
from app.entrypoints.csrf import SAFE_METHODS
from app.entrypoints.turns import take_turn
from app.entrypoints.web.leading_back import page_of_form, page_of_fragment
from app.entrypoints.web.visitors import device_token, visitor
from app.foundation import clock
from app.foundation.database import transaction
from app.foundation.languages import LANGUAGES
from app.foundation.store_away import STORE_AWAY
from app.workflows.sign_in import sign_in

HOME = "/"
SIGN_OUT = "web.access.sign_out"
IS_AWAY = "store_is_away"
WAITING = "waits_for_code"
# Under this name Flask-WTF keeps what forms have to send.
FORM_TOKEN = "csrf_token"  # noqa: S105  # nosec B105  # a name
# Which language was chosen by the switch, before anybody was signed in.
CHOSEN_BEFORE = "language_chosen"
# That a form was sent whose session is gone: the next sign-in page says so.
LOST = "form_was_lost"
WAITS_FOR = timedelta(minutes=10)
# Where sessions are ended, keys revoked, and passwords exchanged.
FOR_SAFETY = {"web.confirming", "web.factors", "web.keys", "web.security"}
# What is open to an operator who has yet to set his second factor up.
WITHOUT_FACTOR = {"web.factors", "web.confirming", "web.access"}


class SignedIn(UserMixin):  # type: ignore[misc]  # Flask-Login ships no types
    """An account and its session, as Flask-Login knows them."""

    def __init__(self, account: Account, opened: OpenSession) -> None:
        self.account = account
        self.opened = opened

    @property
    def zone(self) -> ZoneInfo:
        """Return where the account's days begin and end."""
        return zone(self.account.timezone)

    def get_id(self) -> str:
        """Return what the cookie remembers: the session's token."""
        return self.opened.token


sign_in_desk = LoginManager()
# Sessions are bound to their token alone: addresses change on the way to work.
sign_in_desk.session_protection = None


@sign_in_desk.user_loader  # type: ignore[untyped-decorator]  # Flask-Login ships no types
def _load(token: str) -> SignedIn | None:
    # The page that says that the store is away would ask it again, and never be seen.
    if g.get(IS_AWAY):
        return None
    try:
        found = sessions.find(token, now=clock.now())
    except STORE_AWAY:
        setattr(g, IS_AWAY, True)
        raise
    return None if found is None else SignedIn(*found)


@sign_in_desk.unauthorized_handler  # type: ignore[untyped-decorator]  # Flask-Login ships no types
def _send_to_sign_in() -> ResponseReturnValue:
    if request.method not in SAFE_METHODS and request.endpoint != SIGN_OUT:
        session[LOST] = True
    if request.headers.get("HX-Request") == "true":
        address = _sign_in_address(page_of_fragment())
        return Response(status=401, headers={"HX-Redirect": address})
    if request.method not in SAFE_METHODS:
        return redirect(_sign_in_address(page_of_form()), 303)
    wanted = request.full_path if request.query_string else request.path
    return redirect(_sign_in_address(wanted))


def lead_to_sign_in() -> ResponseReturnValue:
    """Lead to the form, and from there back to the page that is asked for, or sends something."""
    return cast(ResponseReturnValue, sign_in_desk.unauthorized())


def take_loss() -> bool:
    """Tell, once, whether somebody was led here because the session of his form is gone."""
    # Looked for first: whoever lost nothing gets no cookie for it.
    return LOST in session and bool(session.pop(LOST))


def needs_sign_in() -> bool:
    """Tell whether what is asked for is only there for whoever is signed in."""
    guards = {require_sign_in, require_operator}
    asked = (current_app.before_request_funcs.get(name, ()) for name in request.blueprints)
    return request.endpoint == SIGN_OUT or any(guards.intersection(each) for each in asked)


def require_sign_in() -> ResponseReturnValue | None:
    """Send visitors who are not signed in to the form; meant to run before each page."""
    if not current_user.is_authenticated:
        return lead_to_sign_in()
    count_request()
    _note_use()
    if request.blueprint in WITHOUT_FACTOR or not _must_set_factor_up():
        return None
    return redirect(url_for("web.factors.index"), 303)


def require_operator() -> ResponseReturnValue | None:
    """Send visitors to the form; for customers there is nothing here. Runs before each page."""
    refusal = require_sign_in()
    if refusal is None and signed_in_account().role != Role.OPERATOR:
        abort(404)
    return refusal


def lead_operators_away() -> ResponseReturnValue | None:
    """Lead operators, who have no customer's pages of their own, to their console."""
    if not is_signed_in() or signed_in_account().role != Role.OPERATOR:
        return None
    if request.method not in ("GET", "HEAD"):
        abort(404)
    return redirect(url_for("web.operator.overview.index"))


def count_request() -> None:
    """Count what whoever is signed in asks for, and what he changes.

    Raises TooManyRequests, and UnknownSession if it ended while it waited for its turn.
    """
    account, here = signed_in_account(), open_session().id
    is_for_safety = request.blueprint in FOR_SAFETY
    # What is for safety has turns of each session's own, as it has pages.
    if take_turn(f"{account_limits.OF_SESSION} {here}" if is_for_safety else account.id):
        look_at_session()
    account_limits.count_page(account, session_id=here, is_for_safety=is_for_safety)
    # Operators are our own, and may have much to do.
    if request.method not in SAFE_METHODS and account.role == Role.CUSTOMER:
        account_limits.count_change(account, session_id=here, is_for_safety=is_for_safety)


def is_signed_in() -> bool:
    """Tell whether somebody is signed in."""
    return bool(current_user.is_authenticated)


def signed_in_account() -> Account:
    """Return the account of whoever is signed in."""
    return cast(Account, current_user.account)


def open_session() -> OpenSession:
    """Return the session of whoever is signed in."""
    return cast(OpenSession, current_user.opened)


def wait_for_code(account: Account, known_by: str | None) -> None:
    """Remember who has shown the right password, by which hash, and has yet to show a code."""
    chosen = session.get(CHOSEN_BEFORE)
    end_session()
    if chosen is not None:
        session[CHOSEN_BEFORE] = chosen
    session[WAITING] = {
        "user_id": account.id,
        "since": clock.now().isoformat(),
        "known_by": _mark_of(known_by),
    }


def account_that_waits() -> Account | None:
    """Return the account that has to show a code, if that is still to be waited for."""
    waiting = session.get(WAITING)
    if not waiting:
        return None
    since = datetime.fromisoformat(waiting["since"])
    account = queries.find_account(waiting["user_id"])
    if account is None or account.updated_at > since or clock.now() >= since + WAITS_FOR:
        return None
    # The password may have been exchanged while it was looked at, before the waiting began.
    return account if waiting.get("known_by") == _mark_of(account.password_hash) else None


def language_while_waiting(account: Account) -> str:
    """Return what was chosen by the switch, or else what the account that waits speaks."""
    chosen = session.get(CHOSEN_BEFORE)
    return str(chosen) if chosen in LANGUAGES else account.locale


def factor_is_required(account: Account) -> bool:
    """Tell whether the account may not do without a second factor."""
    return account.role == Role.OPERATOR and current_app.config["SETTINGS"].production


def begin_session(account: Account, known_by: str | None, *, by_code: bool = False) -> None:
    """Sign the account in, in a session that holds nothing from before.

    What was chosen by the switch before is the account's own language from now on.
    Raises WrongCredentials if the password has changed since its hash was looked at, and
    CodeWanted if a second factor was switched on since.
    """
    now, chosen = clock.now(), session.get(CHOSEN_BEFORE)
    with transaction():
        begun = sign_in(
            account,
            known_by=known_by,
            by_code=by_code,
            visitor=visitor(),
            device_token=device_token(),
            now=now,
        )
        if is_signed_in():
            sessions.end(open_session(), now=now)
        if chosen in LANGUAGES and chosen != account.locale:
            actor = f"{account.role}:{account.id}"
            operations.change_settings(account, {"locale": chosen}, actor=actor, now=now)
    _remember(SignedIn(account, begun))


def resume_session(renewed: OpenSession) -> None:
    """Go on with the same session under the token that it has now; open pages go on, too."""
    sent_with_forms = session.get(FORM_TOKEN)
    _remember(SignedIn(signed_in_account(), renewed))
    if sent_with_forms:
        session[FORM_TOKEN] = sent_with_forms


def is_still_there(known_by: str | None) -> None:
    """Note that the owner has just shown his password or a code, and go on under a new token.

    Raises PasswordWrong if the password has changed since its hash was looked at: whoever has
    taken the cookie along may share the very session in which its owner has changed it.
    """
    user_id = signed_in_account().id
    with transaction():
        operations.lock_owner(user_id, known_by)
        renewed = sessions.renew(open_session(), now=clock.now())
    resume_session(renewed)


@contextmanager
def signed_in_transaction() -> Iterator[None]:
    """Make everything inside permanent, unless the session has ended meanwhile.

    Whoever ends sessions holds the account first, and so does this: what is done by somebody who
    was found signed in comes before the end, or not at all. Raises UnknownSession.
    """
    user_id = signed_in_account().id
    with transaction(), holding(operations.lock_in_use(user_id)):
        look_at_session()
        yield


def look_at_session() -> None:
    """Refuse whoever was found signed in, and is no longer; the account is locked.

    Raises UnknownSession.
    """
    sessions.check_open(open_session())


def has_fresh_password() -> bool:
    """Tell whether a password or a code was shown within the last quarter of an hour."""
    return session_rules.is_fresh(open_session().password_entered_at, now=clock.now())


def ask_for_password(back_to: str) -> ResponseReturnValue:
    """Send whoever is signed in to show that he is the owner, and then back to this page."""
    address = url_for("web.confirming.show", next=own_path(back_to))
    if request.headers.get("HX-Request") == "true":
        return Response(status=403, headers={"HX-Redirect": address})
    return redirect(address, 303)


def end_session() -> None:
    """Sign out, here and in the store, and forget everything."""
    if is_signed_in():
        now, user_id = clock.now(), signed_in_account().id
        with transaction():
            operations.lock_accounts({user_id})
            sessions.end(open_session(), now=now)
            security_journal.note(Event.SIGNED_OUT, signed_in_account(), visitor=visitor(), now=now)
    logout_user()
    session.clear()


def own_path(address: str | None) -> str:
    """Return the address if it is a path of ours, else the first page."""
    if not address or not address.startswith("/") or not address.isprintable():
        return HOME
    # Browsers read both kinds of slashes alike, and two of them as the start of a host.
    if address[1:2] in ("/", "\\") or "\\" in address:
        return HOME
    return address


def _sign_in_address(wanted: str) -> str:
    wanted = own_path(wanted)
    return url_for("web.access.show_sign_in", next=None if wanted == HOME else wanted)


def _mark_of(password_hash: str | None) -> str:
    # It travels in a cookie that its owner can read.
    return digest_of(password_hash or "")


def _remember(signed_in: SignedIn) -> None:
    session.clear()
    session.permanent = True
    login_user(signed_in)


def _must_set_factor_up() -> bool:
    return factor_is_required(signed_in_account()) and not open_session().has_factor


def _note_use() -> None:
    opened, now = open_session(), clock.now()
    if session_rules.is_worth_noting(opened.last_seen_at, now=now):
        with transaction():
            sessions.note_use(opened, signed_in_account(), visitor=visitor(), now=now)

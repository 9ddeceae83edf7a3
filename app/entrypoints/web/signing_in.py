"""Who is signed in, how a session begins and ends, and where visitors are sent."""

import hashlib
from typing import cast
from urllib.parse import urlsplit

from flask import Response, abort, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from app.domain.accounts import queries
from app.domain.accounts.models import Account, Role

HOME = "/"


class SignedIn(UserMixin):  # type: ignore[misc]  # Flask-Login ships no types
    """An account as Flask-Login knows it."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def get_id(self) -> str:
        """Return what the session remembers: the id, and a mark of the password of that moment."""
        return f"{_password_mark(self.account)}:{self.account.id}"


sign_in_desk = LoginManager()


@sign_in_desk.user_loader  # type: ignore[untyped-decorator]  # Flask-Login ships no types
def _load(remembered: str) -> SignedIn | None:
    mark, _, user_id = remembered.partition(":")
    account = queries.find_account(user_id)
    # A changed password ends every session that began with the old one.
    if account is None or _password_mark(account) != mark:
        return None
    return SignedIn(account)


@sign_in_desk.unauthorized_handler  # type: ignore[untyped-decorator]  # Flask-Login ships no types
def _send_to_sign_in() -> ResponseReturnValue:
    if request.headers.get("HX-Request") == "true":
        # The page, not the fragment that was asked for, is where the visitor wants to be again.
        page = urlsplit(request.headers.get("HX-Current-URL", ""))
        address = f"{page.path}?{page.query}" if page.query else page.path
        return Response(status=401, headers={"HX-Redirect": _sign_in_address(address)})
    wanted = request.full_path if request.query_string else request.path
    return redirect(_sign_in_address(wanted if request.method == "GET" else ""))


def require_sign_in() -> ResponseReturnValue | None:
    """Send visitors who are not signed in to the form; meant to run before each page."""
    if current_user.is_authenticated:
        return None
    return cast(ResponseReturnValue, sign_in_desk.unauthorized())


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


def is_signed_in() -> bool:
    """Tell whether somebody is signed in."""
    return bool(current_user.is_authenticated)


def signed_in_account() -> Account:
    """Return the account of whoever is signed in."""
    return cast(Account, current_user.account)


def begin_session(account: Account) -> None:
    """Sign the account in, in a session that holds nothing from before."""
    session.clear()
    login_user(SignedIn(account))


def end_session() -> None:
    """Sign out and forget everything."""
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


def _password_mark(account: Account) -> str:
    return hashlib.sha256((account.password_hash or "").encode()).hexdigest()[:16]

"""The switch between languages, for visitors and for whoever is signed in."""

from urllib.parse import urlencode

from flask import Blueprint, current_app, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.domain.accounts.operations import change_settings
from app.entrypoints.languages import cookie_name
from app.entrypoints.web.signing_in import (
    CHOSEN_BEFORE,
    count_request,
    own_path,
    signed_in_account,
    signed_in_transaction,
)
from app.foundation import clock
from app.foundation.languages import ENGLISH, LANGUAGES

pages = Blueprint("languages", __name__)
A_YEAR_SECONDS = 31_536_000


@pages.post("/language")
def choose() -> ResponseReturnValue:
    """Speak another language from now on, and lead back to where it was asked for."""
    wanted = request.form.get("locale", "")
    code = wanted if wanted in LANGUAGES else ENGLISH
    _keep(code)
    response = redirect(own_path(request.args.get("next")), 303)
    response.set_cookie(
        cookie_name(),
        code,
        max_age=A_YEAR_SECONDS,
        secure=current_app.config["SETTINGS"].secure_cookies,
        httponly=True,
        samesite="Lax",
    )
    return response


def this_page() -> str | None:
    """Return where the switch leads back to: this page, if it can be asked for again."""
    if request.method != "GET":
        return None
    # Where a page leads on to has to be ours; it is not repeated unread.
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "next"]
    wanted = request.args.get("next")
    if wanted is not None and own_path(wanted) == wanted:
        kept.append(("next", wanted))
    return f"{request.path}?{urlencode(kept)}" if kept else request.path


def _keep(code: str) -> None:
    """Let the account's mails and documents speak it, too, now or from the sign-in on."""
    if not current_user.is_authenticated:
        session[CHOSEN_BEFORE] = code
        return
    account = signed_in_account()
    count_request()
    with signed_in_transaction():
        change_settings(
            account, {"locale": code}, actor=f"{account.role}:{account.id}", now=clock.now()
        )

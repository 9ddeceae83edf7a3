"""The password once more: before what a borrowed browser must not do."""

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from app.domain.accounts import sessions
from app.domain.accounts.errors import PasswordWrong
from app.domain.accounts.operations import check_own_password
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.forms import PasswordCheckForm
from app.entrypoints.web.signing_in import (
    open_session,
    own_path,
    require_sign_in,
    resume_session,
    signed_in_account,
)
from app.entrypoints.web.tries import has_right_password, try_password
from app.foundation import clock
from app.foundation.database import transaction

pages = Blueprint("confirming", __name__)
pages.before_request(require_sign_in)


@pages.get("/confirm-password")
def show() -> ResponseReturnValue:
    """Show the form."""
    return _page(PasswordCheckForm())


@pages.post("/confirm-password")
def confirm() -> ResponseReturnValue:
    """Go on with a new token, or say that the password is wrong."""
    form = PasswordCheckForm()
    if form.validate():
        account = signed_in_account()
        try_password(account)
        with refusals_shown_on({PasswordWrong: form.password}):
            check_own_password(account, form.password.data or "")
            has_right_password(account)
            with transaction():
                renewed = sessions.renew(open_session(), now=clock.now())
            resume_session(renewed)
            return redirect(own_path(request.args.get("next")), 303)
    return _page(form)


def _page(form: PasswordCheckForm) -> Response:
    page = render_template(
        "web/confirming/show.html", form=form, wanted=own_path(request.args.get("next"))
    )
    return make_response(page, 422 if form.errors else 200)

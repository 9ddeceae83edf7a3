"""The password or a code once more: before what a borrowed browser must not do."""

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from app.domain.accounts import factors
from app.domain.accounts.errors import PasswordWrong
from app.entrypoints.web.codes import has_shown_code
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.forms import CodeForm, PasswordCheckForm
from app.entrypoints.web.passwords import has_shown_password
from app.entrypoints.web.signing_in import (
    is_still_there,
    own_path,
    require_sign_in,
    signed_in_account,
)

pages = Blueprint("confirming", __name__)
pages.before_request(require_sign_in)


@pages.get("/confirm-password")
def show() -> ResponseReturnValue:
    """Show the form, and the one for a code to whoever has a second factor."""
    return _page(PasswordCheckForm(), CodeForm(formdata=None))


@pages.post("/confirm-password")
def confirm() -> ResponseReturnValue:
    """Go on with a new token, or say that the password is wrong."""
    form = PasswordCheckForm()
    if form.validate() and has_shown_password(form.password):
        return _go_on()
    return _page(form, CodeForm(formdata=None))


@pages.post("/confirm-password/code")
def confirm_by_code() -> ResponseReturnValue:
    """Go on with a new token, or say that the code is wrong."""
    form, known_by = CodeForm(), signed_in_account().password_hash
    if form.validate() and has_shown_code(signed_in_account(), form):
        with refusals_shown_on({PasswordWrong: form.code}):
            is_still_there(known_by)
            return _go_on()
    return _page(PasswordCheckForm(formdata=None), form)


def _go_on() -> ResponseReturnValue:
    return redirect(own_path(request.args.get("next")), 303)


def _page(form: PasswordCheckForm, code_form: CodeForm) -> Response:
    page = render_template(
        "web/confirming/show.html",
        form=form,
        code_form=code_form,
        has_factor=factors.is_on(signed_in_account()),
        wanted=own_path(request.args.get("next")),
    )
    return make_response(page, 422 if form.errors or code_form.errors else 200)

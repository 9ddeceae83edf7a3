"""The customer's second factor: setting it up, its recovery codes, switching it off."""

from flask import (
    Blueprint,
    Response,
    current_app,
    make_response,
    redirect,
    render_template,
    url_for,
)
from flask.typing import ResponseReturnValue

from app.domain.accounts import factors, recovery_codes, totp
from app.domain.accounts.errors import (
    CodeWrong,
    FactorOnAlready,
    FactorUnreadable,
    FactorWantsVerifiedEmail,
)
from app.domain.accounts.recovery_codes import DrawnCode
from app.domain.accounts.rules import zone
from app.entrypoints.queueing import nudge
from app.entrypoints.sealing import seal
from app.entrypoints.web import tries
from app.entrypoints.web.errors import refusals_noted, refusals_shown_on
from app.entrypoints.web.forms import CodeForm
from app.entrypoints.web.qr_codes import qr_code
from app.entrypoints.web.responding import flash_words
from app.entrypoints.web.signing_in import (
    ask_for_password,
    factor_is_required,
    has_fresh_password,
    open_session,
    require_sign_in,
    signed_in_account,
    signed_in_transaction,
)
from app.entrypoints.web.visitors import visitor
from app.foundation import clock
from app.foundation.sentences import say
from app.workflows.change_second_factor import (
    renew_recovery_codes,
    switch_factor_off,
    switch_factor_on,
)

SHOWN_ONCE = say(
    "The second factor is on. Its recovery codes were shown once, and nobody can show them again:"
    " if you have not kept them, make new ones below."
)

pages = Blueprint("factors", __name__, url_prefix="/settings/security/factor")
pages.before_request(require_sign_in)


@pages.before_request
def _only_its_owner() -> ResponseReturnValue | None:
    # The picture is the secret: whoever sees it has the factor, too.
    return None if has_fresh_password() else ask_for_password(url_for(".index"))


@pages.get("")
def index() -> ResponseReturnValue:
    """Show how it stands, or the picture that an app is to take in."""
    return _page(CodeForm())


@pages.post("/begin")
def begin() -> ResponseReturnValue:
    """Make a secret, and show it."""
    with (
        refusals_noted(FactorOnAlready, FactorWantsVerifiedEmail) as refused,
        signed_in_transaction(),
    ):
        factors.begin(signed_in_account(), seal=seal(), now=clock.now())
    if refused:
        flash_words(refused[0].message)
    return redirect(url_for(".index"), 303)


@pages.post("/confirm")
def confirm() -> ResponseReturnValue:
    """Switch it on, and show the recovery codes this once; or say that the code is wrong."""
    form, at_the_code = CodeForm(), (CodeWrong, FactorUnreadable)
    if form.validate():
        with (
            refusals_noted(FactorOnAlready) as sent_before,
            refusals_shown_on(dict.fromkeys(at_the_code, form.code)),
        ):
            return _page(CodeForm(formdata=None), _switch_on(form.code.data or ""))
        if sent_before:
            # Whoever loads the page with his codes anew sends the form again.
            flash_words(SHOWN_ONCE)
            return redirect(url_for(".index"), 303)
    return _page(form)


@pages.post("/codes")
def renew_codes() -> ResponseReturnValue:
    """Make new recovery codes, and show them this once."""
    account = signed_in_account()
    if not factors.is_on(account):
        return redirect(url_for(".index"), 303)
    tries.draw_recovery_codes(account)
    codes = recovery_codes.draw()
    with signed_in_transaction():
        renew_recovery_codes(account, codes=codes, visitor=visitor(), now=clock.now())
    return _page(CodeForm(formdata=None), codes)


@pages.post("/off")
def switch_off() -> ResponseReturnValue:
    """Ask for no codes any more."""
    with signed_in_transaction():
        switch_factor_off(signed_in_account(), visitor=visitor(), now=clock.now())
    nudge()
    flash_words(say("The second factor is off. Your password alone signs you in."))
    return redirect(url_for("web.security.index"), 303)


def _switch_on(code: str) -> tuple[DrawnCode, ...]:
    account = signed_in_account()
    factors.check_is_off(account)
    tries.draw_recovery_codes(account)
    codes = recovery_codes.draw()
    with signed_in_transaction():
        switch_factor_on(
            account,
            code,
            codes=codes,
            opened=open_session(),
            seal=seal(),
            visitor=visitor(),
            now=clock.now(),
        )
    nudge()
    return codes


def _page(form: CodeForm, codes: tuple[DrawnCode, ...] = ()) -> Response:
    account = signed_in_account()
    factor = factors.view_of(account)
    secret = _secret() if factor.is_begun and not factor.is_on else ""
    issuer = current_app.config["SETTINGS"].brand_name
    address = totp.address_for_apps(secret, account=account.email, issuer=issuer)
    page = render_template(
        "web/factors/index.html",
        account=account,
        factor=factor,
        is_required=factor_is_required(account),
        wants_verified_email=factors.wants_verified_email(account),
        form=form,
        codes=codes,
        secret=secret,
        picture=qr_code(address) if secret else None,
        local=zone(account.timezone),
    )
    return make_response(page, 422 if form.errors else 200)


def _secret() -> str:
    """Return the secret that waits for its first code; nothing if it can no longer be read."""
    with refusals_noted(FactorUnreadable):
        return factors.secret_to_take_in(signed_in_account(), seal=seal())
    return ""

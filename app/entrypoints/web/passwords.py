"""The password of whoever is signed in, once more: with it, only the owner goes on."""

from wtforms import Field

from app.domain.accounts.errors import PasswordWrong
from app.domain.accounts.operations import check_own_password
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.signing_in import is_still_there, signed_in_account
from app.entrypoints.web.tries import has_right_password, try_password


def has_shown_password(field: Field) -> bool:
    """Take the password that was typed, or say at its field that it is wrong."""
    account = signed_in_account()
    try_password(account)
    with refusals_shown_on({PasswordWrong: field}):
        known_by = check_own_password(account, field.data or "")
        has_right_password(account)
        is_still_there(known_by)
        return True
    return False

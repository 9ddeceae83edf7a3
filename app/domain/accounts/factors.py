"""The second factor: an app on a phone that shows codes, or a code on paper in its place."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from app.domain.accounts import recovery_codes, totp
from app.domain.accounts.access_models import SecondFactor
from app.domain.accounts.errors import (
    CodeWrong,
    FactorNotBegun,
    FactorOnAlready,
    FactorUnreadable,
    FactorWantsVerifiedEmail,
)
from app.domain.accounts.models import Account, Role
from app.domain.accounts.recovery_codes import DrawnCode
from app.foundation.database import session
from app.foundation.sealing import Seal, SealBroken
from app.foundation.sentences import say

ABOUT = "second factor of "


class CodeKind(StrEnum):
    """Where a code came from."""

    APP = "app"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class FactorView:
    """How an account's second factor stands."""

    is_on: bool
    is_begun: bool
    since: datetime | None
    codes_left: int


def view_of(account: Account) -> FactorView:
    """Return how the account's second factor stands."""
    row = session.get(SecondFactor, account.id)
    since = None if row is None else row.confirmed_at
    codes_left = recovery_codes.left_count(account) if since else 0
    return FactorView(since is not None, row is not None, since, codes_left)


def is_on(account: Account) -> bool:
    """Tell whether the account asks for a code at sign-in."""
    on = SecondFactor.user_id == account.id, SecondFactor.confirmed_at.is_not(None)
    return session.scalar(select(SecondFactor.user_id).where(*on)) is not None


def check_is_off(account: Account) -> None:
    """Refuse to set up what is on. Raises FactorOnAlready."""
    if is_on(account):
        raise _on_already()


def wants_verified_email(account: Account) -> bool:
    """Tell whether the account has to show that its address is read before it gets a factor."""
    # Whoever opened an account with somebody else's address must not be able to lock him out.
    return account.email_verified_at is None and account.role == Role.CUSTOMER


def begin(account: Account, *, seal: Seal, now: datetime) -> None:
    """Make a secret that an app is to take in; nothing is asked for until it has shown a code.

    Raises FactorOnAlready, FactorWantsVerifiedEmail.
    """
    if wants_verified_email(account):
        raise FactorWantsVerifiedEmail(say("Verify your mail address first."))
    row = _find_locked(account)
    if row is not None and row.confirmed_at is not None:
        raise _on_already()
    sealed_secret = seal.close(totp.new_secret(), about=ABOUT + account.id)
    if row is None:
        session.add(SecondFactor(user_id=account.id, sealed_secret=sealed_secret, created_at=now))
    else:
        row.sealed_secret, row.created_at = sealed_secret, now


def secret_to_take_in(account: Account, *, seal: Seal) -> str:
    """Return the secret as long as no code has confirmed it. Raises FactorNotBegun."""
    row = session.get(SecondFactor, account.id)
    if row is None or row.confirmed_at is not None:
        raise FactorNotBegun(say("Begin to set the second factor up."))
    return _secret(row, seal)


def confirm(
    account: Account, code: str, *, codes: tuple[DrawnCode, ...], seal: Seal, now: datetime
) -> None:
    """Switch the factor on, if the app shows the right code.

    Raises FactorNotBegun, FactorOnAlready, CodeWrong.
    """
    row = _find_locked(account)
    if row is None:
        raise FactorNotBegun(say("Begin to set the second factor up."))
    if row.confirmed_at is not None:
        raise _on_already()
    if not _take(row, code, seal=seal, now=now):
        raise CodeWrong(say("This is not the code that the app shows now."))
    row.confirmed_at = now
    recovery_codes.keep(account, codes, now=now)


def check_code(account: Account, typed: str, *, seal: Seal, now: datetime) -> CodeKind:
    """Take a code, of the app or from paper; each is good once. Raises CodeWrong."""
    row = _find_locked(account)
    if row is None or row.confirmed_at is None:
        raise CodeWrong(say("This account has no second factor."))
    digits = "".join(typed.split())
    if totp.is_code(digits):
        if _take(row, digits, seal=seal, now=now):
            return CodeKind.APP
    elif recovery_codes.use_up(account, typed, now=now):
        return CodeKind.RECOVERY
    raise CodeWrong(say("This code is wrong, or was used already."))


def turn_off(account: Account) -> bool:
    """Ask for no codes any more, and tell whether any were asked for."""
    row = _find_locked(account)
    recovery_codes.remove(account)
    if row is None:
        return False
    was_on = row.confirmed_at is not None
    session.delete(row)
    return was_on


def turn_off_if_later(account: Account, moment: datetime) -> bool:
    """Switch the factor off if it was switched on since, and tell whether it was."""
    row = session.get(SecondFactor, account.id)
    is_later = row is not None and row.created_at >= moment
    return is_later and turn_off(account)


def _on_already() -> FactorOnAlready:
    return FactorOnAlready(say("The second factor is on already."))


def _take(row: SecondFactor, code: str, *, seal: Seal, now: datetime) -> bool:
    secret = _secret(row, seal)
    typed = "".join(code.split())
    step = totp.matching_step(secret, typed, after=row.last_step, now=now)
    if step is None:
        return False
    row.last_step = step
    return True


def _secret(row: SecondFactor, seal: Seal) -> str:
    try:
        return seal.open(row.sealed_secret, about=ABOUT + row.user_id)
    except SealBroken as error:
        raise FactorUnreadable(
            say("We cannot check codes of your app any more. Use a recovery code, or ask us.")
        ) from error


def _find_locked(account: Account) -> SecondFactor | None:
    return session.get(SecondFactor, account.id, with_for_update=True, populate_existing=True)

"""Switch the second factor on and off, and renew its codes: noted, and told to the owner."""

from datetime import datetime

from app.domain.accounts import factors, recovery_codes, security_journal, sessions
from app.domain.accounts import operations as accounts
from app.domain.accounts.devices import Visitor
from app.domain.accounts.models import Account
from app.domain.accounts.recovery_codes import DrawnCode
from app.domain.accounts.security_journal import Event
from app.domain.accounts.sessions import OpenSession
from app.domain.mails import operations as mails
from app.foundation.sealing import Seal


def switch_factor_on(
    account: Account,
    code: str,
    *,
    codes: tuple[DrawnCode, ...],
    opened: OpenSession,
    seal: Seal,
    visitor: Visitor,
    now: datetime,
) -> None:
    """Ask for codes from now on; whoever signed in without one, elsewhere, is signed out.

    Raises FactorNotBegun, FactorOnAlready, CodeWrong, FactorUnreadable.
    """
    account = accounts.lock_in_use(account.id)
    factors.confirm(account, code, codes=codes, seal=seal, now=now)
    sessions.end_all(account, now=now, but=opened)
    security_journal.note(Event.FACTOR_ON, account, visitor=visitor, now=now)
    _tell(account, "second_factor_on", visitor=visitor, now=now)


def switch_factor_off(account: Account, *, visitor: Visitor, now: datetime) -> None:
    """Ask for no codes any more."""
    account = accounts.lock_in_use(account.id)
    if factors.turn_off(account):
        security_journal.note(Event.FACTOR_OFF, account, visitor=visitor, now=now)
        _tell(account, "second_factor_off", visitor=visitor, now=now)


def remove_factor(account: Account, *, reason: str, actor: str, now: datetime) -> bool:
    """Let somebody in who has lost phone and paper, and tell whether a factor was on."""
    account = accounts.lock_in_use(account.id)
    if not factors.turn_off(account):
        return False
    sessions.end_all(account, now=now)
    details = {"reason": reason}
    security_journal.note_by_operator(
        Event.FACTOR_OFF, account, actor=actor, now=now, details=details
    )
    _tell(account, "second_factor_off", visitor=Visitor("The operator", "–"), now=now)
    return True


def renew_recovery_codes(
    account: Account, *, codes: tuple[DrawnCode, ...], visitor: Visitor, now: datetime
) -> None:
    """Let these codes take the place of those before."""
    account = accounts.lock_in_use(account.id)
    recovery_codes.keep(account, codes, now=now)
    security_journal.note(Event.RECOVERY_CODES_MADE, account, visitor=visitor, now=now)


def _tell(account: Account, kind: str, *, visitor: Visitor, now: datetime) -> None:
    at = now.isoformat()
    facts = {"device": visitor.device, "address": visitor.address, "at": at}
    about = f"{account.id} {at}"
    mails.write_to(account.email, kind, account, about=about, facts=facts, now=now)

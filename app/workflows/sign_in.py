"""Sign in: a session for whoever has proved who he is, and a word to the owner if it is new."""

from datetime import datetime

from app.domain.accounts import factors, security_journal, sessions
from app.domain.accounts import operations as accounts
from app.domain.accounts.devices import Visitor
from app.domain.accounts.errors import CodeWanted
from app.domain.accounts.models import Account
from app.domain.accounts.security_journal import Event
from app.domain.accounts.sessions import OpenSession
from app.domain.mails import operations as mails
from app.foundation.sentences import say


def sign_in(
    account: Account,
    *,
    known_by: str | None,
    by_code: bool,
    visitor: Visitor,
    device_token: str,
    now: datetime,
) -> OpenSession:
    """Begin a session; where the browser is new to the account, tell its owner by mail.

    Raises WrongCredentials if the password is no longer the one whose hash it is known by, and
    CodeWanted where no code was shown and a second factor was switched on meanwhile.
    """
    # Two sign-ins at once would both find the browser new.
    account = accounts.lock_known_by(account, known_by)
    if not by_code and factors.is_on(account):
        raise CodeWanted(say("This account asks for a code by now. Sign in once more."))
    is_new = sessions.note_device(account, device_token, now=now)
    begun = sessions.begin(account, visitor=visitor, now=now)
    security_journal.note(
        Event.SIGNED_IN, account, visitor=visitor, now=now, details={"new_device": is_new}
    )
    if is_new:
        facts = {"device": visitor.device, "address": visitor.address, "at": now.isoformat()}
        mails.write_to(
            account.email, "new_device", account, about=str(begun.id), facts=facts, now=now
        )
    return begun

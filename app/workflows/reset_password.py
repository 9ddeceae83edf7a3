"""Reset a forgotten password: a link goes to the account's address, good once and for an hour."""

from datetime import datetime

from app.domain.accounts import mail_tokens, queries, security_journal
from app.domain.accounts import operations as accounts
from app.domain.accounts.devices import Visitor
from app.domain.accounts.errors import LinkInvalid
from app.domain.accounts.mail_tokens import Purpose
from app.domain.accounts.models import Account
from app.domain.accounts.security_journal import Event
from app.domain.mails.links import write_with_link
from app.foundation import outbox
from app.foundation.sealing import Seal
from app.foundation.sentences import say
from app.workflows.change_email import take_back_if_waiting
from app.workflows.change_password import tell_of_new_password

SEND_RESET = "send_password_reset"


def ask_for_reset(email: str, *, visitor: Visitor, now: datetime) -> None:
    """Promise to look for the address, and to send a link if somebody has it.

    Whoever asks is answered before anybody has looked: neither words nor time tell who is known.
    """
    came = {"device": visitor.device, "address": visitor.address}
    outbox.add(SEND_RESET, {"email": email.strip().lower(), **came}, now=now)


def send_reset(email: str, *, visitor: Visitor, seal: Seal, now: datetime) -> None:
    """Send the link if an account has the address, unless it has links enough that work."""
    found = queries.find_account_by_email(email)
    if found is None:
        return
    account = accounts.lock_in_use(found.id)
    if mail_tokens.are_enough(account, Purpose.RESET_PASSWORD, now=now):
        return
    token = mail_tokens.make(account, Purpose.RESET_PASSWORD, email=account.email, now=now)
    write_with_link("reset_password", account, token, to=account.email, seal=seal, now=now)
    security_journal.note_by_visitor(Event.RESET_ASKED, account, visitor=visitor, now=now)


def reset_password(token: str, password: str, *, visitor: Visitor, now: datetime) -> Account:
    """Set the password, and end every session. Raises LinkInvalid, what `check_password` raises."""
    link = mail_tokens.take(token, Purpose.RESET_PASSWORD, now=now)
    account = accounts.lock_in_use(link.user_id)
    if account.email != link.email:
        raise LinkInvalid(say("This link is about an address that the account no longer has."))
    accounts.set_password(account, password, now=now)
    mail_tokens.void(account, {Purpose.RESET_PASSWORD}, now=now)
    take_back_if_waiting(account, visitor=visitor, now=now)
    if account.email_verified_at is None:
        # Somebody else may have registered the address, and would stay in with a key of his.
        accounts.revoke_keys_made_since(account, account.created_at, now=now)
    # Whoever opened the link reads the account's mails.
    account.email_verified_at = account.email_verified_at or now
    security_journal.note(Event.PASSWORD_RESET, account, visitor=visitor, now=now)
    tell_of_new_password(account, visitor=visitor, now=now)
    return account

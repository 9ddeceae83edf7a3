"""Change the mail address: the new one confirms, the old one is told and can undo it."""

from contextlib import suppress
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from app.domain.accounts import (
    factors,
    mail_tokens,
    queries,
    rules,
    security_journal,
    sessions,
)
from app.domain.accounts import operations as accounts
from app.domain.accounts.devices import Visitor
from app.domain.accounts.errors import EmailTaken, EmailUnchanged, LinkInvalid, LinkSentLately
from app.domain.accounts.mail_tokens import Link, Purpose
from app.domain.accounts.models import Account
from app.domain.accounts.security_journal import Event
from app.domain.mails.links import LINK, write_with_link
from app.foundation import outbox
from app.foundation.database import session
from app.foundation.sealing import Seal, SealBroken
from app.foundation.sentences import say

SEND_CONFIRMATION = "send_email_confirmation"
# What was sent to an address that the account no longer has must do nothing more.
OF_THE_ADDRESS = {Purpose.VERIFY_EMAIL, Purpose.RESET_PASSWORD, Purpose.CONFIRM_EMAIL}


def ask_email_change(
    account: Account, email: str, *, seal: Seal, visitor: Visitor, now: datetime
) -> str:
    """Ask the new address to confirm, tell the old one, and return the new one as it is stored.

    Whoever asks learns nothing of other accounts: nobody has looked for the address when this
    returns. Raises EmailInvalid, EmailUnchanged, LinkSentLately.
    """
    account = accounts.lock_in_use(account.id)
    email = rules.normal_email(email)
    if email == account.email:
        raise EmailUnchanged(say("This is your mail address already."))
    if mail_tokens.was_made_lately(account, Purpose.CONFIRM_EMAIL, now=now):
        raise LinkSentLately(
            say("We sent such a mail less than a minute ago. Please wait a moment.")
        )
    confirm = mail_tokens.make(account, Purpose.CONFIRM_EMAIL, email=email, now=now)
    undo = mail_tokens.make(account, Purpose.UNDO_EMAIL, email=account.email, now=now)
    promised = {"sealed_link": seal.close(confirm.text, about=LINK)}
    outbox.add(SEND_CONFIRMATION, promised, now=now)
    told = {"new_email": email}
    write_with_link(
        "email_changing", account, undo, to=account.email, seal=seal, now=now, facts=told
    )
    security_journal.note(
        Event.EMAIL_CHANGE_ASKED, account, visitor=visitor, now=now, details={"email": email}
    )
    return email


def send_confirmation(sealed_link: str, *, seal: Seal, now: datetime) -> None:
    """Send a link to the new address, unless somebody has that; neither of them is told so.

    A link that is no longer good, or was sealed with another key, is not sent.
    """
    with suppress(LinkInvalid, SealBroken):
        token = seal.open(sealed_link, about=LINK)
        link = mail_tokens.find(token, {Purpose.CONFIRM_EMAIL}, now=now)
        if queries.find_account_by_email(link.email) is not None:
            return
        account = accounts.lock_in_use(link.user_id)
        made = mail_tokens.again(link, token)
        facts = {"new_email": link.email}
        write_with_link(
            "confirm_email", account, made, to=link.email, seal=seal, now=now, facts=facts
        )


def confirm_email_change(token: str, *, visitor: Visitor, now: datetime) -> Account:
    """Give the account the address that has confirmed it. Raises LinkInvalid, EmailTaken."""
    link = mail_tokens.take(token, Purpose.CONFIRM_EMAIL, now=now)
    account = _moved(link, now=now)
    security_journal.note(
        Event.EMAIL_CHANGED, account, visitor=visitor, now=now, details={"email": link.email}
    )
    return account


def undo_email_change(token: str, *, visitor: Visitor, now: datetime) -> str:
    """Give the account its old address back, and return the token for another password.

    Whoever changed the address knew the password: everybody is signed out, and the address that
    is back may choose a new one. Raises LinkInvalid, EmailTaken.
    """
    link = mail_tokens.take(token, Purpose.UNDO_EMAIL, now=now)
    account = _moved(link, now=now)
    mail_tokens.void_undoing_after(link, now=now)
    sessions.end_all(account, now=now)
    # Whoever took the account over may have begun before that: his factor would keep the owner
    # out, and his keys would let him stay.
    suspect = link.made_at - mail_tokens.LASTS[Purpose.UNDO_EMAIL]
    factors.turn_off_if_later(account, suspect)
    accounts.revoke_keys_made_since(account, suspect, now=now)
    security_journal.note(
        Event.EMAIL_CHANGE_UNDONE, account, visitor=visitor, now=now, details={"email": link.email}
    )
    made = mail_tokens.make(account, Purpose.RESET_PASSWORD, email=link.email, now=now)
    return made.text


def _moved(link: Link, *, now: datetime) -> Account:
    account = accounts.lock_in_use(link.user_id)
    if account.email != link.email:
        _move(account, link.email)
    account.email_verified_at = account.updated_at = now
    mail_tokens.void(account, OF_THE_ADDRESS, now=now)
    return account


def _move(account: Account, email: str) -> None:
    taken = EmailTaken(say("There is an account with this mail address already."))
    if queries.find_account_by_email(email) is not None:
        raise taken
    try:
        with session.begin_nested():
            account.email = email
    except IntegrityError as error:
        # Somebody else has confirmed it at the same moment.
        raise taken from error

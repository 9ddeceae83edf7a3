"""Verify a mail address: a link goes to it, and whoever opens that reads its mails."""

from datetime import datetime

from app.domain.accounts import email_changes, mail_tokens, queries, security_journal
from app.domain.accounts import operations as accounts
from app.domain.accounts.devices import Visitor
from app.domain.accounts.errors import LinkInvalid, LinkSentLately
from app.domain.accounts.mail_tokens import Purpose
from app.domain.accounts.models import Account
from app.domain.accounts.security_journal import Event
from app.domain.mails.links import write_with_link
from app.foundation.sealing import Seal
from app.foundation.sentences import say


def send_verification(account: Account, *, seal: Seal, now: datetime) -> None:
    """Send the link to the account's address. Raises LinkSentLately."""
    account = accounts.lock_in_use(account.id)
    if account.email_verified_at is not None:
        return
    if mail_tokens.was_made_lately(account, Purpose.VERIFY_EMAIL, now=now):
        raise LinkSentLately(
            say("We sent you this mail less than a minute ago. Please look again.")
        )
    token = mail_tokens.make(account, Purpose.VERIFY_EMAIL, email=account.email, now=now)
    write_with_link("verify_email", account, token, to=account.email, seal=seal, now=now)


def verify_email(token: str, *, visitor: Visitor, now: datetime) -> Account:
    """Note that somebody reads the account's mails. Raises LinkInvalid."""
    link = mail_tokens.take(token, Purpose.VERIFY_EMAIL, now=now)
    account = queries.account(link.user_id)
    if account.email != link.email:
        raise LinkInvalid(say("This link is about an address that the account no longer has."))
    account.email_verified_at = account.updated_at = now
    # Now that it is known to be the owner's, none takes its place without it.
    email_changes.ask_old_too(account)
    security_journal.note(Event.EMAIL_VERIFIED, account, visitor=visitor, now=now)
    return account

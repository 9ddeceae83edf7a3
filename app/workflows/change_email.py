"""Want another mail address: both its mailboxes are asked, and it can be taken back until then."""

from contextlib import suppress
from datetime import datetime

from app.domain.accounts import email_changes, mail_tokens, rules, security_journal
from app.domain.accounts import operations as accounts
from app.domain.accounts.devices import Visitor
from app.domain.accounts.email_changes import LINKS, End, PendingChange
from app.domain.accounts.errors import (
    EmailChangeNotWaiting,
    EmailTaken,
    EmailUnchanged,
    LinkInvalid,
    LinkSentLately,
)
from app.domain.accounts.mail_tokens import Purpose
from app.domain.accounts.models import Account
from app.domain.accounts.security_journal import Event
from app.domain.mails.links import LINK, write_with_link
from app.foundation import outbox
from app.foundation.sealing import Seal, SealBroken
from app.foundation.sentences import kept, say
from app.workflows.free_address import refuse_taken

SEND_CONFIRMATION = "send_email_confirmation"


def ask_email_change(
    account: Account, email: str, *, seal: Seal, visitor: Visitor, now: datetime
) -> PendingChange:
    """Ask both addresses to confirm, and return what is waited for.

    An address of so far that was never verified is told alone, and can undo it all the same.
    Whoever asks learns nothing of other accounts: nobody has looked for the address when this
    returns. Raises EmailInvalid, EmailUnchanged, LinkSentLately.
    """
    account = accounts.lock_in_use(account.id)
    email = rules.normal_email(email)
    if email == account.email:
        raise EmailUnchanged(say("This is your mail address already."))
    _refuse_if_sent_lately(account, End.NEW, now=now)
    change = email_changes.begin(account, email, now=now)
    _promise_to_new(account, change, seal=seal, visitor=visitor, now=now)
    _write_to_old(account, change, seal=seal, visitor=visitor, now=now)
    security_journal.note(
        Event.EMAIL_CHANGE_ASKED, account, visitor=visitor, now=now, details={"email": email}
    )
    return change


def send_email_link_again(
    account: Account, end: End, *, seal: Seal, visitor: Visitor, now: datetime
) -> str:
    """Send one end its link once more, and return its address; the link before no longer works.

    Raises EmailChangeNotWaiting, LinkSentLately.
    """
    account = accounts.lock_in_use(account.id)
    change = email_changes.waiting_for(account, end, now=now)
    _refuse_if_sent_lately(account, end, now=now)
    if end == End.NEW:
        _promise_to_new(account, change, seal=seal, visitor=visitor, now=now)
    else:
        _write_to_old(account, change, seal=seal, visitor=visitor, now=now)
    return change.address(end)


def take_back_email_change(account: Account, *, visitor: Visitor, now: datetime) -> str:
    """Keep the address, and return which one was wanted. Raises EmailChangeNotWaiting."""
    email = take_back_if_waiting(account, visitor=visitor, now=now)
    if email is None:
        raise email_changes.nothing_waits()
    return email


def take_back_if_waiting(account: Account, *, visitor: Visitor, now: datetime) -> str | None:
    """Keep the address; return which one was wanted, if one was.

    Whoever chooses another password may do so because it was not he who wanted it.
    """
    account = accounts.lock_in_use(account.id)
    email = email_changes.take_back(account, now=now)
    if email is not None:
        event, details = Event.EMAIL_CHANGE_TAKEN_BACK, {"email": email}
        security_journal.note(event, account, visitor=visitor, now=now, details=details)
    return email


def send_confirmation(sealed_link: str, *, device: str, seal: Seal, now: datetime) -> None:
    """Send a link to the new address, unless somebody has that; neither of them is told so.

    A link that is no longer good, or was sealed with another key, is not sent.
    """
    with suppress(LinkInvalid, SealBroken, EmailChangeNotWaiting, EmailTaken):
        token = seal.open(sealed_link, about=LINK)
        link = mail_tokens.find(token, {Purpose.CONFIRM_EMAIL}, now=now)
        refuse_taken(link.email)
        account = accounts.lock_in_use(link.user_id)
        change = email_changes.waiting_for(account, End.NEW, now=now)
        facts = _asked(change, device=device, at=link.made_at)
        made = mail_tokens.again(link, token)
        write_with_link(
            "confirm_email", account, made, to=link.email, seal=seal, now=now, facts=facts
        )


def _refuse_if_sent_lately(account: Account, end: End, *, now: datetime) -> None:
    if mail_tokens.was_made_lately(account, LINKS[end], now=now):
        raise LinkSentLately(
            say("We sent such a mail less than a minute ago. Please wait a moment.")
        )


def _promise_to_new(
    account: Account, change: PendingChange, *, seal: Seal, visitor: Visitor, now: datetime
) -> None:
    made = email_changes.make_link(account, change, End.NEW, now=now)
    sealed = seal.close(made.text, about=LINK)
    promised = {"sealed_link": sealed, "device": kept(visitor.device)}
    outbox.add(SEND_CONFIRMATION, promised, now=now)


def _write_to_old(
    account: Account, change: PendingChange, *, seal: Seal, visitor: Visitor, now: datetime
) -> None:
    """Tell the address of so far, with a link to undo it; and ask it, where it has a say."""
    undo = mail_tokens.make(account, Purpose.UNDO_EMAIL, email=account.email, now=now)
    kind, facts = "email_changing", _asked(change, device=visitor.device, at=now)
    if change.waits_for_old:
        release = email_changes.make_link(account, change, End.OLD, now=now)
        kind = "release_email"
        facts |= {
            "sealed_release": seal.close(release.text, about=LINK),
            "release_until": release.expires_at.isoformat(),
            "address": visitor.address,
        }
    write_with_link(kind, account, undo, to=account.email, seal=seal, now=now, facts=facts)


def _asked(change: PendingChange, *, device: str, at: datetime) -> dict[str, object]:
    """Return who asked for what, for mailboxes of which nobody knows yet whose they are.

    So it names the browser, and not the network that its owner is in.
    """
    return {
        "new_email": change.email,
        "old_email": change.old_email,
        "device": device,
        "at": at.isoformat(),
    }

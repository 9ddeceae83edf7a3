"""What can be done with mails. Changes state; never commits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, or_, select

from app.domain.accounts import queries as accounts
from app.domain.accounts.models import Account
from app.domain.mails.models import Mail
from app.foundation import outbox
from app.foundation.bulk import any_of, insert_rows
from app.foundation.database import session
from app.foundation.sentences import kept

SEND_MAIL = "send_mail"


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be written to whom; once for each kind and what it is about."""

    kind: str
    user_id: str
    address: str
    about: str
    facts: Mapping[str, object]

    @property
    def source(self) -> str:
        """Return what makes the letter one of its kind."""
        return f"{self.kind}:{self.about}"


def write(
    kind: str, account: Account, *, about: str, facts: Mapping[str, object], now: datetime
) -> bool:
    """Write to the account's billing address, once for each kind and what it is about.

    Tell whether it is new. It goes out after the commit. Nobody reads what is written to an
    account that was erased.
    """
    if account.erased_at is not None:
        return False
    address = accounts.settings_of(account).billing_email or account.email
    return write_all([Letter(kind, account.id, address, about, facts)], now=now) == 1


def write_to(
    address: str,
    kind: str,
    account: Account,
    *,
    about: str,
    facts: Mapping[str, object],
    now: datetime,
) -> bool:
    """Write about the account to an address of its own; else like `write`.

    For what concerns whoever signs in, not whoever is billed.
    """
    return write_all([Letter(kind, account.id, address, about, facts)], now=now) == 1


def write_all(letters: Sequence[Letter], *, now: datetime) -> int:
    """Write the letters that were not written before, and return how many those are.

    Four statements, however many letters.
    """
    session.flush()
    sources = [letter.source for letter in letters]
    known = set(session.scalars(select(Mail.source).where(any_of(Mail.source, sources))))
    new = [letter for letter in letters if letter.source not in known]
    written = insert_rows(
        Mail,
        [
            {
                "user_id": letter.user_id,
                "kind": letter.kind,
                "address": letter.address,
                "facts": {name: kept(fact) for name, fact in letter.facts.items()},
                "source": letter.source,
                "created_at": now,
            }
            for letter in new
        ],
        unless_known="source",
    )
    # Where two write the same at once, both promise to send it; it is sent once all the same.
    ids = select(Mail.id).where(any_of(Mail.source, [letter.source for letter in new]))
    outbox.add_all(SEND_MAIL, [{"mail": mail_id} for mail_id in session.scalars(ids)], now=now)
    return written


def forget_of(account: Account) -> None:
    """Delete the account's mails; what is still on its way stays until it has arrived."""
    session.execute(delete(Mail).where(Mail.user_id == account.id, is_settled()))


def note_sent(mail_id: int, *, now: datetime) -> None:
    """Note that the server has taken the mail."""
    mail = _locked(mail_id)
    if not mail.is_settled:
        mail.sent_at = now


def note_kept(mail_id: int, *, now: datetime) -> None:
    """Note that the mail stays here: there is no server to give it to."""
    mail = _locked(mail_id)
    if not mail.is_settled:
        mail.kept_at = now


def note_refused(mail_id: int, *, reason: str, now: datetime) -> None:
    """Note that the server will never take the mail."""
    mail = _locked(mail_id)
    if not mail.is_settled:
        mail.refused_at = now
        mail.refusal = reason


def is_settled() -> ColumnElement[bool]:
    """Return the condition that nothing more is to be done about a mail."""
    ends = (Mail.sent_at, Mail.kept_at, Mail.refused_at)
    return or_(*(end.is_not(None) for end in ends))


def _locked(mail_id: int) -> Mail:
    return session.get_one(Mail, mail_id, with_for_update=True, populate_existing=True)

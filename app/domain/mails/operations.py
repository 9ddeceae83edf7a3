"""What can be done with mails. Changes state; never commits."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from app.domain.accounts import queries as accounts
from app.domain.accounts.models import Account
from app.domain.mails.models import Mail
from app.foundation import outbox
from app.foundation.database import session

SEND_MAIL = "send_mail"


def write(
    kind: str, account: Account, *, about: str, facts: Mapping[str, object], now: datetime
) -> bool:
    """Write to the account's billing address, once for each kind and what it is about.

    Tell whether it is new. It goes out after the commit.
    """
    address = accounts.settings_of(account).billing_email or account.email
    mail = Mail(
        user_id=account.id,
        kind=kind,
        address=address,
        facts=dict(facts),
        source=f"{kind}:{about}",
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(mail)
    except IntegrityError:
        # It was written before.
        return False
    outbox.add(SEND_MAIL, {"mail": mail.id}, now=now)
    return True


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


def _locked(mail_id: int) -> Mail:
    return session.get_one(Mail, mail_id, with_for_update=True, populate_existing=True)

"""Questions about mails. Reads only."""

from sqlalchemy import select

from app.domain.accounts.models import Account
from app.domain.mails.errors import UnknownMail
from app.domain.mails.models import Mail
from app.foundation.database import session
from app.foundation.paging import Stretch, stretch
from app.foundation.sentences import say

LISTED_MAX = 100


def mail(mail_id: int) -> Mail:
    """Return the mail, for whoever sends it. Raises UnknownMail."""
    found = session.get(Mail, mail_id)
    if found is None:
        raise UnknownMail(say("There is no mail with this id."))
    return found


def mails_of(account: Account) -> list[Mail]:
    """Return the account's latest mails, newest first."""
    ours = select(Mail).where(Mail.user_id == account.id).order_by(Mail.id.desc())
    return list(session.scalars(ours.limit(LISTED_MAX)))


def mail_of(account: Account, mail_id: int) -> Mail:
    """Return the account's mail. Raises UnknownMail."""
    found = session.scalar(select(Mail).where(Mail.id == mail_id, Mail.user_id == account.id))
    if found is None:
        raise UnknownMail(say("You have no such mail."))
    return found


def refused_mails(*, limit: int, before: int | None = None) -> Stretch[Mail]:
    """Return the mails of all accounts that no server will ever take, newest first."""
    refused = select(Mail).where(Mail.refused_at.is_not(None)).order_by(Mail.id.desc())
    if before is not None:
        refused = refused.where(Mail.id < before)
    rows = session.scalars(refused.limit(limit + 1)).all()
    return stretch(rows, limit=limit, number=lambda row: row.id)

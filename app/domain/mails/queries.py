"""Questions about mails. Reads only."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select, func, select

from app.domain.accounts.models import Account
from app.domain.mails.errors import UnknownMail
from app.domain.mails.models import Mail
from app.foundation.database import session
from app.foundation.paging import Stretch, stretch
from app.foundation.sentences import say


class Choice(StrEnum):
    """Which mails of all accounts are looked through."""

    # No server will ever take them.
    REFUSED = "refused"
    ALL = "all"


def mail(mail_id: int) -> Mail:
    """Return the mail, for whoever sends it. Raises UnknownMail."""
    found = session.get(Mail, mail_id)
    if found is None:
        raise UnknownMail(say("There is no mail with this id."))
    return found


def mails_of(
    account: Account,
    *,
    limit: int,
    before: int | None = None,
    kinds: Collection[str] | None = None,
) -> Stretch[Mail]:
    """Return the account's mails, newest first: of all kinds, or of these."""
    ours = select(Mail).where(Mail.user_id == account.id)
    if kinds is not None:
        ours = ours.where(Mail.kind.in_(kinds))
    return _newest(ours, limit=limit, before=before)


def count_since(account: Account, *, kinds: Collection[str], since: datetime) -> int:
    """Return how many mails of these kinds the account was written since a moment."""
    ours = select(func.count()).where(Mail.user_id == account.id, Mail.kind.in_(kinds))
    return session.scalars(ours.where(Mail.created_at >= since)).one()


def mail_of(account: Account, mail_id: int) -> Mail:
    """Return the account's mail. Raises UnknownMail."""
    found = session.scalar(select(Mail).where(Mail.id == mail_id, Mail.user_id == account.id))
    if found is None:
        raise UnknownMail(say("You have no such mail."))
    return found


def mails_found(
    choice: Choice = Choice.REFUSED,
    *,
    limit: int,
    user_id: str | None = None,
    before: int | None = None,
) -> Stretch[Mail]:
    """Return the mails that were chosen, of all accounts or of one, newest first."""
    chosen = select(Mail)
    if choice is Choice.REFUSED:
        chosen = chosen.where(Mail.refused_at.is_not(None))
    if user_id is not None:
        chosen = chosen.where(Mail.user_id == user_id)
    return _newest(chosen, limit=limit, before=before)


def _newest(chosen: Select[Mail], *, limit: int, before: int | None) -> Stretch[Mail]:
    newest = chosen.order_by(Mail.id.desc()).limit(limit + 1)
    if before is not None:
        newest = newest.where(Mail.id < before)
    return stretch(session.scalars(newest).all(), limit=limit, number=lambda row: row.id)

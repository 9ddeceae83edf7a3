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

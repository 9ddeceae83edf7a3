"""Free an address that was registered by somebody who has never read its mails.

Anybody may register any address: that alone must keep it from nobody whose mailbox it is.
"""

from datetime import datetime

from app.domain.accounts import deletion, queries
from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.mails import operations as mails
from app.domain.usage.queries import all_time
from app.domain.usage.views import Sums
from app.foundation import journal
from app.workflows.erase_account import ERASED


def refuse_taken(email: str) -> None:
    """Refuse an address that is somebody's. Raises EmailTaken."""
    found = queries.find_account_by_email(email)
    if found is not None and not _is_nobodys(found):
        raise accounts.email_taken()


def free_address(email: str, *, now: datetime) -> None:
    """Let an address be free for who has shown that its mailbox is his.

    The account that was opened for it, and that nobody has claimed, is erased. Raises EmailTaken.
    """
    found = queries.find_account_by_email(email)
    if found is None:
        return
    account = accounts.lock_in_use(found.id)
    if not _is_nobodys(account):
        raise accounts.email_taken()
    mails.forget_of(account)
    deletion.erase(account, now=now)
    journal.write(ERASED, actor="system", user_id=account.id, now=now)


def _is_nobodys(account: Account) -> bool:
    # What a gateway has used in its name has to be billed to somebody.
    is_empty = not (account.extra_tokens or account.credit_minor) and all_time(account) == Sums()
    return account.is_unclaimed and is_empty

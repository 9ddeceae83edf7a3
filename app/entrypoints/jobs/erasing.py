"""Accounts whose waiting is over are erased, once nothing is owed of them."""

from app.domain.accounts import deletion
from app.entrypoints.settings import renewal_grace
from app.foundation import clock
from app.foundation.database import end_reading, transaction
from app.workflows.erase_account import erase_account

AT_ONCE = 100


def erase_what_is_due() -> None:
    """Erase one account after the other; whoever owes something is looked at again next time."""
    after: str | None = ""
    while after is not None:
        user_ids = deletion.due(now=clock.now(), limit=AT_ONCE, after=after)
        end_reading()
        for user_id in user_ids:
            with transaction():
                erase_account(user_id, grace=renewal_grace(), now=clock.now())
        after = user_ids[-1] if len(user_ids) == AT_ONCE else None

"""Keep a checkpoint: what the records of closed months come to, once the books were found right."""

from datetime import datetime, timedelta

from app.domain.usage import checkpoints
from app.workflows.find_months_to_close import months_closed_for_all

# By then, nothing that was under way when the close was through is still under way.
SETTLED_AFTER = timedelta(hours=1)


def keep_checkpoint(*, now: datetime) -> None:
    """Keep what the records of the months come to that were closed for everyone an hour ago.

    Call it right after the books were found right, in a transaction of its own.
    """
    months = months_closed_for_all(before=now - SETTLED_AFTER)
    # Mostly there is no new one: then nobody has to wait for the tables.
    if not months <= checkpoints.verified_months():
        checkpoints.cover(months, now=now)

"""Automatic top-ups are begun wherever a balance has come below its threshold."""

from app.entrypoints.selling import seller
from app.entrypoints.settings import renewal_grace
from app.foundation import clock
from app.foundation.database import end_reading, transaction
from app.workflows.auto_top_up import auto_top_up, find_top_ups


def top_up_where_due() -> None:
    """Look at every account whose balance is below its threshold; the guard decides."""
    user_ids = find_top_ups()
    end_reading()
    for user_id in user_ids:
        top_up(user_id)


def top_up(user_id: str) -> None:
    """Buy tokens for one account if its guard lets it."""
    with transaction():
        auto_top_up(user_id, seller=seller(), grace=renewal_grace(), now=clock.now())

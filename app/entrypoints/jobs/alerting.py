"""Alerts go out: whoever crossed a threshold is told of it, a part of the accounts at a time."""

from collections.abc import Callable, Sequence

from app.domain.alerts import queries
from app.entrypoints.settings import renewal_grace
from app.foundation import clock
from app.foundation.database import end_reading, transaction
from app.workflows.check_alerts import check_alerts

ACCOUNTS_AT_ONCE = 200

Find = Callable[..., Sequence[str]]


def tell_what_was_crossed() -> None:
    """Tell the accounts that crossed a threshold; where nothing was crossed, one statement."""
    _check_found(queries.user_ids_to_tell)


def tell_what_is_foreseen() -> None:
    """Tell the accounts whose quota will not last; paces are of days, so seldom is enough."""
    _check_found(queries.user_ids_to_forecast)


def _check_found(find: Find) -> None:
    after: str | None = ""
    while after is not None:
        user_ids = find(now=clock.now(), after=after, limit=ACCOUNTS_AT_ONCE)
        end_reading()
        if user_ids:
            with transaction():
                check_alerts(user_ids, now=clock.now(), grace=renewal_grace())
        after = user_ids[-1] if len(user_ids) == ACCOUNTS_AT_ONCE else None

"""What was kept long enough goes, day by day, in small parts."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from flask import current_app

from app.config import Settings
from app.config.retention import Retention
from app.domain.accounts import email_changes, mail_tokens, queries, sessions
from app.domain.mails.forgetting import forget_mails
from app.domain.payments.forgetting import forget_bodies
from app.domain.usage import pruning
from app.entrypoints.jobs.parts import in_parts
from app.foundation import clock
from app.foundation.database import end_reading, transaction
from app.foundation.periods import BillingMonth
from app.foundation.retaining import forget_journal, forget_promises
from app.workflows.prune_usage import prune_usage

ROWS_AT_ONCE = 500
ACCOUNTS_AT_ONCE = 200

Forget = Callable[..., int]


def forget_what_is_old() -> None:
    """Delete everything that was kept as long as the settings say."""
    settings: Settings = current_app.config["SETTINGS"]
    kept, now = settings.retention, clock.now()
    for forget, before in _horizons(kept, now=now):
        if before is not None:
            in_parts(partial(_forget_some, forget, before))
    forget_old_sign_ins()
    before = months_ago(kept.usage_records_months, now=now)
    if before is not None:
        for user_id in _who_has_older(before):
            in_parts(partial(_prune_some, user_id, before))


def forget_old_sign_ins() -> None:
    """Delete sessions and links that ended long ago, and devices that have not come for long."""
    settings: Settings = current_app.config["SETTINGS"]
    kept = timedelta(days=settings.retention.sign_ins_days)
    if kept:
        with transaction():
            sessions.forget_old(now=clock.now(), kept=kept)
            mail_tokens.forget_old(now=clock.now(), kept=kept)
            email_changes.forget_old(now=clock.now(), kept=kept)


def months_ago(months: int, *, now: datetime) -> datetime | None:
    """Return the beginning of the month so many before this one; none where 0 keeps for ever."""
    return BillingMonth.of(now).plus(-months).period.starts_at if months else None


def days_ago(days: int, *, now: datetime) -> datetime | None:
    """Return the moment so many days before; none where 0 keeps for ever."""
    return now - timedelta(days=days) if days else None


def _horizons(kept: Retention, *, now: datetime) -> tuple[tuple[Forget, datetime | None], ...]:
    return (
        (forget_mails, months_ago(kept.mails_months, now=now)),
        (forget_journal, months_ago(kept.journal_months, now=now)),
        (forget_promises, days_ago(kept.sign_ins_days, now=now)),
        (forget_bodies, days_ago(kept.webhooks_days, now=now)),
    )


def _forget_some(forget: Forget, before: datetime, _now: datetime) -> int:
    return forget(before=before, limit=ROWS_AT_ONCE)


def _prune_some(user_id: str, before: datetime, _now: datetime) -> int:
    return prune_usage(user_id, before=before)


def _who_has_older(before: datetime) -> Iterator[str]:
    user_ids = queries.user_ids_after("", limit=ACCOUNTS_AT_ONCE)
    while user_ids:
        # Most have none: to lock each of them every day would hold their posts up for nothing.
        older = pruning.who_has_older(user_ids, before=before)
        end_reading()
        yield from older
        user_ids = queries.user_ids_after(user_ids[-1], limit=ACCOUNTS_AT_ONCE)

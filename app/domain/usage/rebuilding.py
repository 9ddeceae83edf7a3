"""Rebuilding: an account's hours and days are cut anew from its records, in the zone it has now.

The database adds the records up by quarters of an hour in UTC, which no zone of this century
cuts; only those sums are read, a week at a time, however many records there are.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, cast, delete, func, select

from app.domain.accounts.models import Account
from app.domain.usage.models import (
    BillingRecord,
    PrunedUsage,
    RecordStatus,
    UsageDaily,
    UsageHourly,
    UsageLabel,
)
from app.domain.usage.rollups import SUMS, Place, Rollups
from app.domain.usage.rules import OTHER
from app.foundation.database import Whole, session
from app.foundation.moments import quarter_of
from app.foundation.periods import QUARTER_SECONDS, Period
from app.foundation.writes import do_together

PART = timedelta(days=7)


def rebuild_hours_and_days(account: Account) -> None:
    """Write the account's hours and days anew; it is locked, so nothing is counted meanwhile."""
    for rollup in (UsageHourly, UsageDaily):
        session.execute(delete(rollup).where(rollup.user_id == account.id))
    labels = _labels(account)
    for part in _parts(account):
        _count(account, session.execute(_added_up(account, part)), labels)
    # Those whose records are kept no longer were added up in the same way before they went.
    _count(account, session.execute(_pruned(account)), labels)


def _count(account: Account, rows: Iterable[Any], labels: set[tuple[str, str]]) -> None:
    rollups, zone = Rollups(), ZoneInfo(account.timezone)
    for quarter, model, api_key, provider, *sums in rows:
        place = Place(
            user_id=account.id,
            zone=zone,
            occurred_at=datetime.fromtimestamp(quarter * QUARTER_SECONDS, UTC),
            billing_month="",
            model=_kept("model", model, labels),
            api_key=_kept("api_key", api_key, labels),
            provider=_kept("provider", provider, labels),
        )
        rollups.add(place, tuple(sums))
    do_together(rollups.hours_and_days())


def _added_up(account: Account, part: Period) -> Select[*tuple[Any, ...]]:
    quarter = quarter_of(BillingRecord.occurred_at)
    keys = (quarter, BillingRecord.model, BillingRecord.api_key_alias, BillingRecord.provider)
    return select(*keys, *_sums()).where(*_counted(account, part)).group_by(*keys)


def _pruned(account: Account) -> Select[*tuple[Any, ...]]:
    pruned = PrunedUsage
    keys = (pruned.quarter, pruned.model, pruned.api_key, pruned.provider)
    sums = (cast(func.sum(getattr(pruned, name)), Whole) for name in SUMS)
    return select(*keys, *sums).where(pruned.user_id == account.id).group_by(*keys)


def _sums() -> Iterator[ColumnElement[int]]:
    unpriced = func.sum(BillingRecord.total_tokens).filter(
        BillingRecord.status == RecordStatus.UNPRICED
    )
    for name in SUMS:
        if name == "requests":
            yield func.count()
        elif name == "unpriced_tokens":
            yield cast(func.coalesce(unpriced, 0), Whole)
        else:
            yield cast(func.sum(getattr(BillingRecord, name)), Whole)


def _parts(account: Account) -> Iterator[Period]:
    """Return the weeks in which anything occurred."""
    begins_at = _next_at(account, None)
    while begins_at is not None:
        part = Period(begins_at, begins_at + PART)
        yield part
        begins_at = _next_at(account, part.ends_at)


def _next_at(account: Account, moment: datetime | None) -> datetime | None:
    first = select(func.min(BillingRecord.occurred_at)).where(BillingRecord.user_id == account.id)
    if moment is not None:
        first = first.where(BillingRecord.occurred_at >= moment)
    return session.scalar(first)


def _counted(account: Account, part: Period) -> tuple[ColumnElement[bool], ...]:
    return (
        BillingRecord.user_id == account.id,
        BillingRecord.occurred_at >= part.starts_at,
        BillingRecord.occurred_at < part.ends_at,
        BillingRecord.status != RecordStatus.VOIDED,
    )


def _labels(account: Account) -> set[tuple[str, str]]:
    kept = select(UsageLabel.kind, UsageLabel.label).where(UsageLabel.user_id == account.id)
    return {(kind, label) for kind, label in session.execute(kept)}


def _kept(kind: str, label: str | None, labels: set[tuple[str, str]]) -> str:
    """Return the label under which the record was counted when it came."""
    if not label:
        return ""
    return label if (kind, label) in labels else OTHER

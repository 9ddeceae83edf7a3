"""1: records are their hours and days by the whole key, cut where the clocks of their zone do.

The databases know no zones, or know others than we do: by how much an account's clocks are ahead
of UTC, and from when on, is worked out here and given to them. An account whose charts are still
cut in the zone it had before is left out.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    CTE,
    ColumnElement,
    SQLColumnExpression,
    Subquery,
    Text,
    and_,
    case,
    cast,
    column,
    func,
    or_,
    select,
    union_all,
    values,
)

from app.domain.accounts import queries as accounts
from app.domain.accounts.models import Account
from app.domain.usage.buckets import clock_shifts
from app.domain.usage.models import (
    BillingRecord,
    PrunedUsage,
    RecordStatus,
    UsageDaily,
    UsageHourly,
    UsageSums,
)
from app.domain.usage.rollups import SUMS
from app.foundation.database import Whole, session
from app.foundation.moments import day_number, quarter_of
from app.foundation.periods import QUARTER_SECONDS, QUARTERS_PER_DAY, QUARTERS_PER_HOUR
from app.workflows.verify_books.reading import Check, Rows
from app.workflows.verify_books.usage import difference_told, kept_apart

RECORD = BillingRecord
LABELS = ("model", "api_key", "provider")
BY_HOUR = ("user_id", "hour", *LABELS)
BY_DAY = ("user_id", "day", "model", "api_key")
EPOCH = date(1970, 1, 1)
EVER = 2**40
# Zone, first quarter of an hour, the one after the last, by how many its clocks are ahead of UTC.
Clocks = tuple[tuple[str, int, int, int], ...]


def checks() -> tuple[Check, ...]:
    """Return the checks of the hours and days of every zone that an account with usage is in."""
    return _checks(_clocks())


@lru_cache(maxsize=4)
def _checks(clocks: Clocks) -> tuple[Check, ...]:
    """Make the checks once for the same clocks, so that their statement is the same too."""
    cut = _cut(clocks)
    parts = (_kept_apart(_recorded(cut)), _pruned(cut))
    usage = union_all(*parts).cte("local_usage")
    hourly = partial(
        _differing, usage, cut, UsageHourly, quarter_of(UsageHourly.hour), keys=BY_HOUR
    )
    daily = partial(_differing, usage, cut, UsageDaily, day_number(UsageDaily.day), keys=BY_DAY)
    return (
        Check(hourly, partial(_told, table="usage_hourly", keys=BY_HOUR, moment=_hour_told)),
        Check(daily, partial(_told, table="usage_daily", keys=BY_DAY, moment=_day_told)),
    )


def _clocks() -> Clocks:
    found: list[tuple[str, int, int, int]] = []
    quarter, ours = quarter_of(RECORD.occurred_at), RECORD.user_id == Account.id
    spans = select(Account.timezone, func.min(quarter), func.max(quarter)).join(RECORD, ours)
    for zone, first, last in session.execute(spans.group_by(Account.timezone)):
        # Whatever is kept of before was pruned; what comes meanwhile is after.
        shifts = clock_shifts(ZoneInfo(zone), first=_first_pruned(first), last=last)
        begins = [0, *(begin for begin, _ in shifts[1:])]
        ends = [*begins[1:], EVER]
        found += [
            (zone, begin, end, ahead)
            for begin, end, (_, ahead) in zip(begins, ends, shifts, strict=True)
        ]
    return tuple(sorted(found))


def _first_pruned(first: int) -> int:
    pruned = session.scalar(select(func.min(PrunedUsage.quarter)))
    return first if pruned is None else min(first, pruned)


def _cut(clocks: Clocks) -> CTE:
    """Return by account where its clocks stood when."""
    names: list[Any] = [column("zone", Text)]
    names += [column(name, Whole) for name in ("begins", "ends", "ahead")]
    zones = values(*names, name="clocks").data(clocks or [("", 0, 0, 0)]).cte("clocks")
    waiting = accounts.ids_with_rollups_to_rebuild()
    ours = select(Account.id.label("user_id"), zones.c.begins, zones.c.ends, zones.c.ahead)
    joined = ours.join(zones, zones.c.zone == Account.timezone)
    return joined.where(Account.id.not_in(waiting)).cte("cut")


def _places(
    quarter: SQLColumnExpression[int], ahead: ColumnElement[int]
) -> list[ColumnElement[int]]:
    """Return the hour, as the quarter with which it begins, and the number of the local day."""
    local = quarter + ahead
    hour = (quarter - local % QUARTERS_PER_HOUR).label("hour")
    return [hour, (local // QUARTERS_PER_DAY).label("day")]


def _holds(cut: CTE, user_id: Any, quarter: SQLColumnExpression[int]) -> ColumnElement[bool]:
    within = and_(quarter >= cut.c.begins, quarter < cut.c.ends)
    return and_(cut.c.user_id == user_id, within)


def _recorded(cut: CTE) -> Subquery:
    """Return what records sum up to, under the labels that they came with."""
    quarter = quarter_of(RECORD.occurred_at)
    named = (RECORD.model, RECORD.api_key_alias.label("api_key"), RECORD.provider)
    keys = (RECORD.user_id, *_places(quarter, cut.c.ahead), *named)
    unpriced = func.sum(RECORD.total_tokens).filter(RECORD.status == RecordStatus.UNPRICED)
    worked_out = {"requests": func.count(), "unpriced_tokens": func.coalesce(unpriced, 0)}
    added_up = (
        worked_out[name] if name in worked_out else func.sum(getattr(RECORD, name)) for name in SUMS
    )
    # PostgreSQL adds whole numbers up several times as fast as its exact decimals.
    sums = (cast(each, Whole).label(name) for name, each in zip(SUMS, added_up, strict=True))
    added = select(*keys, *sums).join(cut, _holds(cut, RECORD.user_id, quarter))
    return added.where(RECORD.status != RecordStatus.VOIDED).group_by(*keys).subquery()


def _kept_apart(usage: Subquery) -> Rows:
    """Return the same under the labels that rollups keep apart."""
    joined: Any = usage
    kept: dict[str, ColumnElement[str]] = {}
    for kind in LABELS:
        apart, is_theirs, label = kept_apart(usage.c.user_id, kind, usage.c[kind])
        joined = joined.outerjoin(apart, is_theirs)
        none = (func.coalesce(usage.c[kind], "") == "", "")
        kept[kind] = case(none, else_=label).label(kind)
    places = (usage.c[name] for name in ("user_id", "hour", "day"))
    return select(*places, *kept.values(), *(usage.c[name] for name in SUMS)).select_from(joined)


def _pruned(cut: CTE) -> Rows:
    pruned = PrunedUsage
    places = _places(pruned.quarter, cut.c.ahead)
    named = (getattr(pruned, name) for name in (*LABELS, *SUMS))
    columns = select(pruned.user_id, *places, *named)
    return columns.join(cut, _holds(cut, pruned.user_id, pruned.quarter))


def _differing(
    usage: CTE,
    cut: CTE,
    table: type[UsageSums],
    begins: ColumnElement[int],
    *,
    keys: tuple[str, ...],
) -> Rows:
    """Return where the usage and the table come to other sums."""
    own = (getattr(table, keys[0]), begins, *(getattr(table, name) for name in keys[2:]))
    taken_off = (-getattr(table, name) for name in SUMS)
    kept = select(*own, *taken_off).where(own[0].in_(select(cut.c.user_id)))
    both = union_all(select(*(usage.c[name] for name in (*keys, *SUMS))), kept).subquery()
    places, left = [both.c[name] for name in keys], [func.sum(both.c[name]) for name in SUMS]
    return select(*places, *left).group_by(*places).having(or_(*(sums != 0 for sums in left)))


def _told(*texts: str, table: str, keys: tuple[str, ...], moment: Callable[[int], str]) -> str:
    user_id, when, *rest = texts
    return difference_told(user_id, moment(int(when)), *rest, table=table, keys=keys)


def _hour_told(quarter: int) -> str:
    return datetime.fromtimestamp(quarter * QUARTER_SECONDS, UTC).isoformat()


def _day_told(day: int) -> str:
    return (EPOCH + timedelta(days=day)).isoformat()

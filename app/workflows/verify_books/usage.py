"""1, 2, 3: records, what is rolled up of them, and the periods that they draw from.

The records are read once, and added up by account, months, period and model; every check looks at
those sums. Where months were verified after their close, what their records came to then stands
for them, and only later records are read. Rollups and counters are compared as a whole either way:
months by their whole key, days and hours by account.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.domain.subscriptions.models import SubscriptionPeriod
from app.domain.usage.checkpoint_models import VerifiedMonth, VerifiedUsage
from app.domain.usage.checkpoints import KEYS
from app.domain.usage.models import (
    BillingRecord,
    PrunedUsage,
    RecordStatus,
    UsageDaily,
    UsageHourly,
    UsageLabel,
    UsageMonthly,
)
from app.domain.usage.rollups import MONTHLY_KEYS, SUMS
from app.domain.usage.rules import OTHER
from app.foundation.moments import month_of, month_of_quarter
from app.workflows.verify_books.reading import Check, Rows

# What records and sums have in common by name; the rest of a sum is worked out.
SHARED_SUMS = tuple(name for name in SUMS if name not in ("requests", "unpriced_tokens"))
RECORD = BillingRecord
ADDS_UP = and_(
    RECORD.quota_tokens + RECORD.extra_tokens + RECORD.overage_tokens == RECORD.total_tokens,
    RECORD.final_nanos == RECORD.cost_nanos - RECORD.discount_nanos,
)
# Records below this number are covered by the months that were verified before.
COVERED_BELOW = select(func.coalesce(func.max(VerifiedMonth.records_below), 0)).scalar_subquery()
Keys = tuple[InstrumentedAttribute[Any], ...]


def _later_records() -> CTE:
    """Return the sums of the records that are not covered."""
    return _added_up().where(RECORD.id >= COVERED_BELOW).cte("records")


def _all_records() -> CTE:
    """Return the sums of all records, of those that are covered apart from the others."""
    covered = case((RECORD.id < COVERED_BELOW, 1), else_=0).label("covered")
    return _added_up(covered).cte("records")


def _added_up(*apart: ColumnElement[int]) -> Select[Any]:
    occurred_month = month_of(RECORD.occurred_at).label("occurred_month")
    own: Keys = (
        RECORD.user_id,
        RECORD.billing_month,
        RECORD.period_id,
        RECORD.model,
        RECORD.status,
    )
    groups = [*own, occurred_month, *apart]
    sums = (func.sum(getattr(RECORD, name)).label(name) for name in SHARED_SUMS)
    wrong = func.min(RECORD.request_id).filter(~ADDS_UP).label("wrong")
    added = select(*groups, func.count().label("requests"), *sums, wrong)
    return added.group_by(*groups)


def _counted(records: CTE, *which: ColumnElement[bool]) -> Rows:
    """Return the sums as rollups count them: without what was voided."""
    unpriced = func.sum(records.c.total_tokens).filter(records.c.status == RecordStatus.UNPRICED)
    # Of what is voided nothing is unpriced.
    worked_out = {"unpriced_tokens": func.coalesce(unpriced, 0)}
    sums = (worked_out[name] if name in worked_out else func.sum(records.c[name]) for name in SUMS)
    apart, is_theirs, model = kept_apart(records.c.user_id, "model", records.c.model)
    keys = [*(records.c[name] for name in KEYS[:-1]), model.label("model")]
    stands = records.c.status != RecordStatus.VOIDED
    counted = select(*keys, *_named(sums)).select_from(records.outerjoin(apart, is_theirs))
    return counted.where(stands, *which).group_by(*keys)


def kept_apart(
    user_id: ColumnElement[str], kind: str, label: ColumnElement[Any]
) -> tuple[Any, ColumnElement[bool], ColumnElement[str]]:
    """Return what to join outwards and on what, and the label under which rollups keep this one."""
    apart = aliased(UsageLabel)
    is_theirs = and_(apart.user_id == user_id, apart.kind == kind, apart.label == label)
    return apart, is_theirs, case((apart.label.is_(None), OTHER), else_=label)


def _pruned() -> Rows:
    pruned = PrunedUsage
    occurred_month = month_of_quarter(pruned.quarter).label("occurred_month")
    keys = [pruned.user_id, pruned.billing_month, pruned.period_id, occurred_month, pruned.model]
    sums = (func.sum(getattr(pruned, name)) for name in SUMS)
    return select(*keys, *_named(sums)).group_by(*keys)


def _verified() -> Rows:
    return select(*(getattr(VerifiedUsage, name) for name in (*KEYS, *SUMS)))


def _named(sums: Iterable[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    return [added.label(name) for name, added in zip(SUMS, sums, strict=True)]


def _differing(usage: CTE, keys: Keys) -> Rows:
    """Return where the usage and the table that these keys are of come to other sums."""
    table = keys[0].class_
    names = [key.key for key in keys]
    taken_off = (-func.sum(getattr(table, name)) for name in SUMS)
    kept = select(*keys, *taken_off).group_by(*keys)
    both = union_all(select(*(usage.c[name] for name in (*names, *SUMS))), kept).subquery()
    places = [both.c[name] for name in names]
    left = [func.sum(both.c[name]) for name in SUMS]
    return select(*places, *left).group_by(*places).having(or_(*(sums != 0 for sums in left)))


def difference_told(*texts: str, table: str, keys: tuple[str, ...]) -> str:
    """Tell where a table is not what the records come to, and by how much."""
    user_id, *place = texts[: len(keys)]
    wrong = {
        name: int(left) for name, left in zip(SUMS, texts[len(keys) :], strict=True) if int(left)
    }
    named = "".join(f", {key} {text!r}" for key, text in zip(keys[1:], place, strict=True))
    return f"records less {table} of {user_id}{named} leave {wrong}"


def _wrong_records(records: CTE) -> Rows:
    """2: a record's tokens are split without rest, and its cost less the discount is final."""
    return select(records.c.wrong).where(records.c.wrong.is_not(None))


def _strangers(records: CTE) -> Rows:
    """2: a record draws only from a period of its own account."""
    period, drawn = SubscriptionPeriod, select(records.c.user_id, records.c.period_id)
    # As sets: joined, each of many sums was held against each period.
    of_others = drawn.except_(select(period.user_id, period.id)).subquery()
    first = select(func.min(RECORD.request_id)).where(
        RECORD.user_id == of_others.c.user_id, RECORD.period_id == of_others.c.period_id
    )
    return select(first.scalar_subquery(), of_others.c.period_id)


def _miscounted_periods(usage: CTE) -> Rows:
    """3: a period's counters are the sums of its records."""
    drawn = _drawn(usage)
    used, of_quota = func.coalesce(drawn.c.used, 0), func.coalesce(drawn.c.of_quota, 0)
    period = SubscriptionPeriod
    return (
        select(period.id, period.user_id, period.tokens_used, period.quota_tokens_used)
        .add_columns(used, of_quota)
        .outerjoin(drawn, drawn.c.period_id == period.id)
        .where(or_(period.tokens_used != used, period.quota_tokens_used != of_quota))
    )


def _drawn(usage: CTE) -> Subquery:
    used = func.sum(usage.c.total_tokens).label("used")
    of_quota = func.sum(usage.c.quota_tokens).label("of_quota")
    return select(usage.c.period_id, used, of_quota).group_by(usage.c.period_id).subquery()


def _compared(usage: CTE, *keys: InstrumentedAttribute[Any]) -> Check:
    table = keys[0].class_.__tablename__
    told = partial(difference_told, table=table, keys=tuple(key.key for key in keys))
    return Check(partial(_differing, usage, keys), told)


def _checks(records: CTE, usage: CTE) -> tuple[Check, ...]:
    return (
        # 1: records are their hours and days, and their months as invoices and limits read them.
        # What days and hours are apart by is compared in full: it took as long as all the rest.
        _compared(usage, UsageHourly.user_id),
        _compared(usage, UsageDaily.user_id),
        _compared(usage, *(getattr(UsageMonthly, name) for name in MONTHLY_KEYS)),
        Check(
            partial(_wrong_records, records),
            "record {} does not add up: see its split and its discount".format,
        ),
        Check(
            partial(_strangers, records),
            "record {} draws from period {} of another account".format,
        ),
        Check(
            partial(_miscounted_periods, usage),
            "period {} of {} counts {} tokens, {} of quota; its records sum to {}, {}".format,
        ),
    )


def _checks_since() -> tuple[Check, ...]:
    records = _later_records()
    usage = union_all(_counted(records), _pruned(), _verified()).cte("usage")
    return _checks(records, usage)


def _checks_in_full() -> tuple[Check, ...]:
    records = _all_records()
    usage = union_all(_counted(records), _pruned()).cte("usage")
    # Covered records are still what they were when their months were verified.
    covered = _counted(records, records.c.covered == 1).cte("covered")
    keys = (getattr(VerifiedUsage, name) for name in KEYS)
    return (*_checks(records, usage), _compared(covered, *keys))


CHECKS = _checks_since()
CHECKS_IN_FULL = _checks_in_full()

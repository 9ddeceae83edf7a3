"""A long history of usage by many accounts, written row by row but in sets: no workflow runs.

It is there to be searched, not to be added up: rollups hold rows of their own.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.domain.catalog.models import ModelPrice
from app.domain.subscriptions.models import SubscriptionPeriod
from app.domain.usage.models import (
    BillingRecord,
    MonthClose,
    PrunedRequest,
    PrunedUsage,
    UsageCorrection,
    UsageDaily,
    UsageHourly,
    UsageLabel,
    UsageMonthly,
)
from app.domain.usage.pruning import digest_of_request
from app.domain.usage.rollups import SUMS
from app.foundation.bulk import insert_rows
from app.foundation.database import Base, db, session, transaction
from app.foundation.periods import BillingMonth, month_of

NO_SUMS = dict.fromkeys(SUMS, 0)
TOKENS = ("prompt_tokens", "total_tokens", "overage_tokens")
NO_TOKENS = ("completion_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens")
NOT_SPLIT = ("quota_tokens", "extra_tokens", "granted_tokens", "overage_discount_bp")
UNPRICED_EVERY = 100
AT_ONCE = 10_000
# No page shows a whole table's accounts: there are others, who have nothing but months.
STRANGERS, STRANGERS_MONTHS = 300, 60


def make_long_history(user_ids: Sequence[str], *, now: datetime, each: int = 600) -> None:
    """Let each of the accounts have used something in each of the last hours, days and months."""
    for user_id in user_ids:
        make_records(user_id, each, now=now)
    with transaction():
        for user_id in user_ids:
            _write_rollups(user_id, now=now, each=each)
        for number in range(STRANGERS):
            _write_months(f"stranger-{number}", now=now, number=STRANGERS_MONTHS)
        insert_rows(PrunedRequest, [_pruned_request(number) for number in range(5_000)])
    let_planner_know(Base.metadata.sorted_tables)


def let_planner_know(tables: Sequence[sa.Table]) -> None:
    """Let the database know its rows, and none of the room that the tests before have left."""
    if db.engine.dialect.name == "sqlite":
        with transaction():
            session.execute(sa.text("ANALYZE"))
        return
    # Deleted rows make a table long, and what seems cheap in a long one is not what is cheap.
    names = ", ".join(table.name for table in tables)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {names}")


def make_records(
    user_id: str, number: int, *, now: datetime, apart: timedelta = timedelta(hours=1)
) -> None:
    """Write so many records of an account, one each of the last hours or whatever they are apart.

    Nothing but the records: their sums are in no rollup.
    """
    with transaction():
        period = session.scalars(sa.select(SubscriptionPeriod).filter_by(user_id=user_id)).one()
        given = {"subscription_id": period.subscription_id, "period_id": period.id}
        price_id = session.scalar(sa.select(sa.func.min(ModelPrice.id)))
        numbers = range(number)
        for part in (numbers[start : start + AT_ONCE] for start in numbers[::AT_ONCE]):
            rows = [
                {**_record(user_id, each, now - each * apart, price_id=price_id), **given}
                for each in part
            ]
            insert_rows(BillingRecord, rows)


def _record(user_id: str, number: int, at: datetime, *, price_id: int) -> dict[str, object]:
    is_unpriced = number % UNPRICED_EVERY == 0
    cost = 0 if is_unpriced else 1_000
    return {
        "user_id": user_id,
        "request_id": f"{user_id}-{number}",
        "model": f"model-{number % 7}",
        "status": "unpriced" if is_unpriced else "completed",
        "price_id": None if is_unpriced else price_id,
        "billing_month": month_of(at),
        **{"occurred_at": at, "occurred_at_given": True, "is_estimated": False},
        **{"created_at": at, "updated_at": at},
        **{"cost_nanos": cost, "final_nanos": cost, "discount_nanos": 0},
        **dict.fromkeys(TOKENS, 100),
        **dict.fromkeys((*NO_TOKENS, *NOT_SPLIT), 0),
    }


def _write_rollups(user_id: str, *, now: datetime, each: int) -> None:
    named = {"user_id": user_id, "model": "model-1"}
    labels = {**named, "api_key": "", **NO_SUMS}
    hours = [
        now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=n) for n in range(each)
    ]
    insert_rows(UsageHourly, [{**labels, "hour": hour, "provider": ""} for hour in hours])
    days = [now.date() - timedelta(days=number) for number in range(each)]
    insert_rows(UsageDaily, [{**labels, "day": day} for day in days])
    months = _write_months(user_id, now=now, number=each // 2)
    pruned = {**labels, "period_id": 1, "billing_month": "2020-01", "provider": ""}
    insert_rows(PrunedUsage, [{**pruned, "quarter": number} for number in range(each)])
    label = {"user_id": user_id, "kind": "model"}
    insert_rows(UsageLabel, [{**label, "label": f"model-{number}"} for number in range(each)])
    insert_rows(
        MonthClose,
        [{"billing_month": m, "user_id": user_id, "closed_at": now} for m in months[1:]],
    )
    correction = {"user_id": user_id, "kind": "shortfall", "amount_nanos": 1, "wording": {}}
    told = {**correction, "billing_month": "2020-01", "description": "", "created_at": now}
    insert_rows(UsageCorrection, [told] * each)


def _write_months(user_id: str, *, now: datetime, number: int) -> list[str]:
    months = [str(BillingMonth.of(now).plus(-ago)) for ago in range(number)]
    own = {"user_id": user_id, "model": "model-1", **NO_SUMS}
    insert_rows(
        UsageMonthly, [{**own, "billing_month": month, "occurred_month": month} for month in months]
    )
    return months


def _pruned_request(number: int) -> dict[str, object]:
    return {"request_digest": digest_of_request(f"pruned-{number}"), "content_digest": "a"}

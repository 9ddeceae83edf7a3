"""History for the benchmarks: accounts and records written by the database itself, in sets.

What is written is what recording the same usage would have left: rollups and counters agree.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa

from app.domain.accounts.models import Account, BillingSettings
from app.domain.subscriptions.models import Subscription, SubscriptionPeriod
from app.foundation.database import Base, db, session, transaction
from app.workflows.sign_up import sign_up

TOKENS = 500
SUMS = (
    "count(*), sum(prompt_tokens), sum(completion_tokens), sum(total_tokens), sum(cached_tokens),"
    " sum(cache_write_tokens), sum(reasoning_tokens), sum(quota_tokens), sum(extra_tokens),"
    " sum(overage_tokens), 0, sum(cost_nanos), sum(final_nanos)"
)
# The id of the copy of an account.
COPY = "(CAST(:names AS text) || n)"
UTC_MOMENT = "(occurred_at AT TIME ZONE 'UTC')"
ROLLUPS = {
    "usage_hourly": "date_trunc('hour', occurred_at), model, api_key_alias, provider",
    "usage_daily": f"{UTC_MOMENT}::date, model, api_key_alias",
    "usage_monthly": f"billing_month, to_char({UTC_MOMENT}, 'YYYY-MM'), model",
}
RECORDS = f"""
    INSERT INTO billing_records (
      user_id, subscription_id, period_id, request_id, model, provider, api_key_alias,
      prompt_tokens, completion_tokens, total_tokens, cached_tokens, cache_write_tokens,
      reasoning_tokens, quota_tokens, extra_tokens, granted_tokens, overage_tokens,
      overage_discount_bp, price_id, cost_nanos, discount_nanos, final_nanos, status, billing_month,
      occurred_at, occurred_at_given, is_estimated, created_at, updated_at)
    SELECT user_id, subscription_id, period_id, user_id || '-' || n, 'model-' || n % 8,
      'openai', 'key-' || n % 3, 400, 100, {TOKENS}, 0, 0, 0, 0, 0, 0, {TOKENS}, 0,
      (SELECT min(id) FROM model_prices), :nanos, 0,
      :nanos, 'completed', to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM'), moment, true, false,
      moment, moment
    FROM (SELECT user_id, subscription_id, id AS period_id, n,
            CAST(:since AS timestamptz)
              + (CAST(:until AS timestamptz) - CAST(:since AS timestamptz)) * n / :each AS moment
          FROM generate_series(0, :each - 1) AS n, subscription_periods
          WHERE starts_with(user_id, :names)) AS drawn"""


def open_accounts(names: str, number: int, *, now: datetime, password: str | None = None) -> None:
    """Open an account, and copies of it: their ids are the names with 0, 1, 2 … behind them."""
    first = f"{names}0"
    with transaction():
        sign_up(f"{first}@example.com", user_id=first, password=password, now=now)
        session.flush()
        # The copies take numbers that no other account gets.
        number_of_copy = "(SELECT max(number) FROM accounts) + 1000000 + n"
        copied = {"id": COPY, "number": number_of_copy, "email": f"{COPY} || '@example.com'"}
        _copy(Account, first, number, copied)
        _copy(BillingSettings, first, number, {"user_id": COPY})
        _copy(Subscription, first, number, {"user_id": COPY})
        subscription = f"(SELECT id FROM subscriptions AS own WHERE own.user_id = {COPY})"
        own = {"user_id": COPY, "subscription_id": subscription}
        _copy(SubscriptionPeriod, first, number, own)


def use(names: str, *, each: int, since: datetime, until: datetime, nanos: int = 1000) -> None:
    """Write so many records for each of the accounts, spread over the time, and their sums."""
    given = {"names": names, "each": each, "since": since, "until": until, "nanos": nanos}
    with transaction(), _without_secondary_indexes("billing_records"):
        session.execute(sa.text(f"{RECORDS} ORDER BY n, user_id"), given)
    with transaction():
        for table, columns in ROLLUPS.items():
            session.execute(
                sa.text(
                    f"INSERT INTO {table} SELECT user_id, {columns}, {SUMS} FROM billing_records"
                    f" WHERE starts_with(user_id, :names) GROUP BY user_id, {columns}"
                ),
                {"names": names},
            )
        session.execute(
            sa.text(
                "INSERT INTO usage_labels SELECT DISTINCT user_id, 'model', model FROM usage_daily"
                " WHERE starts_with(user_id, :names) UNION SELECT user_id, 'api_key', api_key"
                " FROM usage_daily WHERE starts_with(user_id, :names) UNION SELECT user_id,"
                " 'provider', 'openai' FROM usage_daily WHERE starts_with(user_id, :names)"
            ),
            {"names": names},
        )
        counted = "UPDATE subscription_periods SET tokens_used = :tokens WHERE is_current"
        session.execute(
            sa.text(f"{counted} AND starts_with(user_id, :names)"),
            {"names": names, "tokens": TOKENS * each},
        )
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE"))


def _copy(table: type[Base], first: str, number: int, changed: Mapping[str, str]) -> None:
    columns = [column.name for column in table.__table__.columns if column.name != "id"]
    names = [*(["id"] if "id" in changed else []), *columns]
    own = "id" if "id" in changed else "user_id"
    session.execute(
        sa.text(
            f"INSERT INTO {table.__tablename__} ({', '.join(names)})"
            f" SELECT {', '.join(changed.get(name, name) for name in names)}"
            f" FROM {table.__tablename__}, generate_series(1, :number - 1) AS n"
            f" WHERE {own} = :first"
        ),
        {"first": first, "names": first[:-1], "number": number},
    )


@contextmanager
def _without_secondary_indexes(table: str) -> Iterator[None]:
    """Drop the indexes that hold no rule, and make them again: filling is quicker by half."""
    found = session.execute(
        sa.text(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE indrelid = CAST(:table AS regclass) AND NOT indisunique"
        ),
        {"table": table},
    ).all()
    for name, _definition in found:
        session.execute(sa.text(f"DROP INDEX {name}"))
    yield
    for _name, definition in found:
        session.execute(sa.text(definition))

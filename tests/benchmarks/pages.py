"""Pages: the overview of an account with a million records against one with ten thousand."""

from collections.abc import Iterator
from datetime import UTC, datetime

import sqlalchemy as sa
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.subscriptions.models import SubscriptionPeriod
from app.foundation.database import session, transaction
from app.workflows.sign_up import sign_up
from tests.benchmarks.measuring import Figure, median_seconds
from tests.benchmarks.servers import migrated_app

SMALL, LARGE = 10_000, 1_000_000
DAYS = 90
RUNS = 40
PASSWORD = "a password for the bench"
SUMS = (
    "count(*), sum(prompt_tokens), sum(completion_tokens), sum(total_tokens), sum(cached_tokens),"
    " sum(cache_write_tokens), sum(reasoning_tokens), sum(quota_tokens), sum(extra_tokens),"
    " sum(overage_tokens), 0, sum(cost_nanos), sum(final_nanos)"
)


def measure(server: sa.URL) -> Iterator[Figure]:
    """Time both overviews in turn, in one process, through the whole app."""
    with migrated_app(server) as app:
        for rows in (SMALL, LARGE):
            _account_with(rows)
        for page in ("/", "/usage"):
            small, large = (_seconds(app, rows, page) for rows in (SMALL, LARGE))
            yield Figure(f"{page} with 10,000 records", small * 1000, "ms")
            yield Figure(f"{page} with 1,000,000 records", large * 1000, "ms")
            limit = 1.3 if page == "/" else None
            yield Figure(f"{page}, 1,000,000 ÷ 10,000", large / small, "", at_most=limit)


def _seconds(app: Flask, rows: int, page: str) -> float:
    client = app.test_client()
    app.config["WTF_CSRF_ENABLED"] = False
    form = {"email": f"rows{rows}@example.com", "password": PASSWORD}
    assert client.post("/login", data=form).status_code == 302
    assert client.get(page).status_code == 200
    return median_seconds(lambda: client.get(page), runs=RUNS)


def _account_with(rows: int) -> None:
    """Write records of the last ninety days and their rollups, set-based."""
    now = datetime.now(UTC)
    with transaction():
        account = sign_up(
            f"rows{rows}@example.com", user_id=f"rows-{rows}", password=PASSWORD, now=now
        )
        period = session.scalars(sa.select(SubscriptionPeriod).filter_by(user_id=account.id)).one()
        _insert_records(account, period, rows)
        _insert_rollups(account)
    with transaction():
        session.execute(sa.text("ANALYZE"))


def _insert_records(account: Account, period: SubscriptionPeriod, rows: int) -> None:
    statement = """
        INSERT INTO billing_records (
          user_id, subscription_id, period_id, request_id, model, provider, api_key_alias,
          prompt_tokens, completion_tokens, total_tokens, cached_tokens, cache_write_tokens,
          reasoning_tokens, quota_tokens, extra_tokens, granted_tokens, overage_tokens,
          overage_discount_bp, cost_nanos, discount_nanos, final_nanos, status, billing_month,
          occurred_at, occurred_at_given, created_at, updated_at)
        SELECT :user_id, :subscription_id, :period_id, :user_id || '-' || n, 'model-' || n % 8,
          'openai', 'key-' || n % 3, 400, 100, 500, 0, 0, 0, 0, 0, 0, 500, 0, 1000, 0, 1000,
          'completed', to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM'), moment, true, now(), now()
        FROM (SELECT n, now() - make_interval(secs => (n * 86400.0 * :days) / :rows) AS moment
              FROM generate_series(0, :rows - 1) AS n) AS drawn"""
    given = {"user_id": account.id, "subscription_id": period.subscription_id}
    session.execute(
        sa.text(statement), {**given, "period_id": period.id, "rows": rows, "days": DAYS}
    )
    period.tokens_used = 500 * rows


def _insert_rollups(account: Account) -> None:
    utc = "(occurred_at AT TIME ZONE 'UTC')"
    keys = {
        "usage_hourly": "date_trunc('hour', occurred_at), model, api_key_alias, provider",
        "usage_daily": f"{utc}::date, model, api_key_alias",
        "usage_monthly": f"billing_month, to_char({utc}, 'YYYY-MM'), model",
    }
    for table, columns in keys.items():
        session.execute(
            sa.text(
                f"INSERT INTO {table} SELECT user_id, {columns}, {SUMS} FROM billing_records"
                f" WHERE user_id = :user_id GROUP BY user_id, {columns}"
            ),
            {"user_id": account.id},
        )

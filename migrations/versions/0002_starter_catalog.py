"""The four plans of the book of rules and a starter set of model prices.

Revision ID: 0002
Revises: 0001
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SINCE_EVER = datetime(1970, 1, 1, tzinfo=UTC)

PLANS = [
    # id, name, description, quota, price in cents, extra token in pico-USD, support, at once,
    # per minute, overage discount in basis points, features, hidden
    (
        "plan-basic", "Basic", "Perfect for getting started", 100_000, 999, 20_000_000, "email",
        5, 60, 0, ["Up to 100K tokens per month", "Email support", "Basic API access"], False,
    ),
    (
        "plan-pro", "Pro", "For professionals", 1_000_000, 9_999, 150_000_000, "priority",
        20, 300, 1_000,
        ["Up to 1M tokens per month", "Priority email support", "Advanced API access",
         "10% discount on overage"], False,
    ),
    (
        "plan-enterprise", "Enterprise", "For large organizations", 10_000_000, 99_999,
        100_000_000, "dedicated", 100, 1_000, 0,
        ["Up to 10M tokens per month", "24/7 phone support", "Dedicated account manager"], False,
    ),
    (
        "plan-payg", "Pay as you go", "No plan: every token at its model's price", 0, 0, None,
        "community", 2, 20, 0, ["No monthly fee", "Every token at its model's price"], True,
    ),
]  # fmt: skip

PRICES = [
    # model, provider, then USD per 1,000,000 tokens in micro-USD (the same number as pico-USD per
    # token): prompt, completion, cache read, cache write
    ("gpt-4", "openai", 30_000_000, 60_000_000, None, None),
    ("gpt-3.5-turbo", "openai", 1_500_000, 2_000_000, None, None),
    ("gpt-4o", "openai", 2_500_000, 10_000_000, 1_250_000, None),
    ("gpt-4o-mini", "openai", 150_000, 600_000, 75_000, None),
    ("gpt-4.1", "openai", 2_000_000, 8_000_000, 500_000, None),
    ("gpt-4.1-mini", "openai", 400_000, 1_600_000, 100_000, None),
    ("o4-mini", "openai", 1_100_000, 4_400_000, 275_000, None),
    ("claude-sonnet-4-5", "anthropic", 3_000_000, 15_000_000, 300_000, 3_750_000),
    ("claude-haiku-4-5", "anthropic", 1_000_000, 5_000_000, 100_000, 1_250_000),
    ("gemini-2.5-pro", "gemini", 1_250_000, 10_000_000, 125_000, None),
    ("gemini-2.5-flash", "gemini", 300_000, 2_500_000, 30_000, None),
    ("deepseek-chat", "deepseek", 280_000, 420_000, 28_000, None),
    ("mistral-large-latest", "mistral", 2_000_000, 6_000_000, None, None),
]

JSON = sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql")

plans = sa.table(
    "subscription_plans",
    sa.column("id", sa.Text), sa.column("name", sa.Text), sa.column("description", sa.Text),
    sa.column("monthly_quota", sa.BigInteger), sa.column("monthly_price_minor", sa.BigInteger),
    sa.column("extra_token_price_pico", sa.BigInteger), sa.column("support_level", sa.Text),
    sa.column("max_concurrent_req", sa.BigInteger), sa.column("rate_limit_per_min", sa.BigInteger),
    sa.column("overage_discount_bp", sa.BigInteger), sa.column("features", JSON),
    sa.column("is_hidden", sa.Boolean), sa.column("is_active", sa.Boolean),
    sa.column("display_order", sa.BigInteger),
    sa.column("created_at", sa.DateTime(timezone=True)),
    sa.column("updated_at", sa.DateTime(timezone=True)),
)  # fmt: skip
prices = sa.table(
    "model_prices",
    sa.column("model_id", sa.Text), sa.column("provider", sa.Text),
    sa.column("prompt_price_pico", sa.BigInteger),
    sa.column("completion_price_pico", sa.BigInteger),
    sa.column("cache_read_price_pico", sa.BigInteger),
    sa.column("cache_write_price_pico", sa.BigInteger),
    sa.column("included_in_plans", sa.Boolean),
    sa.column("effective_from", sa.DateTime(timezone=True)),
    sa.column("created_at", sa.DateTime(timezone=True)),
)  # fmt: skip
counters = sa.table("counters", sa.column("name", sa.Text), sa.column("value", sa.BigInteger))


def upgrade() -> None:
    """Fill the catalog, and start the numbering of accounts."""
    now = datetime.now(UTC)
    names = [column.name for column in plans.columns]
    rows = [(*plan, True, order, now, now) for order, plan in enumerate(PLANS, start=1)]
    op.bulk_insert(plans, [dict(zip(names, row, strict=True)) for row in rows])
    names = [column.name for column in prices.columns]
    priced = [(*price, True, SINCE_EVER, now) for price in PRICES]
    op.bulk_insert(prices, [dict(zip(names, row, strict=True)) for row in priced])
    op.bulk_insert(counters, [{"name": "account", "value": 1000}])


def downgrade() -> None:
    """Empty what upgrade filled; fails, rightly, once accounts refer to it."""
    op.execute(sa.delete(counters))
    op.execute(sa.delete(prices))
    op.execute(sa.delete(plans))

"""What was verified is kept by model and month of occurrence too; more of what must hold is held.

What had been verified before did not tell models and months apart: it is forgotten. The next
`billing verify` looks at every record once more, and keeps what they come to anew.

Every rule holds for all that was ever written by this program. Where a row breaks one, somebody
has changed it by hand: the upgrade says so, and changes nothing.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

KEYS = ("user_id", "billing_month", "period_id")
FINER = (*KEYS, "occurred_month", "model")
KEY = "pk_verified_usage"
SUMS_ADD_UP = (
    "total_tokens = prompt_tokens + completion_tokens"
    " AND quota_tokens + extra_tokens + overage_tokens = total_tokens"
)
# By table: what is to hold from now on.
RULES = {
    "billing_records": {
        "within_limits": "prompt_tokens <= 1000000000 AND completion_tokens <= 1000000000"
        " AND cost_nanos <= 1000000000000000 AND discount_nanos >= 0"
        " AND overage_discount_bp BETWEEN 0 AND 10000",
        "unpriced_has_no_price": "status = 'voided' OR (status = 'unpriced') = (price_id IS NULL)",
    },
    "usage_hourly": {"sums_add_up": SUMS_ADD_UP},
    "usage_daily": {"sums_add_up": SUMS_ADD_UP},
    "usage_monthly": {"sums_add_up": SUMS_ADD_UP},
    "invoice_lines": {
        "credited_within_line": "credited_minor = 0 OR credited_minor <= amount_minor",
    },
    "carried_amounts": {
        "invoiced_or_forgiven": "invoice_id IS NULL OR forgiven_by IS NULL",
        "from_month_written_out": "length(from_month) = 7 AND substr(from_month, 5, 1) = '-'"
        " AND substr(from_month, 6) BETWEEN '01' AND '12'",
    },
    "invoices": {
        "billing_month_written_out": "length(billing_month) = 7"
        " AND substr(billing_month, 5, 1) = '-' AND substr(billing_month, 6) BETWEEN '01' AND '12'",
    },
}


def upgrade() -> None:
    """Forget what was verified, make its key finer, and hold the rules."""
    _check_what_stands()
    _forget()
    with op.batch_alter_table("verified_usage") as kept:
        kept.add_column(sa.Column("occurred_month", sa.Text(), nullable=False))
        kept.add_column(sa.Column("model", sa.Text(), nullable=False))
        kept.drop_constraint(op.f(KEY), type_="primary")
        kept.create_primary_key(op.f(KEY), list(FINER))
    for table, rules in RULES.items():
        with op.batch_alter_table(table) as changed:
            for name, condition in rules.items():
                changed.create_check_constraint(op.f(f"ck_{table}_{name}"), condition)


def downgrade() -> None:
    """Let go of the rules, forget what was verified, and make its key as it was."""
    for table, rules in RULES.items():
        with op.batch_alter_table(table) as changed:
            for name in rules:
                changed.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")
    _forget()
    with op.batch_alter_table("verified_usage") as kept:
        kept.drop_constraint(op.f(KEY), type_="primary")
        kept.drop_column("occurred_month")
        kept.drop_column("model")
        kept.create_primary_key(op.f(KEY), list(KEYS))


def _check_what_stands() -> None:
    for table, rules in RULES.items():
        for name, condition in rules.items():
            broken = sa.select(sa.func.count()).select_from(sa.table(table))
            count = op.get_bind().scalar(broken.where(sa.text(f"NOT ({condition})")))
            if count:
                raise ValueError(
                    f"{count} rows of {table} break {name}, which held for everything that was"
                    f" ever written here: NOT ({condition}). Set them right, then upgrade again."
                )


def _forget() -> None:
    for table in ("verified_usage", "verified_months"):
        op.execute(sa.table(table).delete())

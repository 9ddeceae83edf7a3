"""What was verified of closed months is kept; records lose two indexes that nothing reads.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SUMS = (
    *("requests", "prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens"),
    *("cache_write_tokens", "reasoning_tokens", "quota_tokens", "extra_tokens", "overage_tokens"),
    *("unpriced_tokens", "cost_nanos", "final_nanos"),
)


# Each cost time whenever a record was taken in.
UNUSED = {
    "ix_billing_records_created_at": ["created_at"],
    "ix_billing_records_user_id_billing_month": ["user_id", "billing_month"],
}


def upgrade() -> None:
    """Make the tables and the month's index, and drop the others."""
    op.create_index(op.f("ix_usage_monthly_billing_month"), "usage_monthly", ["billing_month"])
    for name in UNUSED:
        op.drop_index(op.f(name), "billing_records")
    op.create_table(
        "verified_months",
        sa.Column("billing_month", sa.Text(), nullable=False),
        sa.Column("records_below", WHOLE, nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("billing_month", name=op.f("pk_verified_months")),
    )
    op.create_table(
        "verified_usage",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("billing_month", sa.Text(), nullable=False),
        sa.Column("period_id", WHOLE, nullable=False),
        *(sa.Column(name, WHOLE, nullable=False) for name in SUMS),
        sa.PrimaryKeyConstraint(
            "user_id", "billing_month", "period_id", name=op.f("pk_verified_usage")
        ),
    )


def downgrade() -> None:
    """Drop the tables and the month's index, and make the others again."""
    op.drop_index(op.f("ix_usage_monthly_billing_month"), "usage_monthly")
    for name, columns in UNUSED.items():
        op.create_index(op.f(name), "billing_records", columns)
    op.drop_table("verified_usage")
    op.drop_table("verified_months")

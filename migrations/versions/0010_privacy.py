"""Accounts that are deleted, and usage whose records are kept no longer.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
MOMENTS = ("deletion_asked_at", "deletion_due_at", "erased_at")
SUMS = (
    *("requests", "prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens"),
    *("cache_write_tokens", "reasoning_tokens", "quota_tokens", "extra_tokens", "overage_tokens"),
    *("unpriced_tokens", "cost_nanos", "final_nanos"),
)
KEYS = {
    "user_id": sa.Text(),
    "quarter": WHOLE,
    "period_id": WHOLE,
    "billing_month": sa.Text(),
    "model": sa.Text(),
    "api_key": sa.Text(),
    "provider": sa.Text(),
}


def upgrade() -> None:
    """Make the columns and the tables."""
    with op.batch_alter_table("accounts") as accounts:
        for name in MOMENTS:
            accounts.add_column(sa.Column(name, MOMENT, nullable=True))
        accounts.create_check_constraint(
            op.f("ck_accounts_deletion_has_its_moment"),
            "(deletion_asked_at IS NULL) = (deletion_due_at IS NULL)",
        )
        accounts.create_check_constraint(
            op.f("ck_accounts_erased_has_no_name"),
            "erased_at IS NULL OR (password_hash IS NULL AND name = '')",
        )
        accounts.create_index(op.f("ix_accounts_deletion_due_at"), ["deletion_due_at"])
    op.create_table(
        "pruned_usage",
        *(sa.Column(name, kind, nullable=False) for name, kind in KEYS.items()),
        *(sa.Column(name, WHOLE, nullable=False) for name in SUMS),
        sa.PrimaryKeyConstraint(*KEYS, name=op.f("pk_pruned_usage")),
    )
    op.create_table(
        "pruned_requests",
        sa.Column("request_digest", sa.Text(), nullable=False),
        sa.Column("content_digest", sa.Text(), nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("request_digest", name=op.f("pk_pruned_requests")),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("pruned_requests")
    op.drop_table("pruned_usage")
    with op.batch_alter_table("accounts") as accounts:
        accounts.drop_index(op.f("ix_accounts_deletion_due_at"))
        accounts.drop_constraint(op.f("ck_accounts_erased_has_no_name"), type_="check")
        accounts.drop_constraint(op.f("ck_accounts_deletion_has_its_moment"), type_="check")
        for name in reversed(MOMENTS):
            accounts.drop_column(name)

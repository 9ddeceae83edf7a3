"""Indexes through which no question is answered go; two become what is asked for.

Nobody asks for periods by their subscription. Since 0013 operators' lists come by moment, and the
other index that begins with the status answers what remains; so do the ledger's two. Who waits to
be erased is asked for in the order of ids, and those erased before are many. SQLite uses a
condition's index only for the same condition, word for word.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

UNUSED = (
    ("ix_accounts_deletion_due_at", "accounts", ["deletion_due_at"]),
    ("ix_invoices_status_id", "invoices", ["status", "id"]),
    ("ix_payments_status_id", "payments", ["status", "id"]),
    ("ix_subscription_periods_subscription_id", "subscription_periods", ["subscription_id"]),
    ("ix_token_entries_user_id_id", "token_entries", ["user_id", "id"]),
)
TO_BE_ERASED = "ix_accounts_to_be_erased"
WAITS = sa.text("deletion_due_at IS NOT NULL AND erased_at IS NULL")
OVERPAYMENTS = "ix_payments_overpayments"


def upgrade() -> None:
    """Drop what nothing reads, and make what is read instead."""
    for name, table, _ in UNUSED:
        op.drop_index(op.f(name), table)
    op.create_index(TO_BE_ERASED, "accounts", ["id"], sqlite_where=WAITS, postgresql_where=WAITS)
    _make_overpayments("is_overpayment = 1")


def downgrade() -> None:
    """Make the indexes as they were."""
    _make_overpayments("is_overpayment")
    op.drop_index(TO_BE_ERASED, "accounts")
    for name, table, columns in UNUSED:
        op.create_index(op.f(name), table, columns)


def _make_overpayments(where: str) -> None:
    # PostgreSQL's has been right from the first.
    if op.get_context().dialect.name == "sqlite":
        op.drop_index(OVERPAYMENTS, "payments")
        op.create_index(OVERPAYMENTS, "payments", ["id"], sqlite_where=sa.text(where))

"""Indexes behind the lists that operators look through, newest first.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INDEXES = (
    ("coupons", ("created_at", "id")),
    ("disputes", ("status", "id")),
    ("invoices", ("status", "id")),
    ("journal_entries", ("action", "id")),
    ("journal_entries", ("actor", "id")),
    ("payments", ("status", "id")),
    ("provider_events", ("status", "id")),
)
OF_SOME = (
    ("ix_mails_refused", "mails", "refused_at IS NOT NULL"),
    ("ix_payments_overpayments", "payments", "is_overpayment"),
)


def upgrade() -> None:
    """Make the indexes."""
    for table, columns in INDEXES:
        op.create_index(_name(table, columns), table, columns)
    for name, table, where in OF_SOME:
        condition = sa.text(where)
        op.create_index(name, table, ["id"], sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    """Drop them."""
    for name, table, _ in OF_SOME:
        op.drop_index(name, table)
    for table, columns in INDEXES:
        op.drop_index(_name(table, columns), table)


def _name(table: str, columns: tuple[str, ...]) -> str:
    return op.f(f"ix_{table}_{'_'.join(columns)}")

"""Indexes behind the operators' lists of payments and invoices, newest first by moment.

Revision ID: 0013
Revises: 0012
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_payments_created_at_id", "payments", ["created_at", "id"]),
    ("ix_invoices_issued_at_id", "invoices", ["issued_at", "id"]),
)


def upgrade() -> None:
    """Make the indexes."""
    for name, table, columns in INDEXES:
        op.create_index(op.f(name), table, columns)


def downgrade() -> None:
    """Drop them."""
    for name, table, _ in INDEXES:
        op.drop_index(op.f(name), table)

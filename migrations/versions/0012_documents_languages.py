"""The language of an invoice's documents, and what descriptions and reasons were made of.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
WORDED = ("invoice_lines", "usage_corrections", "credit_notes")


def upgrade() -> None:
    """Make the columns: what there is so far was issued in English, and stays so."""
    # Constant defaults: neither database rewrites a table for them, however long it is.
    language = sa.Column("language", sa.Text(), nullable=False, server_default="en")
    op.add_column("invoices", language)
    for table in WORDED:
        wording = sa.Column("wording", JSON, nullable=False, server_default=sa.text("'{}'"))
        op.add_column(table, wording)


def downgrade() -> None:
    """Drop them."""
    for table in WORDED:
        op.drop_column(table, "wording")
    op.drop_column("invoices", "language")

"""An index of what waits to be invoiced, by account.

Gateways ask for it before each request; without it, what waits of everybody was looked through.

Revision ID: 0020
Revises: 0019
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

NAME = "ix_carried_amounts_user_id_invoice_id"


def upgrade() -> None:
    """Add the index."""
    op.create_index(NAME, "carried_amounts", ["user_id", "invoice_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index(NAME, "carried_amounts")

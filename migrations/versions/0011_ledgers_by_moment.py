"""An index behind the ledger of extra tokens, newest first by moment.

Revision ID: 0011
Revises: 0010
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

NAME = "ix_token_entries_user_id_created_at_id"


def upgrade() -> None:
    """Make the index."""
    op.create_index(op.f(NAME), "token_entries", ["user_id", "created_at", "id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index(op.f(NAME), "token_entries")

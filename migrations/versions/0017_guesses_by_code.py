"""A digest of each code that was guessed: the same one tried again is no other guess.

What was guessed before has none, and counts until its hour is over.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("coupon_guesses", sa.Column("digest", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("coupon_guesses", "digest")

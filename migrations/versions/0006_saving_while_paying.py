"""What was agreed to when the card that pays an attempt is to be saved.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the columns."""
    with op.batch_alter_table("payments") as payments:
        payments.add_column(sa.Column("consent_version", sa.Text(), nullable=True))
        payments.add_column(sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True))
        payments.create_check_constraint(
            op.f("ck_payments_consent_has_its_moment"),
            "(consent_version IS NULL) = (consented_at IS NULL)",
        )


def downgrade() -> None:
    """Drop them."""
    with op.batch_alter_table("payments") as payments:
        payments.drop_constraint(op.f("ck_payments_consent_has_its_moment"), type_="check")
        payments.drop_column("consented_at")
        payments.drop_column("consent_version")

"""What was verified is kept by model and month of occurrence too, as invoices are read.

What had been verified before did not tell them apart: it is forgotten. The next `billing verify`
looks at every record once more, and keeps what they come to anew.

Revision ID: 0020
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0017"
branch_labels = None
depends_on = None

KEYS = ("user_id", "billing_month", "period_id")
FINER = (*KEYS, "occurred_month", "model")
KEY = "pk_verified_usage"


def upgrade() -> None:
    """Forget what was verified, and make the key finer."""
    _forget()
    with op.batch_alter_table("verified_usage") as kept:
        kept.add_column(sa.Column("occurred_month", sa.Text(), nullable=False))
        kept.add_column(sa.Column("model", sa.Text(), nullable=False))
        kept.drop_constraint(op.f(KEY), type_="primary")
        kept.create_primary_key(op.f(KEY), list(FINER))


def downgrade() -> None:
    """Forget what was verified, and make the key as it was."""
    _forget()
    with op.batch_alter_table("verified_usage") as kept:
        kept.drop_constraint(op.f(KEY), type_="primary")
        kept.drop_column("occurred_month")
        kept.drop_column("model")
        kept.create_primary_key(op.f(KEY), list(KEYS))


def _forget() -> None:
    for table in ("verified_usage", "verified_months"):
        op.execute(sa.table(table).delete())

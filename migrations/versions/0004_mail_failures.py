"""What became of a mail: kept for want of a server, or refused for good.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the columns."""
    with op.batch_alter_table("mails") as mails:
        mails.add_column(sa.Column("kept_at", MOMENT, nullable=True))
        mails.add_column(sa.Column("refused_at", MOMENT, nullable=True))
        mails.add_column(sa.Column("refusal", sa.Text(), nullable=True))
        mails.create_check_constraint(
            op.f("ck_mails_has_one_end"),
            "(sent_at IS NULL OR kept_at IS NULL) AND (sent_at IS NULL OR refused_at IS NULL)"
            " AND (kept_at IS NULL OR refused_at IS NULL)",
        )
        mails.create_check_constraint(
            op.f("ck_mails_refused_for_a_reason"), "(refused_at IS NULL) = (refusal IS NULL)"
        )


def downgrade() -> None:
    """Drop them."""
    with op.batch_alter_table("mails") as mails:
        mails.drop_constraint(op.f("ck_mails_refused_for_a_reason"), type_="check")
        mails.drop_constraint(op.f("ck_mails_has_one_end"), type_="check")
        mails.drop_column("refusal")
        mails.drop_column("refused_at")
        mails.drop_column("kept_at")

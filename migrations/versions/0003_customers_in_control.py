"""Mails, guesses at coupon codes, why an account is suspended, several small amounts a month.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
MOMENT = sa.DateTime(timezone=True)
USAGE = sa.text("kind = 'usage'")


def upgrade() -> None:
    """Make the tables and the column."""
    op.create_table(
        "mails",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["accounts.id"], name=op.f("fk_mails_user_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
        sa.UniqueConstraint("source", name=op.f("uq_mails_source")),
    )
    op.create_index(op.f("ix_mails_user_id_id"), "mails", ["user_id", "id"])
    op.create_table(
        "coupon_guesses",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("guessed_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["accounts.id"], name=op.f("fk_coupon_guesses_user_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_guesses")),
    )
    op.create_index(
        op.f("ix_coupon_guesses_user_id_guessed_at"), "coupon_guesses", ["user_id", "guessed_at"]
    )
    with op.batch_alter_table("carried_amounts") as carried:
        carried.drop_constraint(op.f("uq_carried_amounts_user_id_kind_from_month"), type_="unique")
    op.create_index(
        "uq_carried_amounts_usage",
        "carried_amounts",
        ["user_id", "from_month"],
        unique=True,
        sqlite_where=USAGE,
        postgresql_where=USAGE,
    )
    with op.batch_alter_table("accounts") as accounts:
        accounts.add_column(sa.Column("suspended_because", sa.Text(), nullable=True))
        accounts.create_check_constraint(
            op.f("ck_accounts_suspended_for_a_reason"),
            "(suspended_at IS NULL) = (suspended_because IS NULL)"
            " AND (suspended_because IS NULL OR suspended_because IN ('debt', 'operator'))",
        )


def downgrade() -> None:
    """Drop them."""
    with op.batch_alter_table("accounts") as accounts:
        accounts.drop_constraint(op.f("ck_accounts_suspended_for_a_reason"), type_="check")
        accounts.drop_column("suspended_because")
    op.drop_index("uq_carried_amounts_usage", "carried_amounts")
    with op.batch_alter_table("carried_amounts") as carried:
        carried.create_unique_constraint(
            op.f("uq_carried_amounts_user_id_kind_from_month"), ["user_id", "kind", "from_month"]
        )
    op.drop_table("coupon_guesses")
    op.drop_table("mails")

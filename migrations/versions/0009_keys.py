"""Keys that are limited to accounts, replaced, and told about before they end.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the columns."""
    with op.batch_alter_table("keys") as keys:
        keys.add_column(
            sa.Column("limited_to", JSON, nullable=False, server_default=sa.text("'[]'"))
        )
        keys.add_column(sa.Column("replaced_by", WHOLE, nullable=True))
        keys.add_column(sa.Column("expiry_told_at", MOMENT, nullable=True))
        keys.create_foreign_key(op.f("fk_keys_replaced_by_keys"), "keys", ["replaced_by"], ["id"])
        keys.create_unique_constraint(op.f("uq_keys_replaced_by"), ["replaced_by"])
        keys.create_check_constraint(
            op.f("ck_keys_only_gateways_are_limited"), "kind = 'obl_gw_' OR limited_to = '[]'"
        )
        keys.create_index(op.f("ix_keys_expires_at"), ["expires_at"])


def downgrade() -> None:
    """Drop them."""
    with op.batch_alter_table("keys") as keys:
        keys.drop_index(op.f("ix_keys_expires_at"))
        keys.drop_constraint(op.f("ck_keys_only_gateways_are_limited"), type_="check")
        keys.drop_constraint(op.f("uq_keys_replaced_by"), type_="unique")
        keys.drop_constraint(op.f("fk_keys_replaced_by_keys"), type_="foreignkey")
        keys.drop_column("expiry_told_at")
        keys.drop_column("replaced_by")
        keys.drop_column("limited_to")

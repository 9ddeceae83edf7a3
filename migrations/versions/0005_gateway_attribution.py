"""Whom a gateway's key bills for the events of others, and which counts were estimated.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    """Make the columns."""
    with op.batch_alter_table("keys") as keys:
        keys.add_column(sa.Column("attributes_to", sa.Text(), nullable=True))
        keys.add_column(
            sa.Column("attributes_by", JSON, nullable=False, server_default=sa.text("'[]'"))
        )
        keys.create_foreign_key(
            op.f("fk_keys_attributes_to_accounts"), "accounts", ["attributes_to"], ["id"]
        )
        keys.create_check_constraint(
            op.f("ck_keys_only_gateways_attribute"),
            "kind = 'obl_gw_' OR (attributes_to IS NULL AND attributes_by = '[]')",
        )
    # A constant default: neither database rewrites the table for it, however long it is.
    op.add_column(
        "billing_records",
        sa.Column("is_estimated", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_column("billing_records", "is_estimated")
    with op.batch_alter_table("keys") as keys:
        keys.drop_constraint(op.f("ck_keys_only_gateways_attribute"), type_="check")
        keys.drop_constraint(op.f("fk_keys_attributes_to_accounts"), type_="foreignkey")
        keys.drop_column("attributes_by")
        keys.drop_column("attributes_to")

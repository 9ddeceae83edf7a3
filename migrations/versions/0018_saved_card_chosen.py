"""A saved card is also charged because its owner has just said so.

Revision ID: 0018
Revises: 0017
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

KNOWN = "method IN ('checkout', 'off_session', 'on_session')"
KNOWN_BEFORE = "method IN ('checkout', 'off_session')"


def upgrade() -> None:
    """Let payments be of that method, too."""
    _know(KNOWN)


def downgrade() -> None:
    """Take such charges for those that are made without their owner."""
    op.execute("UPDATE payments SET method = 'off_session' WHERE method = 'on_session'")
    _know(KNOWN_BEFORE)


def _know(methods: str) -> None:
    with op.batch_alter_table("payments") as payments:
        payments.drop_constraint(op.f("ck_payments_method_known"), type_="check")
        payments.create_check_constraint(op.f("ck_payments_method_known"), methods)

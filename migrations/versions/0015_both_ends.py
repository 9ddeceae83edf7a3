"""A mail address changes once both of its ends have confirmed: what is waited for, and its links.

Links of before, to new addresses alone, no longer work: whoever waits for one asks again.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
KNOWN = "ck_mail_tokens_purpose_known"
BEFORE = ("verify_email", "reset_password", "confirm_email", "undo_email")
RELEASE = "release_email"


def upgrade() -> None:
    """Make the table, and let links have one purpose more."""
    op.create_table(
        "email_changes",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("asks_old", sa.Boolean(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("new_confirmed_at", MOMENT, nullable=True),
        sa.Column("old_confirmed_at", MOMENT, nullable=True),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_email_changes_email_lower_case")),
        sa.CheckConstraint("ends_at > asked_at", name=op.f("ck_email_changes_ends_after_it_began")),
        sa.CheckConstraint(
            "asks_old OR old_confirmed_at IS NULL", name=op.f("ck_email_changes_asked_confirms")
        ),
        sa.CheckConstraint(
            "new_confirmed_at IS NULL OR (asks_old AND old_confirmed_at IS NULL)",
            name=op.f("ck_email_changes_waits_for_an_end"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["accounts.id"], name=op.f("fk_email_changes_user_id_accounts")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_email_changes")),
    )
    _let_links_be((*BEFORE, RELEASE))


def downgrade() -> None:
    """Drop the table, and the links that only it gave a meaning."""
    links = sa.table("mail_tokens", sa.column("purpose", sa.Text()))
    op.execute(links.delete().where(links.c.purpose == RELEASE))
    _let_links_be(BEFORE)
    op.drop_table("email_changes")


def _let_links_be(purposes: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{purpose}'" for purpose in purposes)
    with op.batch_alter_table("mail_tokens") as links:
        links.drop_constraint(op.f(KNOWN), type_="check")
        links.create_check_constraint(op.f(KNOWN), f"purpose IN ({listed})")

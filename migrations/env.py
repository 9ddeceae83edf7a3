"""Runs the migrations inside the app, on whichever database it is configured for."""

from alembic import context
from flask import current_app
from sqlalchemy.types import TypeDecorator

from app.foundation.database import Base, db


def render_item(kind: str, item: object, autogen: object) -> str | bool:
    """Write our own column types as the plain ones they stand for: migrations know no app code."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    return False


def run_migrations() -> None:
    """Bring the schema where the command wants it, all of it or nothing."""
    with db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_item=render_item,
            **current_app.extensions["migrate"].configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()


run_migrations()

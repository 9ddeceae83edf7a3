"""Runs the migrations inside the app, on whichever database it is configured for."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from flask import current_app
from sqlalchemy import Connection
from sqlalchemy.types import TypeDecorator

from app.foundation.database import Base, db


def render_item(kind: str, item: object, autogen: object) -> str | bool:
    """Write our own column types as the plain ones they stand for: migrations know no app code."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    return False


def run_migrations() -> None:
    """Bring the schema where the command wants it, all of it or nothing."""
    with db.engine.connect() as connection, tables_may_be_made_anew(connection):
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_item=render_item,
            **current_app.extensions["migrate"].configure_args,
        )
        with context.begin_transaction():
            before = context.get_context().get_current_heads()
            context.run_migrations()
            if context.get_context().get_current_heads() != before:
                check_references(connection)


@contextmanager
def tables_may_be_made_anew(connection: Connection) -> Iterator[None]:
    """Let SQLite drop a table that rows refer to: it changes one by making it anew."""
    if connection.dialect.name != "sqlite":
        yield
        return
    # Within a transaction it would have no effect, so the driver is told before one begins.
    driver = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")


def check_references(connection: Connection) -> None:
    """Refuse to end with a row that refers to nothing; what SQLite did not look at, it does now."""
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        assert broken is None, f"a row refers to nothing after the migration: {broken}"


run_migrations()

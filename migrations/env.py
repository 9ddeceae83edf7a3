"""Runs the migrations inside the app, on whichever database it is configured for."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from alembic.runtime.migration import MigrationContext
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
            on_version_apply=check_references,
            **current_app.extensions["migrate"].configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()


@contextmanager
def tables_may_be_made_anew(connection: Connection) -> Iterator[None]:
    """Let SQLite drop a table that rows refer to: it changes one by making it anew."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.driver_connection
    assert driver is not None, "a connection that is open has its driver's"
    # Within a transaction it would have no effect, so the driver is told before one begins.
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        # Nor after one that is still open: whatever was asked last has begun one.
        connection.rollback()
        driver.execute("PRAGMA foreign_keys = ON")


def check_references(*, ctx: MigrationContext, **_step: object) -> None:
    """Refuse a migration that leaves rows behind which refer to nothing, before it counts."""
    connection = ctx.connection
    if connection is not None and connection.dialect.name == "sqlite":
        lost = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(5)
        assert not lost, f"rows refer to what is gone: {lost}"


run_migrations()

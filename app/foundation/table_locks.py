"""Locks of whole tables, for what no lock of rows can hold: rows that are not there yet.

On SQLite there is nothing to do: whoever writes there is alone.
"""

from typing import cast

from sqlalchemy import Table, text

from app.foundation.database import Base, session


def share(model: type[Base]) -> None:
    """Let nobody take the table until the transaction ends; others may share it."""
    _lock(model, "SHARE")


def take(model: type[Base]) -> None:
    """Wait until nobody shares the table, and let nobody do so until the transaction ends."""
    _lock(model, "EXCLUSIVE")


def _lock(model: type[Base], mode: str) -> None:
    if session.get_bind().dialect.name == "postgresql":
        name = cast(Table, model.__table__).name
        session.execute(text(f"LOCK TABLE {name} IN {mode} MODE"))

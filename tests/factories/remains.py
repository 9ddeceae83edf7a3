"""What the database still holds of somebody."""

from collections.abc import Collection

from sqlalchemy import Row, select

from app.foundation.database import Base, session


def rows_of(user_id: str) -> list[Row]:
    """Return all rows of all tables that name the account."""
    found: list[Row] = []
    for table in Base.metadata.sorted_tables:
        if "user_id" in table.columns:
            found += session.execute(select(table).where(table.c.user_id == user_id)).all()
    return found


def marks_left(marks: Collection[str], *, but: Collection[str]) -> list[str]:
    """Return where one of the marks still stands, but for these tables."""
    session.expire_all()
    return [
        f"{mark} in {table.name}: {dict(row._mapping)}"
        for table in Base.metadata.sorted_tables
        if table.name not in but
        for row in session.execute(select(table))
        for mark in marks
        if mark in str(dict(row._mapping))
    ]

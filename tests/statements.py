"""Counts the SQL statements of a piece of work, so that a test can hold it to a number."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.engine import Engine


@contextmanager
def statements(engine: Engine | None = None) -> Iterator[list[str]]:
    """Collect what is sent to the database inside; `len()` of it is the number of statements.

    Without an engine, the statements of every engine count, whatever context they run in.
    """
    sent: list[str] = []

    def note(*event_arguments: object) -> None:
        _connection, _cursor, statement, *_rest = event_arguments
        # On SQLite we say BEGIN ourselves; elsewhere the driver does, unseen.
        if not str(statement).startswith("BEGIN"):
            sent.append(str(statement))

    listened = engine if engine is not None else Engine
    event.listen(listened, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(listened, "before_cursor_execute", note)


def sent_in_sets(sent: list[str]) -> list[str]:
    """Return those that are sent for many rows together, however many there are.

    SQLite hands new ids out one row at a time; there such an INSERT is one for each row.
    """
    one_by_one = [each for each in sent if each.startswith("INSERT") and "VALUES (?" in each]
    return [each for each in sent if each not in one_by_one]

"""Statements that take long are in the log, as text without the values that went along."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import event
from sqlalchemy.engine import Engine

NANOS_PER_MS = 1_000_000
SHOWN_MAX = 2_000

log = logging.getLogger(__name__)

_slower_than_ms: WeakKeyDictionary[Engine, int] = WeakKeyDictionary()


def watch(engine: Engine, *, slower_than_ms: int) -> None:
    """Log each statement of the engine that takes longer than so many milliseconds."""
    _slower_than_ms[engine] = slower_than_ms

    def begun(*given: Any) -> None:
        *_, context, _is_many = given
        context.began_ns = time.monotonic_ns()

    def ended(*given: Any) -> None:
        _connection, _cursor, statement, _parameters, context, _is_many = given
        took_ms = (time.monotonic_ns() - context.began_ns) // NANOS_PER_MS
        if took_ms > slower_than_ms:
            _write_line(statement, took_ms)

    event.listen(engine, "before_cursor_execute", begun)
    event.listen(engine, "after_cursor_execute", ended)


@contextmanager
def timed_together(engine: Engine, names: Sequence[str]) -> Iterator[None]:
    """Log what is sent inside without waiting for answers, if all of it takes that long.

    Of such statements none has a time of its own; `names` tells in the end which they were.
    """
    began_ns = time.monotonic_ns()
    yield
    took_ms = (time.monotonic_ns() - began_ns) // NANOS_PER_MS
    if took_ms > _slower_than_ms.get(engine, took_ms):
        _write_line(f"in one go: {', '.join(names)}", took_ms)


def _write_line(statement: str, took_ms: int) -> None:
    shown = " ".join(statement.split())[:SHOWN_MAX]
    fields = {"ms": took_ms, "statement": shown}
    log.warning("A statement took %d ms: %s", took_ms, shown, extra={"fields": fields})

"""Statements that take long are in the log, as text without the values that went along."""

import logging
import time
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

NANOS_PER_MS = 1_000_000
SHOWN_MAX = 2_000

log = logging.getLogger(__name__)


def watch(engine: Engine, *, slower_than_ms: int) -> None:
    """Log each statement of the engine that takes longer than so many milliseconds."""

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


def _write_line(statement: str, took_ms: int) -> None:
    shown = " ".join(statement.split())[:SHOWN_MAX]
    fields = {"ms": took_ms, "statement": shown}
    log.warning("A statement took %d ms: %s", took_ms, shown, extra={"fields": fields})

"""What only PostgreSQL's driver can do, past SQLAlchemy.

`exchange` speaks libpq's pipeline mode (https://www.postgresql.org/docs/current/libpq-pipeline-mode.html)
by the driver's low level. Its cursors wait for the socket twice for each statement, and let other
threads go first each time; here it is once for all of them.
"""

import re
import select
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import count
from typing import Any, NamedTuple, TypeGuard

import psycopg
from psycopg import abc, adapt
from psycopg.adapt import PyFormat
from psycopg.errors import (
    FeatureNotSupported,
    InvalidSqlStatementName,
    ReadOnlySqlTransaction,
    UniqueViolation,
    error_from_result,
)
from psycopg.pq import ConnStatus, ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult

from app.foundation.statements import Statement

Take = Callable[[PGresult], None]
# A statement's words, and the types of its values.
Key = tuple[str, tuple[int, ...]]
# How the server says that what was prepared holds no more.
STALE = (FeatureNotSupported, InvalidSqlStatementName)
# Where a value stands in a statement, or a % that was doubled because of that.
PLACE = re.compile("%[%s]")


def is_ours(connection: object) -> TypeGuard["psycopg.Connection[Any]"]:
    """Tell whether a driver's connection is one to PostgreSQL."""
    return isinstance(connection, psycopg.Connection)


def is_read_only(error: BaseException | None) -> bool:
    """Tell whether the driver's error says that nothing can be written, as on a replica."""
    return isinstance(error, ReadOnlySqlTransaction)


def is_alive(connection: "psycopg.Connection[Any]") -> bool:
    """Ask whether the server is still there; no transaction begins by that."""
    return connection.pgconn.exec_(b"SELECT 1").status == ExecStatus.TUPLES_OK


def copy_in(
    connection: "psycopg.Connection[Any]",
    statement: str,
    parts: Iterable[bytes],
    *,
    meanwhile: Callable[[], None],
) -> bool:
    """Copy rows into a table; false if one is there already. Raises the driver's other errors.

    What is to be done `meanwhile` is done while the database reads the last of them.
    """
    with connection.cursor() as cursor:
        try:
            with cursor.copy(statement) as copy:
                for part in parts:
                    copy.write(part)
                meanwhile()
        except UniqueViolation:
            return False
    return True


@dataclass(slots=True)
class _Acquaintance:
    """How to speak to one connection, and what it has prepared under which names."""

    transformer: abc.Transformer
    names: dict[Key, bytes] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)


# Under this name a connection carries it: it refers to the connection, and so a table of ours would
# have kept each for ever, also those that the pool has closed again.
ACQUAINTANCE = "acquaintance_of_ours"


def exchange(
    connection: "psycopg.Connection[Any]", statements: Sequence[Statement], *, begins: bool = True
) -> None:
    """Send all statements at once, and fill in what came of each; they are done in their order.

    Where one fails, those after it are not done. Raises the driver's error of the first. Unless a
    transaction begins by them, or is under way, these statements are one by themselves.
    """
    known = vars(connection).get(ACQUAINTANCE)
    if known is None:
        known = vars(connection)[ACQUAINTANCE] = _Acquaintance(adapt.Transformer(connection))
    pgconn = connection.pgconn
    # A value that nobody can write down is found before anything is sent.
    written = [_written(each, known.transformer) for each in statements]
    pgconn.enter_pipeline_mode()
    try:
        taking = [*_begin(connection)] if begins else []
        for statement, values in zip(statements, written, strict=True):
            taking += _send(pgconn, statement, values, known)
        pgconn.pipeline_sync()
        answers = list(_answers(pgconn))
    except BaseException:
        # Answers that nobody took would be taken for those of the next question.
        connection.close()
        raise
    pgconn.exit_pipeline_mode()
    for take, answer in zip(taking, answers, strict=True):
        if answer.status == ExecStatus.FATAL_ERROR:
            raise _error(answer, known)
        take(answer)


def _begin(connection: "psycopg.Connection[Any]") -> Iterator[Take]:
    """Send what the driver sends by itself before the first statement of a transaction."""
    pgconn = connection.pgconn
    if not connection.autocommit and pgconn.transaction_status == TransactionStatus.IDLE:
        pgconn.send_query_params(b"BEGIN", None)
        yield _nothing


class _Values(NamedTuple):
    """A statement's values as they are sent."""

    values: Sequence[abc.Buffer | None]
    types: tuple[int, ...]
    formats: Sequence[Format] | None


def _written(statement: Statement, transformer: abc.Transformer) -> _Values:
    formats = [PyFormat.AUTO] * len(statement.given)
    values = transformer.dump_sequence(statement.given, formats)
    return _Values(values, tuple(transformer.types or ()), transformer.formats)


def _send(
    pgconn: PGconn, statement: Statement, given: _Values, known: _Acquaintance
) -> Iterator[Take]:
    """Send a statement, prepared; yield who takes the answers to what was sent."""
    key = (statement.words, given.types)
    name = known.names.get(key)
    if name is None:
        name = b"ours_%d" % next(known.numbers)
        pgconn.send_prepare(name, _numbered(statement.words), given.types)
        yield partial(_learn, known, key, name)
    pgconn.send_query_prepared(name, given.values, given.formats)
    yield partial(_fill_in, known.transformer, statement)


def _learn(known: _Acquaintance, key: Key, name: bytes, _answer: PGresult) -> None:
    known.names[key] = name


def _fill_in(transformer: abc.Transformer, statement: Statement, answer: PGresult) -> None:
    if answer.status == ExecStatus.TUPLES_OK:
        transformer.set_pgresult(answer)
        statement.rows = transformer.load_rows(0, answer.ntuples, tuple)
    statement.rowcount = answer.command_tuples or 0
    statement.is_done = True


def _error(answer: PGresult, known: _Acquaintance) -> psycopg.Error:
    error = error_from_result(answer)
    if isinstance(error, STALE):
        # The tables have changed under what was prepared: the next time it is prepared anew.
        known.names.clear()
    return error


def _nothing(_answer: PGresult) -> None:
    pass


@lru_cache(maxsize=256)
def _numbered(words: str) -> bytes:
    """Return a statement whose places are numbered, as the server wants them, instead of %s."""
    numbers = count(1)
    return PLACE.sub(lambda place: f"${next(numbers)}" if place[0] == "%s" else "%", words).encode()


def _answers(pgconn: PGconn) -> Iterator[PGresult]:
    """Yield the answer to each thing that was sent, up to the end of all of them."""
    while True:
        _wait(pgconn)
        answer = pgconn.get_result()
        if answer is None:
            # Between two answers, or after the last one of a server that has gone.
            if pgconn.status == ConnStatus.BAD:
                raise psycopg.OperationalError(pgconn.get_error_message())
        elif answer.status == ExecStatus.PIPELINE_SYNC:
            return
        else:
            yield answer


def _wait(pgconn: PGconn) -> None:
    """Wait until there is an answer to take; other threads go on meanwhile."""
    while (unsent := pgconn.flush()) or pgconn.is_busy():
        socket = select.poll()
        # The server may want to be rid of answers before it takes any more.
        socket.register(pgconn.socket, select.POLLIN | (select.POLLOUT if unsent else 0))
        ((_, ready),) = socket.poll()
        if ready != select.POLLOUT:
            pgconn.consume_input()

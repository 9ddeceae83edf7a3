"""Asks the databases how they would answer: through which indexes, and over which whole tables."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from app.foundation.database import db, session, transaction
from app.foundation.planning import plan_by_keys

# SQLite tells "SEARCH t AS a USING COVERING INDEX i (…)", or "SCAN t" for the whole of it.
STEP = re.compile(r"(SEARCH|SCAN) (\w+)(?: AS \w+)?(?: USING (?:COVERING )?INDEX (\w+))?")
# PostgreSQL's names of the columns of each index, and whether it holds but some of the rows.
COLUMNS = sa.text(
    "SELECT c.relname, t.relname, array_agg(a.attname ORDER BY k.place), i.indpred IS NOT NULL"
    " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid"
    " CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(number, place)"
    " JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number"
    " WHERE c.relnamespace = 'public'::regnamespace GROUP BY 1, 2, 4"
)
PARTIAL = sa.text("SELECT partial FROM pragma_index_list(:table) WHERE name = :index")
# What finds rows, whatever becomes of them.
FINDING = ("SELECT", "WITH", "UPDATE", "DELETE")
KNOWN = "columns of indexes"
# The table, then the columns; or the name, of one that holds but some of the rows.
Index = tuple[str, ...]


@dataclass
class Plans:
    """How what was asked inside is answered, taken together."""

    asked: list[tuple[str, Any]] = field(default_factory=list)
    # Through which indexes ranges or single rows are read.
    indexes: set[Index] = field(default_factory=set)
    # Which tables are read from end to end.
    whole: set[str] = field(default_factory=set)


@contextmanager
def plans() -> Iterator[Plans]:
    """Collect what is asked inside; afterwards, say how the database answers it."""
    with _noted() as found:
        yield found
    explain = _on_postgresql if db.engine.dialect.name == "postgresql" else _on_sqlite
    for statement, parameters in found.asked:
        explain(statement, parameters, found)


@contextmanager
def plans_by_keys() -> Iterator[Plans]:
    """Say the same of what PostgreSQL has planned by keys, whatever values go along."""
    with _noted() as found:
        yield found
    with transaction():
        plan_by_keys()
        for statement, parameters in found.asked:
            _on_postgresql_by_keys(statement, parameters, found)


@contextmanager
def _noted() -> Iterator[Plans]:
    found = Plans()

    def note(*arguments: Any) -> None:
        _connection, _cursor, statement, parameters, _context, executemany = arguments
        if statement.lstrip().startswith(FINDING) and not executemany:
            # What is put to the driver itself has a list of values.
            given = tuple(parameters) if isinstance(parameters, list) else parameters
            found.asked.append((statement, given))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def _on_postgresql_by_keys(statement: str, parameters: Any, found: Plans) -> None:
    # Only what is prepared is planned without its values; and what is prepared takes none but
    # written ones.
    numbers = iter(range(1, len(parameters) + 1))
    words = re.sub("%s", lambda _place: f"${next(numbers)}", statement)
    session.connection().exec_driver_sql(f"PREPARE asked AS {words}")
    values = ", ".join("'{}'".format(str(value).replace("'", "''")) for value in parameters)
    _on_postgresql(f"EXECUTE asked ({values})", None, found)
    session.connection().exec_driver_sql("DEALLOCATE asked")


def _on_postgresql(statement: str, parameters: Any, found: Plans) -> None:
    known = _indexes()
    explained = session.connection().exec_driver_sql(
        f"EXPLAIN (FORMAT JSON) {statement}", parameters
    )
    for node in _nodes(explained.scalar_one()[0]["Plan"]):
        if node["Node Type"] == "Seq Scan":
            found.whole.add(node["Relation Name"])
        elif node.get("Index Name") in known:
            table, *columns = known[node["Index Name"]]
            # Without a condition, all of it is read, in its order.
            read_from_end = "Index Cond" not in node
            found.whole.add(f"{table} in order") if read_from_end else None
            found.indexes.add((table, *columns))


def _indexes() -> dict[str, Index]:
    """Return the columns of each index by its name, asked once for each session."""
    if KNOWN not in session.info:
        rows = session.execute(COLUMNS)
        session.info[KNOWN] = {
            name: (table, name) if is_partial else (table, *columns)
            for name, table, columns, is_partial in rows
        }
    return session.info[KNOWN]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def _on_sqlite(statement: str, parameters: Any, found: Plans) -> None:
    explained = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    for *_numbers, detail in explained.all():
        step = STEP.match(detail)
        if step is None or step[2] not in db.metadata.tables:
            continue
        if step[1] == "SCAN":
            found.whole.add(step[2] if step[3] is None else f"{step[2]} in order")
        columns = ("id",) if step[3] is None else _columns_on_sqlite(step[2], step[3])
        if step[1] == "SEARCH" or step[3] is not None:
            found.indexes.add((step[2], *columns))


def _columns_on_sqlite(table: str, index: str) -> tuple[str, ...]:
    if session.scalar(PARTIAL, {"table": table, "index": index}):
        return (index,)
    rows = session.connection().exec_driver_sql(f"PRAGMA index_info({index})")
    return tuple(name for _place, _number, name in rows)

"""What the databases read off a moment by themselves, each in its own words.

Months are those of UTC, as text; quarters of an hour and days are numbered from 1970.
"""

from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.foundation.database import Whole
from app.foundation.periods import QUARTER_SECONDS

# SQLite rounds to milliseconds: without its fraction, a quarter's last microsecond stays in it.
_WHOLE_SECONDS = len("2026-11-22 12:00:00")
_WORDS = {
    "month_of": {
        "postgresql": "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM')",
        "sqlite": "substr({}, 1, 7)",
    },
    "month_of_quarter": {
        "postgresql": f"to_char(to_timestamp({{}} * {QUARTER_SECONDS}) AT TIME ZONE 'UTC',"
        " 'YYYY-MM')",
        "sqlite": f"strftime('%Y-%m', {{}} * {QUARTER_SECONDS}, 'unixepoch')",
    },
    "quarter_of": {
        "postgresql": f"CAST(floor(extract(epoch FROM {{}}) / {QUARTER_SECONDS}) AS BIGINT)",
        "sqlite": f"(CAST(strftime('%s', substr({{}}, 1, {_WHOLE_SECONDS})) AS INTEGER)"
        f" / {QUARTER_SECONDS})",
    },
    "day_number": {
        "postgresql": "({} - DATE '1970-01-01')",
        "sqlite": "CAST(julianday({}) - julianday('1970-01-01') AS INTEGER)",
    },
}


class _Read(FunctionElement[Any]):
    """Something that is read off a column; its name says which words are for it."""

    inherit_cache = True


class _MonthOf(_Read):
    name, type, inherit_cache = "month_of", Text(), True


class _MonthOfQuarter(_Read):
    name, type, inherit_cache = "month_of_quarter", Text(), True


class _QuarterOf(_Read):
    name, type, inherit_cache = "quarter_of", Whole, True


class _DayNumber(_Read):
    name, type, inherit_cache = "day_number", Whole, True


def month_of(moment: SQLColumnExpression[Any]) -> ColumnElement[str]:
    """Return the calendar month in UTC that holds the moment, as text: `2026-11`."""
    return _MonthOf(moment)


def month_of_quarter(quarter: SQLColumnExpression[Any]) -> ColumnElement[str]:
    """Return the calendar month in UTC that holds the quarter of an hour of that number."""
    return _MonthOfQuarter(quarter)


def quarter_of(moment: SQLColumnExpression[Any]) -> ColumnElement[int]:
    """Return the number of the quarter of an hour that holds the moment, counted from 1970."""
    return _QuarterOf(moment)


def day_number(day: SQLColumnExpression[Any]) -> ColumnElement[int]:
    """Return the number of the day, counted from 1970."""
    return _DayNumber(day)


@compiles(_Read)
def _in_its_words(element: _Read, compiler: SQLCompiler, **given: Any) -> str:
    (column,) = element.clauses
    return _WORDS[element.name][compiler.dialect.name].format(compiler.process(column, **given))

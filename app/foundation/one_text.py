"""Names that are read as one text beside something else, instead of by a statement of their own."""

from sqlalchemy import ColumnElement, ScalarSelect, func, select

# Between two of them: no name holds it.
NEXT_LINE = "\n"


def as_one_text(names: ColumnElement[str]) -> ScalarSelect[str]:
    """Return all names of a subquery's column as one text; null if there are none."""
    return select(func.aggregate_strings(names, NEXT_LINE)).scalar_subquery()


def names_in(text: str | None) -> list[str]:
    """Return the names of that text, in no order."""
    return text.split(NEXT_LINE) if text else []

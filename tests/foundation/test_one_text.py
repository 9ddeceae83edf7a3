"""Names that are read as one text come back as they were."""

import pytest
from flask import Flask
from sqlalchemy import String, literal, select, union_all

from app.foundation.database import session
from app.foundation.one_text import as_one_text, names_in


@pytest.mark.parametrize(
    "names", [["gpt-4"], ["gpt-4", "claude sonnet", "模型, 4"], ["a", "a,b", "a;b"]]
)
def test_names_come_back(app: Flask, names: list[str]) -> None:
    rows = union_all(*(select(literal(name, String).label("name")) for name in names)).subquery()
    assert sorted(names_in(session.scalar(select(as_one_text(rows.c.name))))) == sorted(names)


def test_there_may_be_none(app: Flask) -> None:
    nothing = select(literal("x", String).label("name")).where(literal(1) == 2).subquery()
    text = session.scalar(select(as_one_text(nothing.c.name)))
    assert text is None and names_in(text) == []

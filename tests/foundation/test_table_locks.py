"""Locks of whole tables: they are shared, or taken by one alone."""

from contextlib import nullcontext

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import OperationalError

from app.domain.usage.checkpoint_models import VerifiedMonth
from app.foundation import table_locks
from app.foundation.database import db, session, transaction
from tests.databases import on_postgresql, on_sqlite

HURRY = sa.text("SET LOCAL lock_timeout = '50ms'")


@on_postgresql
@pytest.mark.parametrize(
    ("held", "asked", "waits"),
    [
        ("SHARE", table_locks.share, False),
        ("SHARE", table_locks.take, True),
        ("EXCLUSIVE", table_locks.share, True),
        ("EXCLUSIVE", table_locks.take, True),
    ],
)
def test_one_waits_for_another(app: Flask, held: str, asked, waits: bool) -> None:
    with db.engine.connect() as other:
        other.execute(sa.text(f"LOCK TABLE verified_months IN {held} MODE"))
        # Whoever only reads never waits.
        assert session.query(VerifiedMonth).count() == 0
        with transaction():
            session.execute(HURRY)
            expected = pytest.raises(OperationalError, match="lock timeout")
            with expected if waits else nullcontext(), session.begin_nested():
                asked(VerifiedMonth)


@on_sqlite
def test_nothing_is_to_be_done_where_one_writes_alone(app: Flask) -> None:
    with transaction():
        table_locks.share(VerifiedMonth)
        table_locks.take(VerifiedMonth)

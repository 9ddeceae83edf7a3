"""When the books were last verified: what the worker has noted."""

from datetime import datetime, timedelta

from app.domain.reporting.verification import (
    BOOKS_VERIFIED,
    Verification,
    find_last_verification,
)
from app.foundation import journal
from app.foundation.database import transaction
from tests.moments import NOW


def note(broken: int, *, now: datetime) -> None:
    details = {"broken": broken, "lines": []}
    with transaction():
        journal.write(BOOKS_VERIFIED, actor="system", now=now, details=details)


def test_is_none_before_the_first(app) -> None:
    assert find_last_verification() is None


def test_is_the_newest(app) -> None:
    note(2, now=NOW)
    note(0, now=NOW + timedelta(hours=1))
    assert find_last_verification() == Verification(NOW + timedelta(hours=1), 0, ())

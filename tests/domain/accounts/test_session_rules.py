"""How long a session lasts: the moment before each end, and the end."""

from datetime import timedelta

import pytest

from app.domain.accounts import session_rules
from tests.moments import NOW

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("role", "idle", "absolute"),
    [
        ("customer", timedelta(days=14), timedelta(days=90)),
        ("operator", timedelta(hours=12), timedelta(hours=24)),
    ],
)
def test_ends_by_itself(role: str, idle: timedelta, absolute: timedelta) -> None:
    ends_at = session_rules.absolute_end(role, now=NOW)
    assert ends_at == NOW + absolute
    assert session_rules.idle_end(role, ends_at=ends_at, now=NOW) == NOW + idle
    late = ends_at - idle + SECOND
    assert session_rules.idle_end(role, ends_at=ends_at, now=late) == ends_at


@pytest.mark.parametrize(
    ("after", "is_worth_it"), [(59 * SECOND, False), (60 * SECOND, True), (61 * SECOND, True)]
)
def test_is_noted_once_a_minute(after: timedelta, is_worth_it: bool) -> None:
    assert session_rules.is_worth_noting(NOW, now=NOW + after) is is_worth_it


@pytest.mark.parametrize(
    ("after", "is_fresh"),
    [(timedelta(0), True), (timedelta(minutes=15) - SECOND, True), (timedelta(minutes=15), False)],
)
def test_a_password_is_fresh_for_a_quarter_of_an_hour(after: timedelta, is_fresh: bool) -> None:
    assert session_rules.is_fresh(NOW, now=NOW + after) is is_fresh

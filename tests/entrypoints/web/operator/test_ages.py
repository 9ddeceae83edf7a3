"""How long ago something was, in words."""

from datetime import timedelta

import pytest

from app.entrypoints.web.operator.ages import age, ages
from tests.moments import NOW


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (timedelta(seconds=-1), "under a minute"),
        (timedelta(seconds=59), "under a minute"),
        (timedelta(seconds=60), "1 minute"),
        (timedelta(minutes=59, seconds=59), "59 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=23, minutes=59), "23 hours"),
        (timedelta(hours=24), "1 day"),
        (timedelta(days=1500), "1,500 days"),
    ],
)
def test_is_told_in_the_largest_unit_that_is_full(passed: timedelta, said: str) -> None:
    assert age(NOW - passed, now=NOW) == said
    assert ages(now=NOW)(NOW - passed) == said

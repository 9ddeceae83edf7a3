"""Entrypoints ask the clock themselves: their tests are played at the real moment."""

from datetime import datetime

import pytest

from app.foundation import clock


@pytest.fixture
def now() -> datetime:
    """The moment the test is played at: this one."""
    return clock.now()

"""The clock: UTC, and going forward."""

from datetime import UTC, timedelta

from app.foundation import clock


class TestNow:
    def test_is_a_moment_in_utc(self) -> None:
        assert clock.now().tzinfo is UTC

    def test_goes_on(self) -> None:
        earlier, later = clock.now(), clock.now()
        assert timedelta() <= later - earlier < timedelta(minutes=1)

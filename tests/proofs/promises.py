"""What was promised, and those who died have left to others."""

import pytest

from app.entrypoints.jobs.promises import work_off_outbox
from app.foundation import clock
from app.foundation.database import end_reading
from app.foundation.outbox import LEASE


def keep_all_promises(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what was promised, as the worker does once the leases of the dead have ended."""
    later = clock.now() + 2 * LEASE
    monkeypatch.setattr(clock, "now", lambda: later)
    end_reading()
    work_off_outbox()

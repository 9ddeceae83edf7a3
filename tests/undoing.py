"""Runs work in a transaction that fails, to see that nothing of it stays."""

from collections.abc import Callable
from contextlib import suppress

from app.foundation.database import transaction


class _Failed(Exception):
    """What goes wrong after the work was done."""


def run_and_fail(work: Callable[[], object]) -> None:
    """Do the work in a transaction, and fail before it ends."""
    with suppress(_Failed), transaction():
        work()
        raise _Failed

"""Work that is done a part at a time, each in a transaction of its own, until none is left."""

from collections.abc import Callable
from datetime import datetime

from app.foundation import clock
from app.foundation.database import transaction

# A job that would never end is stopped, and goes on when it is next due.
PARTS_MAX = 10_000


def in_parts(part: Callable[[datetime], int]) -> None:
    """Do parts until one had nothing to do."""
    for _ in range(PARTS_MAX):
        with transaction():
            done = part(clock.now())
        if not done:
            return

"""When the books were last verified, and what it came to. Reads only."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from app.foundation import journal

# The act under which the journal keeps each verification.
BOOKS_VERIFIED = "books_verified"


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification of the books came to."""

    verified_at: datetime
    # How many lines were wrong.
    broken: int
    # The first of them.
    lines: tuple[str, ...]


def find_last_verification() -> Verification | None:
    """Return the last verification of the books; None before the first."""
    entry = journal.find_last(BOOKS_VERIFIED)
    if entry is None:
        return None
    told = entry.details
    broken, lines = cast(int, told["broken"]), cast(list[str], told["lines"])
    return Verification(entry.happened_at, broken, tuple(lines))

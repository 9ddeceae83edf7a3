"""The books are verified by themselves: whatever is wrong is in the log within the hour."""

import logging

from app.domain.reporting.verification import BOOKS_VERIFIED
from app.foundation import clock, journal
from app.foundation.database import transaction
from app.workflows.keep_checkpoint import keep_checkpoint
from app.workflows.verify_books import verify_books

log = logging.getLogger(__name__)

# The journal keeps the first lines; `billing verify` prints them all.
LINES_KEPT = 20


def verify_and_note() -> None:
    """Verify the books, log each line that is wrong, and note in the journal what it came to."""
    broken = verify_books()
    for line in broken:
        log.error("The books are wrong: %s", line)
    details: dict[str, object] = {"broken": len(broken), "lines": broken[:LINES_KEPT]}
    with transaction():
        now = clock.now()
        journal.write(BOOKS_VERIFIED, actor="system", now=now, details=details)
        if not broken:
            keep_checkpoint(now=now)

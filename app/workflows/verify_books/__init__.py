"""Verify the books: every sum that is kept twice must be the same twice.

All checks are one statement, which asks for the rows in which two figures that must agree do not:
so it sees one moment, and may run beside everything else; only what issued invoices say is read
besides. The numbers are those of the list of invariants in the book of rules. Nothing of number
10's attempts is checked here: those that are undecided for a day are on the operator's page
because it reads them the same way.
"""

from app.domain.usage import checkpoints
from app.workflows.verify_books import (
    billed_usage,
    coupons,
    documents,
    invoices,
    ledgers,
    local_usage,
    payments,
    periods,
    usage,
)
from app.workflows.verify_books.reading import each_line

SUBJECTS = (periods, ledgers, coupons, invoices, documents, billed_usage, payments)
BESIDE_USAGE = tuple(check for subject in SUBJECTS for check in subject.CHECKS)


def verify_books() -> list[str]:
    """Return one line per broken invariant, naming the rows; none if the books are right.

    The records of months that were verified after their close, and the invoices issued in those
    months, are taken as they were then: what it costs follows what is new.
    """
    since = checkpoints.verified_until()
    lines = each_line((*usage.CHECKS, *BESIDE_USAGE))
    return [*lines, *invoices.changed_after_issue(since=since)]


def verify_books_in_full() -> list[str]:
    """Return the same of everything there is, and where it is not what was verified before.

    Hours and days, too, are compared by their whole key, which takes longer.
    """
    lines = each_line((*usage.CHECKS_IN_FULL, *local_usage.checks(), *BESIDE_USAGE))
    return [*lines, *invoices.changed_after_issue(since=None)]

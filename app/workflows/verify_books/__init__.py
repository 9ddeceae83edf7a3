"""Verify the books: every sum that is kept twice must be the same twice.

Each check asks the database, in one statement, for the rows in which two figures that must agree
do not: so it sees one moment, and may run beside everything else. The numbers are those of the
list of invariants in the book of rules. Nothing of number 10's attempts is checked here: those
that are undecided for a day are on the operator's page because it reads them the same way.
"""

from app.workflows.verify_books import (
    billed_usage,
    coupons,
    documents,
    invoices,
    ledgers,
    payments,
    periods,
    usage,
)

SUBJECTS = (usage, periods, ledgers, coupons, invoices, documents, billed_usage, payments)


def verify_books() -> list[str]:
    """Return one line per broken invariant, naming the rows; none if the books are right."""
    return [line for subject in SUBJECTS for check in subject.CHECKS for line in check()]

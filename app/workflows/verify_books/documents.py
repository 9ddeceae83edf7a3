"""8: documents are numbered per account and month, without a gap."""

from sqlalchemy import Subquery, Text, case, cast, func, literal, select, union_all

from app.domain.accounts.models import Account
from app.domain.invoices.models import CreditNote, Invoice, InvoiceCounter
from app.workflows.verify_books.reading import Check, Rows, check

MONTH_LENGTH = len("2026-11")


@check("document {} of {} stands where {} should")
def _numbers_without_gaps() -> Rows:
    """8: the documents of an account and month have the numbers 1, 2, 3 …"""
    numbered = _numbered()
    expected = case(
        (numbered.c.position == 1, numbered.c.first),
        else_=numbered.c.first.concat("-").concat(cast(numbered.c.position, Text)),
    )
    documents = select(numbered.c.number, numbered.c.user_id, expected)
    return documents.where(numbered.c.number != expected)


def _miscounted() -> Rows:
    """8: a counter of numbers is the number of its documents."""
    documents = _documents()
    keys = (documents.c.user_id, documents.c.series, documents.c.month)
    counter = InvoiceCounter
    both = union_all(
        select(*keys, func.count().label("left")).group_by(*keys),
        select(counter.user_id, counter.series, counter.month, -counter.last_number),
    ).subquery()
    left = func.sum(both.c.left)
    named = (both.c.user_id, both.c.series, both.c.month)
    return select(*named, left).group_by(*named).having(left != 0)


def _counter_told(user_id: str, series: str, month: str, left: str) -> str:
    difference = int(left)
    return (
        f"documents {series} of {user_id} in {month} are {abs(difference)}"
        f" {'more' if difference > 0 else 'fewer'} than their counter says"
    )


def _documents() -> Subquery:
    """Return every numbered document with the number that the first of its month must have."""
    invoices = select(
        Invoice.user_id,
        literal("INV").label("series"),
        Invoice.billing_month.label("month"),
        Invoice.invoice_number.label("number"),
    ).where(Invoice.invoice_number.is_not(None))
    # CN-1001-2026-11-2: the month is told by nothing but the number.
    start = func.length(cast(Account.number, Text)) + len("CN--") + 1
    credit_notes = select(
        CreditNote.user_id,
        literal("CN").label("series"),
        func.substr(CreditNote.credit_note_number, start, MONTH_LENGTH).label("month"),
        CreditNote.credit_note_number.label("number"),
    ).join(Account, Account.id == CreditNote.user_id)
    return union_all(invoices, credit_notes).subquery()


def _numbered() -> Subquery:
    documents = _documents()
    each = (documents.c.user_id, documents.c.series, documents.c.month)
    number = documents.c.number
    # Shorter ones are lower: 9 comes before 10.
    position = func.row_number().over(partition_by=each, order_by=[func.length(number), number])
    first = documents.c.series.concat("-").concat(cast(Account.number, Text))
    return (
        select(
            documents.c.user_id,
            number.label("number"),
            first.concat("-").concat(documents.c.month).label("first"),
            position.label("position"),
        )
        .join(Account, Account.id == documents.c.user_id)
        .subquery()
    )


CHECKS = (_numbers_without_gaps, Check(_miscounted, _counter_told))

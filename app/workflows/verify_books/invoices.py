"""5: invoices add up, stay what they were at their issue, and are not taken back twice."""

from collections.abc import Iterator, Sequence
from itertools import islice

from sqlalchemy import Subquery, func, or_, select

from app.domain.invoices import operations, queries, rules
from app.domain.invoices.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from app.foundation.database import session
from app.workflows.verify_books.reading import LINES_PER_CHECK_MAX, Lines, some

INVOICES_AT_ONCE = 500


def _lines_add_up() -> Lines:
    """5: the lines make the amount, and less discounts and with tax the final one."""
    lines = _sums_of_lines()
    amount = func.coalesce(lines.c.minor, 0)
    final = Invoice.amount_minor - Invoice.discount_minor + Invoice.tax_minor
    wrong = (
        select(Invoice.public_id, Invoice.user_id, Invoice.amount_minor, amount)
        .outerjoin(lines, lines.c.invoice_id == Invoice.id)
        # Drafts that nobody paid vanish, and their lines with them.
        .where(or_(Invoice.status != "void", Invoice.issued_at.is_not(None)))
        .where(or_(Invoice.amount_minor != amount, Invoice.final_minor != final))
    )
    for public_id, user_id, kept, minor in some(wrong):
        yield f"invoice {public_id} of {user_id} says {kept} cents, its lines {minor}"


def _issued_unchanged() -> Lines:
    """5: an issued invoice says what it said at its issue."""
    yield from islice(_changed(), LINES_PER_CHECK_MAX)


def _changed() -> Iterator[str]:
    last_id = 0
    while part := _issued_after(last_id):
        lines = queries.lines_of([invoice.id for invoice in part])
        for invoice in part:
            content = operations.content(invoice, lines[invoice.id])
            if rules.content_digest(content) != invoice.content_digest:
                yield f"invoice {invoice.public_id} of {invoice.user_id} was changed after issue"
        last_id = part[-1].id


def _issued_after(invoice_id: int) -> Sequence[Invoice]:
    issued = select(Invoice).where(Invoice.id > invoice_id, Invoice.issued_at.is_not(None))
    # What is in memory already may be older than what stands in the database.
    fresh = issued.order_by(Invoice.id).execution_options(populate_existing=True)
    return session.scalars(fresh.limit(INVOICES_AT_ONCE)).all()


def _lines_credited() -> Lines:
    """5: a line counts what credit notes took back of it, which is never more than it says."""
    taken = select(
        CreditNoteLine.invoice_line_id, func.sum(CreditNoteLine.amount_minor).label("minor")
    )
    credited = taken.group_by(CreditNoteLine.invoice_line_id).subquery()
    minor, line = func.coalesce(credited.c.minor, 0), InvoiceLine
    wrong = (
        select(Invoice.public_id, Invoice.user_id, line.position, line.credited_minor, minor)
        .join(Invoice, Invoice.id == line.invoice_id)
        .outerjoin(credited, credited.c.invoice_line_id == line.id)
        .where(or_(line.credited_minor != minor, minor > func.abs(line.amount_minor)))
    )
    for public_id, user_id, position, kept, noted in some(wrong):
        yield (
            f"line {position} of invoice {public_id} of {user_id} counts {kept} cents"
            f" as credited, its credit notes {noted}"
        )


def _credit_notes_within_invoices() -> Lines:
    """5: an invoice's credit notes give back no more than it asked for."""
    back = select(
        CreditNote.invoice_id,
        func.sum(CreditNote.amount_minor + CreditNote.tax_minor).label("minor"),
    )
    noted = back.group_by(CreditNote.invoice_id).subquery()
    wrong = (
        select(Invoice.public_id, Invoice.user_id, Invoice.final_minor, noted.c.minor)
        .join(noted, noted.c.invoice_id == Invoice.id)
        .where(noted.c.minor > Invoice.amount_minor + Invoice.tax_minor)
    )
    for public_id, user_id, final, minor in some(wrong):
        yield f"invoice {public_id} of {user_id} over {final} cents is credited with {minor}"


def _sums_of_lines() -> Subquery:
    summed = func.sum(InvoiceLine.amount_minor).label("minor")
    return select(InvoiceLine.invoice_id, summed).group_by(InvoiceLine.invoice_id).subquery()


CHECKS = (_lines_add_up, _issued_unchanged, _lines_credited, _credit_notes_within_invoices)

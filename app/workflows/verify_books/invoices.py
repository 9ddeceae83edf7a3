"""5: invoices add up, stay what they were at their issue, and are not taken back twice."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Subquery, func, or_, select

from app.domain.invoices import operations, queries, rules
from app.domain.invoices.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from app.foundation.database import session
from app.workflows.verify_books.reading import LINES_PER_CHECK_MAX, Lines, Rows, check

INVOICES_AT_ONCE = 500
SAID = [getattr(Invoice, name) for name in ("id", "public_id", "content_digest", *operations.SAID)]


@check("invoice {} of {} says {} cents, its lines {}")
def _lines_add_up() -> Rows:
    """5: the lines make the amount, and less discounts and with tax the final one."""
    lines = _sums_of_lines()
    amount = func.coalesce(lines.c.minor, 0)
    final = Invoice.amount_minor - Invoice.discount_minor + Invoice.tax_minor
    return (
        select(Invoice.public_id, Invoice.user_id, Invoice.amount_minor, amount)
        .outerjoin(lines, lines.c.invoice_id == Invoice.id)
        # Drafts that nobody paid vanish, and their lines with them.
        .where(or_(Invoice.status != "void", Invoice.issued_at.is_not(None)))
        .where(or_(Invoice.amount_minor != amount, Invoice.final_minor != final))
    )


@check("line {2} of invoice {0} of {1} counts {3} cents as credited, its credit notes {4}")
def _lines_credited() -> Rows:
    """5: a line counts what credit notes took back of it, which is never more than it says."""
    taken = select(
        CreditNoteLine.invoice_line_id, func.sum(CreditNoteLine.amount_minor).label("minor")
    )
    credited = taken.group_by(CreditNoteLine.invoice_line_id).subquery()
    minor, line = func.coalesce(credited.c.minor, 0), InvoiceLine
    return (
        select(Invoice.public_id, Invoice.user_id, line.position, line.credited_minor, minor)
        .join(Invoice, Invoice.id == line.invoice_id)
        .outerjoin(credited, credited.c.invoice_line_id == line.id)
        .where(or_(line.credited_minor != minor, minor > func.abs(line.amount_minor)))
    )


@check("invoice {} of {} over {} cents is credited with {}")
def _credit_notes_within_invoices() -> Rows:
    """5: an invoice's credit notes give back no more than it asked for."""
    back = select(
        CreditNote.invoice_id,
        func.sum(CreditNote.amount_minor + CreditNote.tax_minor).label("minor"),
    )
    noted = back.group_by(CreditNote.invoice_id).subquery()
    return (
        select(Invoice.public_id, Invoice.user_id, Invoice.final_minor, noted.c.minor)
        .join(noted, noted.c.invoice_id == Invoice.id)
        .where(noted.c.minor > Invoice.amount_minor + Invoice.tax_minor)
    )


def changed_after_issue(*, since: datetime | None) -> Lines:
    """5: an issued invoice says what it said at its issue: all, or those issued since then."""
    yield from islice(_changed(since), LINES_PER_CHECK_MAX)


def _changed(since: datetime | None) -> Iterator[str]:
    last_id, part = 0, _issued_after(0, since)
    while part:
        lines = queries.lines_of([invoice.id for invoice in part])
        for invoice in part:
            content = operations.content(invoice, lines[invoice.id])
            if rules.content_digest(content) != invoice.content_digest:
                yield f"invoice {invoice.public_id} of {invoice.user_id} was changed after issue"
        last_id = part[-1].id
        part = _issued_after(last_id, since) if len(part) == INVOICES_AT_ONCE else []


def _issued_after(invoice_id: int, since: datetime | None) -> Sequence[Any]:
    # Plain rows: objects would take three times as long, and there may be very many.
    issued = select(*SAID).where(Invoice.id > invoice_id, Invoice.issued_at.is_not(None))
    if since is not None:
        issued = issued.where(Invoice.issued_at >= since)
    return session.execute(issued.order_by(Invoice.id).limit(INVOICES_AT_ONCE)).all()


def _sums_of_lines() -> Subquery:
    summed = func.sum(InvoiceLine.amount_minor).label("minor")
    return select(InvoiceLine.invoice_id, summed).group_by(InvoiceLine.invoice_id).subquery()


CHECKS = (_lines_add_up, _lines_credited, _credit_notes_within_invoices)

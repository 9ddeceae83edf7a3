"""Invoices add up, stay as they were issued, and are credited once."""

import pytest
import sqlalchemy as sa

from app.domain.accounts.models import Account
from app.domain.invoices.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from app.foundation.database import session
from app.workflows.verify_books import invoices, verify_books
from tests.moments import NOW
from tests.tampering import lines_after


@pytest.fixture(autouse=True)
def books(closed_books: Account) -> None:
    """A credit note has taken a dollar back of the first line of Ada's October."""
    line = session.scalars(sa.select(InvoiceLine).order_by(InvoiceLine.id)).first()
    invoice = session.get(Invoice, line.invoice_id)
    line.credited_minor = 100
    note = CreditNote(
        invoice_id=invoice.id,
        user_id="ada",
        credit_note_number=f"CN-{closed_books.number}-2026-11",
        reason="goodwill",
        amount_minor=100,
        tax_minor=0,
        content_digest="",
        issued_at=NOW,
    )
    session.add(note)
    session.flush()
    session.add(CreditNoteLine(credit_note_id=note.id, invoice_line_id=line.id, amount_minor=100))
    session.execute(sa.text("INSERT INTO invoice_counters VALUES ('ada', 'CN', '2026-11', 1)"))
    session.commit()


def test_finds_nothing_where_all_is_right() -> None:
    assert verify_books() == []


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        (
            "UPDATE invoice_lines SET amount_minor = amount_minor + 1 WHERE position = 1"
            " AND invoice_id = (SELECT min(id) FROM invoices)",
            "its lines",
        ),
        ("DELETE FROM invoice_lines WHERE position = 2", "its lines"),
        (
            "UPDATE invoices SET amount_minor = amount_minor + 1, final_minor = final_minor + 1"
            " WHERE user_id = 'ben'",
            "of ben says",
        ),
    ],
)
def test_tells_lines_that_do_not_add_up(tampering: str, told: str) -> None:
    lines = lines_after(tampering)
    assert any(line.startswith("invoice ") and told in line for line in lines), lines


def test_tells_a_foot_that_does_not_add_up() -> None:
    lines = lines_after(
        "UPDATE invoices SET tax_minor = 7 WHERE user_id = 'ben'",
        dropping="invoices.ck_invoices_totals_add_up",
    )
    assert any("of ben says" in line for line in lines), lines


@pytest.mark.parametrize(
    "tampering",
    [
        """UPDATE invoices SET buyer = '{"name": "Somebody else"}'""",
        """UPDATE invoices SET seller = '{}'""",
        "UPDATE invoices SET due_at = issued_at",
        "UPDATE invoice_lines SET description = 'Consulting'",
        "UPDATE invoice_lines SET quantity = quantity + 1",
        "UPDATE invoices SET content_digest = NULL",
    ],
)
def test_tells_an_invoice_that_was_changed_after_issue(
    tampering: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invoices, "INVOICES_AT_ONCE", 2)
    lines = lines_after(tampering)
    assert len(lines) == 3, lines
    assert all("was changed after issue" in line for line in lines)


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE invoice_lines SET credited_minor = 99 WHERE credited_minor = 100",
        "UPDATE invoice_lines SET credited_minor = 1 WHERE credited_minor = 0 AND amount_minor > 0",
        "UPDATE credit_note_lines SET amount_minor = 101",
    ],
)
def test_tells_lines_that_count_other_credits(tampering: str) -> None:
    lines = lines_after(tampering)
    assert lines
    assert all("cents as credited, its credit notes" in line for line in lines), lines


def test_tells_more_credit_than_was_asked_for() -> None:
    of_line = lines_after(
        "UPDATE credit_note_lines SET amount_minor = 1000000",
        "UPDATE invoice_lines SET credited_minor = 1000000 WHERE credited_minor = 100",
        dropping="invoice_lines.ck_invoice_lines_credited_within_line",
    )
    assert ["as credited" in line for line in of_line] == [True]
    of_invoice = lines_after("UPDATE credit_notes SET amount_minor = 1000000")
    assert ["is credited with 1000000" in line for line in of_invoice] == [True]

"""Documents are numbered without a gap."""

from datetime import datetime

import pytest
import sqlalchemy as sa

from app.domain.accounts.models import Account
from app.domain.invoices.models import CreditNote
from app.foundation.database import session
from app.workflows.verify_books import verify_books
from tests.factories.payments import make_plan_invoice
from tests.tampering import lines_after


@pytest.fixture(autouse=True)
def books(ada: Account, ben: Account, now: datetime) -> None:
    """Eleven invoices of one month, and two credit notes."""
    for user_id in ["ben"] + ["ada"] * 11:
        invoice = make_plan_invoice(user_id, now=now)
    for number in ("", "-2"):
        session.add(
            CreditNote(
                invoice_id=invoice.id,
                user_id="ada",
                credit_note_number=f"CN-{ada.number}-2026-11{number}",
                reason="",
                amount_minor=1,
                tax_minor=0,
                content_digest="",
                issued_at=now,
            )
        )
    session.commit()


def only_numbers(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith("document")]


def counted(*tampering: str) -> list[str]:
    counters = "INSERT INTO invoice_counters VALUES ('ada', 'CN', '2026-11', 2)"
    return only_numbers(lines_after(counters, *tampering))


def test_finds_nothing_where_each_number_follows() -> None:
    assert counted() == []


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        (
            "UPDATE invoices SET invoice_number = invoice_number || '0'"
            " WHERE invoice_number LIKE '%-11-9'",
            ["-90 of ada stands where", "-9 should", "-10 should"],
        ),
        (
            "UPDATE invoices SET invoice_number = invoice_number || '-1'"
            " WHERE invoice_number LIKE '%2026-11' AND user_id = 'ada'",
            ["-11-1 of ada stands where INV-"],
        ),
        (
            "UPDATE credit_notes SET credit_note_number = credit_note_number || '0'"
            " WHERE credit_note_number LIKE '%-2'",
            ["2026-11-20 of ada stands where"],
        ),
        (
            "UPDATE invoices SET invoice_number = 'INV-1-2026-11' WHERE user_id = 'ben'",
            ["document INV-1-2026-11 of ben stands where"],
        ),
        (
            "UPDATE invoice_counters SET last_number = 12 WHERE user_id = 'ada' AND series = 'INV'",
            ["documents INV of ada in 2026-11 are 1 fewer than their counter says"],
        ),
        (
            "DELETE FROM invoice_counters WHERE user_id = 'ben'",
            ["documents INV of ben in 2026-11 are 1 more than their counter says"],
        ),
        (
            "UPDATE credit_notes SET credit_note_number = 'CN-what'"
            " WHERE credit_note_number LIKE '%-2'",
            ["document CN-what of ada stands where"],
        ),
    ],
)
def test_tells_a_gap(tampering: str, told: list[str]) -> None:
    lines = counted(tampering)
    for part in told:
        assert any(part in line for line in lines), lines


def test_tells_credit_notes_without_a_counter() -> None:
    assert only_numbers(verify_books()) == [
        "documents CN of ada in 2026-11 are 2 more than their counter says"
    ]
    assert session.scalar(sa.text("SELECT count(*) FROM credit_notes")) == 2

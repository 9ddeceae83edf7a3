"""Every nano of a closed month is billed, carried or forgiven; nothing is billed twice."""

import pytest

from app.domain.accounts.models import Account
from app.foundation.database import session
from app.workflows.verify_books import verify_books
from tests.tampering import lines_after

OF_OCTOBER = "(SELECT id FROM invoices WHERE user_id = 'ada' AND billing_month = '2026-10')"


@pytest.fixture(autouse=True)
def books(closed_books: Account) -> None:
    session.rollback()


def test_finds_nothing_where_all_is_billed() -> None:
    assert verify_books() == []


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        (
            "UPDATE invoice_lines SET amount_nanos = amount_nanos - 7 WHERE model = 'gpt-4'"
            f" AND invoice_id = {OF_OCTOBER}",
            "2026-10 of ada is closed, but 7 nano-USD of it are not billed",
        ),
        (
            "UPDATE invoice_lines SET kind = 'plan' WHERE kind = 'usage' AND model = 'gpt-4o'",
            "2026-10 of ada is closed, but 4502400000 nano-USD of it are not billed",
        ),
        (
            "UPDATE carried_amounts SET amount_nanos = amount_nanos + 1",
            "2026-10 of ben is closed, but -1 nano-USD of it are not billed",
        ),
        (
            "DELETE FROM carried_amounts",
            "2026-10 of ben is closed, but 127230000 nano-USD of it are not billed",
        ),
        (
            "DELETE FROM usage_corrections",
            "2026-10 of ada is closed, but -1507200000 nano-USD of it are not billed",
        ),
        (
            "UPDATE usage_corrections SET amount_nanos = amount_nanos + 1",
            "nano-USD of it are not billed",
        ),
    ],
)
def test_tells_nanos_that_are_nowhere(tampering: str, told: str) -> None:
    lines = lines_after(tampering)
    assert any(told in line for line in lines), lines


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE carried_amounts SET invoice_id = NULL",
        "UPDATE usage_corrections SET invoice_id = NULL",
        f"UPDATE usage_corrections SET invoice_id = {OF_OCTOBER}",
        "UPDATE invoice_lines SET amount_nanos = amount_nanos + 1 WHERE kind = 'carried'",
        "UPDATE invoice_lines SET kind = 'plan' WHERE kind = 'correction'",
    ],
)
def test_tells_what_waited_and_stands_on_no_invoice_or_another(tampering: str) -> None:
    lines = lines_after(tampering)
    assert lines
    assert all("and the amounts that waited for it differ by" in line for line in lines), lines


def test_lets_the_operator_forgive_a_month() -> None:
    void = (
        "UPDATE invoices SET status = 'void', voided_at = issued_at, void_reason = 'goodwill'"
        " WHERE user_id = 'ada' AND billing_month = '2026-10'"
    )
    assert lines_after(void) == []


def test_tells_a_month_that_the_close_has_passed_over() -> None:
    late = (
        "UPDATE usage_monthly SET billing_month = '2026-11' WHERE billing_month = '2026-12'",
        "UPDATE billing_records SET billing_month = '2026-11' WHERE billing_month = '2026-12'",
    )
    (line,) = lines_after(*late)
    assert line == "2026-11 of ben is closed, but 22200000 nano-USD of it are not billed"


def test_waits_for_a_close_that_was_stopped() -> None:
    stopped = (
        "DELETE FROM journal_entries WHERE action = 'month_closed_for_all'",
        "UPDATE usage_monthly SET billing_month = '2026-09' WHERE billing_month = '2026-12'",
        "UPDATE billing_records SET billing_month = '2026-09' WHERE billing_month = '2026-12'",
        "INSERT INTO month_closes (billing_month, closed_at) VALUES ('2026-09', '2026-10-02')",
    )
    assert lines_after(*stopped) == []

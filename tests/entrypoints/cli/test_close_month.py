"""Closing a month by the operator's hand."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.domain.invoices.models import Invoice
from app.domain.usage.reports import UsageReport
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from app.foundation.periods import BillingMonth
from app.workflows.record_usage import record_usage


@pytest.fixture
def last_month(ada, now) -> BillingMonth:
    """The month before this one, in which Ada used a million tokens of gpt-4."""
    month = BillingMonth.of(now).plus(-1)
    report = UsageReport(
        user_id=ada.id,
        request_id="r-1",
        model="gpt-4",
        prompt_tokens=1_000_000,
        completion_tokens=0,
        total_tokens=1_000_000,
        occurred_at=month.period.starts_at,
    )
    with transaction():
        record_usage([report], now=now, grace=timedelta(days=7))
    return month


def invoices() -> int:
    session.rollback()
    return session.scalars(select(func.count()).select_from(Invoice)).one()


class TestCloseMonth:
    def test_invoices_everyone_once(self, billing, last_month) -> None:
        result = billing("close-month", last_month)
        assert result.exit_code == 0, result.output
        assert result.stdout == f"{last_month}: issued invoices: 1, small amounts carried: 0.\n"
        again = billing("close-month", last_month)
        assert again.stdout == f"{last_month}: issued invoices: 0, small amounts carried: 0.\n"
        assert invoices() == 1

    def test_notes_that_it_came_to_everyone(self, billing, last_month) -> None:
        billing("close-month", last_month)
        session.rollback()
        noted = session.query(JournalEntry).filter_by(action="month_closed_for_all").one()
        assert noted.details == {"month": str(last_month)}

    @pytest.mark.parametrize("months", [0, 1])
    def test_refuses_a_month_that_is_not_over(self, billing, last_month, months) -> None:
        result = billing("close-month", last_month.plus(1 + months))
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.count("\n") == 1
        assert invoices() == 0

    def test_refuses_what_is_no_month(self, billing) -> None:
        result = billing("close-month", "November")
        assert result.exit_code == 1
        assert result.stderr == "billing: A month is written like 2026-11, not 'November'.\n"

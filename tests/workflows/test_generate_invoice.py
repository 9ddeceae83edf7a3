"""Generating an invoice: the month's one invoice, or its running draft."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.domain.accounts.models import Account
from app.domain.invoices.errors import MonthInFuture, NothingToInvoice
from app.domain.invoices.models import CarriedAmount, Invoice
from app.domain.usage.models import BillingRecord
from app.foundation.database import session, transaction
from app.foundation.periods import BillingMonth
from app.workflows.generate_invoice import GeneratedInvoice, generate_invoice
from tests.factories.accounts import make_account
from tests.workflows.test_close_month import CLOSED_AT, IN_OCTOBER, OCTOBER, SELLER, close, use

pytestmark = pytest.mark.usefixtures("books")


@pytest.fixture
def ada(app: Flask) -> Account:
    return make_account("ada", now=IN_OCTOBER)


def generate(
    account: Account, month: BillingMonth = OCTOBER, *, now: datetime = CLOSED_AT
) -> GeneratedInvoice:
    with transaction():
        return generate_invoice(account, month, seller=SELLER, now=now)


class TestGenerateInvoice:
    def test_issues_once_and_then_returns_the_same(self, ada: Account) -> None:
        use("ada", "a1", tokens=100_000, at=IN_OCTOBER, now=IN_OCTOBER)
        first, second = generate(ada), generate(ada)
        assert (first.is_new, second.is_new) == (True, False)
        assert first.invoice == second.invoice
        assert first.invoice.final_minor == 300

    def test_closes_the_month_for_the_account(self, ada: Account) -> None:
        use("ada", "a1", tokens=100_000, at=IN_OCTOBER, now=IN_OCTOBER)
        generate(ada)
        use("ada", "late", tokens=100_000, at=IN_OCTOBER, now=CLOSED_AT)
        record = session.scalars(select(BillingRecord).filter_by(request_id="late")).one()
        assert record.billing_month == "2026-11"
        assert close() == (0, 0)

    def test_drafts_the_running_month_and_stores_nothing(self, ada: Account) -> None:
        use("ada", "a1", tokens=100_000, at=IN_OCTOBER, now=IN_OCTOBER)
        drafted = generate(ada, now=IN_OCTOBER)
        assert drafted.invoice.status == "draft"
        assert (drafted.invoice.invoice_number, drafted.invoice.final_minor) == (None, 300)
        assert session.scalar(select(func.count(Invoice.id))) == 0

    @pytest.mark.parametrize("tokens", [0, 16_499])
    def test_refuses_what_is_too_little(self, ada: Account, tokens: int) -> None:
        if tokens:
            use("ada", "a1", tokens=tokens, at=IN_OCTOBER, now=IN_OCTOBER)
        with pytest.raises(NothingToInvoice):
            generate(ada)
        assert session.scalar(select(func.count(CarriedAmount.id))) == 0

    def test_refuses_a_month_that_has_not_begun(self, ada: Account) -> None:
        with pytest.raises(MonthInFuture):
            generate(ada, BillingMonth(2026, 12), now=datetime(2026, 11, 30, tzinfo=UTC))

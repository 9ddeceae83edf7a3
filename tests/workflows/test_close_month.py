"""Closing a month: everyone's usage of it on exactly one invoice, however often it is closed."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.domain.accounts.models import Account
from app.domain.invoices import queries
from app.domain.invoices.errors import MonthInFuture, MonthNotOver
from app.domain.invoices.models import CarriedAmount, Invoice
from app.domain.invoices.operations import Seller
from app.domain.usage.models import BillingRecord
from app.domain.usage.reports import UsageReport
from app.foundation.database import session, transaction
from app.foundation.periods import BillingMonth
from app.workflows import close_month as close_month_module
from app.workflows.close_month import close_month
from app.workflows.record_usage import record_usage
from app.workflows.verify_books import verify_books
from app.workflows.void_usage import void_usage
from tests.factories.accounts import make_account
from tests.statements import sent_in_sets, statements

SELLER = Seller(name="Oblivious", address="1 Main St", country="DE", vat_id="DE123456789")
OCTOBER = BillingMonth(2026, 10)
IN_OCTOBER = datetime(2026, 10, 20, tzinfo=UTC)
CLOSED_AT = datetime(2026, 11, 1, 1, tzinfo=UTC)
GRACE = timedelta(days=7)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def use(user_id: str, request_id: str, *, tokens: int, at: datetime, now: datetime) -> None:
    """Use gpt-4's prompt tokens: 30 USD a million."""
    report = UsageReport(
        user_id=user_id,
        request_id=request_id,
        model="gpt-4",
        prompt_tokens=tokens,
        completion_tokens=0,
        total_tokens=tokens,
        occurred_at=at,
    )
    with transaction():
        (outcome,) = record_usage([report], now=now, grace=GRACE)
    assert outcome.status == "accepted"


def close(month: BillingMonth = OCTOBER, *, now: datetime = CLOSED_AT) -> tuple[int, int]:
    issued, carried, after = 0, 0, ""
    while True:
        with transaction():
            done = close_month(month, seller=SELLER, actor="test", now=now, after=after)
        issued, carried = issued + done.issued_count, carried + done.carried_count
        if done.next_after is None:
            return issued, carried
        after = done.next_after


def invoices_of(account: Account) -> list[Invoice]:
    statement = select(Invoice).where(Invoice.user_id == account.id).order_by(Invoice.id)
    return list(session.scalars(statement))


@pytest.fixture
def ada(app: Flask) -> Account:
    return make_account("ada", now=IN_OCTOBER)


@pytest.fixture
def ben(app: Flask) -> Account:
    return make_account("ben", now=IN_OCTOBER)


class TestCloseMonth:
    def test_invoices_everyone_once(self, ada: Account, ben: Account) -> None:
        use("ada", "a1", tokens=500_000, at=IN_OCTOBER, now=IN_OCTOBER)
        use("ben", "b1", tokens=100_000, at=IN_OCTOBER, now=IN_OCTOBER)
        assert close() == (2, 0)
        assert close() == (0, 0)
        (invoice,) = invoices_of(ada)
        assert invoice.invoice_number == f"INV-{ada.number}-2026-10"
        assert (invoice.amount_minor, invoice.final_minor, invoice.status) == (1500, 1500, "issued")
        assert (invoice.issued_at, invoice.due_at) == (CLOSED_AT, CLOSED_AT + timedelta(days=30))
        assert invoice.seller["name"] == "Oblivious"
        assert invoice.buyer["email"] == "ada@example.com"
        (line,) = queries.invoice_of(ada, invoice.public_id, now=CLOSED_AT).lines
        assert (line.quantity, line.amount_minor) == (500_000, 1500)
        assert verify_books() == []

    @pytest.mark.parametrize("at_once", [1, 2, 3])
    def test_goes_on_where_it_stopped(
        self, ada: Account, ben: Account, at_once: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(close_month_module, "ACCOUNTS_AT_ONCE", at_once)
        use("ada", "a1", tokens=100_000, at=IN_OCTOBER, now=IN_OCTOBER)
        use("ben", "b1", tokens=100_000, at=IN_OCTOBER, now=IN_OCTOBER)
        with transaction():
            close_month(OCTOBER, seller=SELLER, actor="test", now=CLOSED_AT)
        close()
        assert len(invoices_of(ada)) == len(invoices_of(ben)) == 1

    def test_takes_as_many_statements_for_many_as_for_few(self, app: Flask) -> None:
        counts = []
        for month, size in ((OCTOBER, 2), (BillingMonth(2026, 11), 12)):
            used_at, closed_at = month.period.starts_at + 20 * DAY, month.period.ends_at + HOUR
            for number in range(size):
                name = f"{month}-{number}"
                make_account(name, now=used_at)
                use(name, name, tokens=100_000, at=used_at, now=used_at)
            with statements() as sent:
                assert close(month, now=closed_at) == (size, 0)
            counts.append(len(sent_in_sets(sent)))
        assert counts[0] == counts[1]

    def test_passes_over_who_owes_nothing(self, ada: Account) -> None:
        assert close() == (0, 0)

    @pytest.mark.parametrize(
        ("month", "now", "refusal"),
        [
            (OCTOBER, CLOSED_AT - timedelta(microseconds=1), MonthNotOver),
            (BillingMonth(2026, 12), CLOSED_AT, MonthInFuture),
        ],
    )
    def test_refuses_a_month_that_is_not_over(
        self, app: Flask, month: BillingMonth, now: datetime, refusal: type[Exception]
    ) -> None:
        with pytest.raises(refusal):
            close(month, now=now)

    def test_bills_usage_that_comes_too_late_in_the_next_month(self, ada: Account) -> None:
        use("ada", "in time", tokens=100_000, at=IN_OCTOBER, now=IN_OCTOBER)
        close()
        use("ada", "late", tokens=200_000, at=IN_OCTOBER, now=CLOSED_AT)
        record = session.scalars(select(BillingRecord).filter_by(request_id="late")).one()
        assert record.billing_month == "2026-11"
        close(BillingMonth(2026, 11), now=datetime(2026, 12, 1, 1, tzinfo=UTC))
        assert [invoice.amount_minor for invoice in invoices_of(ada)] == [300, 600]

    def test_carries_small_amounts_exactly(self, ada: Account) -> None:
        use("ada", "little", tokens=16_499, at=IN_OCTOBER, now=IN_OCTOBER)
        assert close() == (0, 1)
        assert close() == (0, 0)
        assert session.scalars(select(CarriedAmount.amount_nanos)).all() == [494_970_000]
        in_november = CLOSED_AT + timedelta(days=3)
        use("ada", "more", tokens=1_000, at=in_november, now=in_november)
        assert close(BillingMonth(2026, 11), now=datetime(2026, 12, 1, 1, tzinfo=UTC)) == (1, 0)
        (invoice,) = invoices_of(ada)
        view = queries.invoice_of(ada, invoice.public_id, now=CLOSED_AT)
        assert [line.description for line in view.lines] == [
            "AI API usage - gpt-4",
            "Carried from 2026-10",
        ]
        assert view.final_minor == 52
        assert session.scalars(select(CarriedAmount.invoice_id)).all() == [invoice.id]

    def test_gives_back_what_was_voided_after_the_close(self, ada: Account) -> None:
        use("ada", "wrong", tokens=100_000, at=IN_OCTOBER, now=IN_OCTOBER)
        close()
        in_november = CLOSED_AT + timedelta(days=3)
        with transaction():
            void_usage("wrong", reason="billed twice upstream", actor="test", now=in_november)
        use("ada", "right", tokens=500_000, at=in_november, now=in_november)
        close(BillingMonth(2026, 11), now=datetime(2026, 12, 1, 1, tzinfo=UTC))
        first, second = invoices_of(ada)
        assert (first.amount_minor, second.amount_minor) == (300, 1200)
        lines = queries.invoice_of(ada, second.public_id, now=CLOSED_AT).lines
        assert [line.amount_minor for line in lines] == [1500, -300]
        assert verify_books() == []

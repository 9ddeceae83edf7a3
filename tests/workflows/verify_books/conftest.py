"""Books with a closed month: an invoice, a carried amount, and much else to tamper with."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice
from app.foundation.database import session, transaction
from app.foundation.periods import BillingMonth
from app.workflows.close_month import close_month
from app.workflows.find_months_to_close import note_closed_for_all
from app.workflows.void_usage import void_usage
from tests.factories.accounts import make_account
from tests.factories.payments import SELLER
from tests.factories.usage import make_usage

OCTOBER, NOVEMBER = BillingMonth(2026, 10), BillingMonth(2026, 11)
OPENED = datetime(2026, 10, 20, tzinfo=UTC)


def close(month: BillingMonth) -> None:
    """Close the month for everyone, a day after its end."""
    now = month.period.ends_at.replace(day=2)
    with transaction():
        close_month(month, seller=SELLER, actor="test", now=now)
        note_closed_for_all(month, now=now)


@pytest.fixture
def strangers(noise: list[Account]) -> None:
    """Accounts that nothing may be told of."""


@pytest.fixture
def closed_books(app: Flask, strangers: None) -> Account:
    """Ada has an invoice of October and one of November, Ben an amount carried from October.

    One of Ada's records of October was voided after the close, and Ben's second month takes up
    what was carried.
    """
    ada, _ben = (make_account(user_id, now=OPENED) for user_id in ("ada", "ben"))
    for day in (21, 22):
        at = OPENED.replace(day=day)
        make_usage("ada", now=at, prompt_tokens=50_000, request_id=f"october-{day}")
        make_usage("ada", now=at, model="gpt-4o", prompt_tokens=900_000)
    make_usage("ben", now=OPENED.replace(day=22), prompt_tokens=4_001)
    close(OCTOBER)
    at = datetime(2026, 11, 20, tzinfo=UTC)
    with transaction():
        void_usage("october-21", reason="a mistake", actor="test", now=at)
    make_usage("ada", now=at, prompt_tokens=900_000)
    make_usage("ben", now=at, prompt_tokens=40_000)
    close(NOVEMBER)
    make_usage("ben", now=datetime(2026, 12, 3, tzinfo=UTC))
    kinds = {(row.user_id, row.billing_month) for row in session.query(Invoice)}
    assert kinds == {("ada", "2026-10"), ("ada", "2026-11"), ("ben", "2026-11")}
    return ada

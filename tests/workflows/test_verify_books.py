"""Every check of the books bites: one figure is moved, and exactly that is told."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.tokens import operations as tokens
from app.domain.tokens.operations import Movement
from app.domain.usage.reports import UsageReport
from app.foundation.database import session, transaction
from app.workflows.record_usage import record_usage
from app.workflows.settle_payment import settle_payment
from app.workflows.verify_books import verify_books
from tests.factories.accounts import make_account
from tests.factories.payments import make_checkout, make_invoice
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW

GRACE = timedelta(days=7)


@pytest.fixture
def books(app: Flask, noise: list[Account]) -> None:
    """A customer on Basic with some of everything: quota, extra tokens, overage, unpriced."""
    make_account("ada", plan_id="plan-basic")
    with transaction():
        given = {"user_id": "ada", "kind": "top_up", "tokens": 5000, "granted_tokens": 0}
        tokens.book([Movement(**given, balance_after=5000, granted_after=0)], now=NOW)
    reports = [
        UsageReport(
            user_id="ada",
            request_id=f"req-{number}",
            model=("gpt-4", "gpt-4o", "nobody-knows")[number % 3],
            prompt_tokens=3000,
            completion_tokens=900,
            total_tokens=3900,
            api_key_alias="prod",
            occurred_at=NOW - timedelta(hours=number),
        )
        for number in range(30)
    ]
    with transaction():
        outcomes = record_usage(reports, now=NOW, grace=GRACE)
    assert {outcome.status for outcome in outcomes} == {"accepted", "unpriced"}
    assert sum(outcome.extra_tokens or 0 for outcome in outcomes) == 5000
    assert sum(outcome.overage_tokens or 0 for outcome in outcomes) == 12_000


def test_finds_nothing_in_books_that_are_right(books: None) -> None:
    assert verify_books() == []


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        ("UPDATE usage_hourly SET cached_tokens = cached_tokens + 1", "usage_hourly of ada"),
        ("UPDATE usage_hourly SET unpriced_tokens = 0", "unpriced_tokens"),
        ("UPDATE usage_daily SET final_nanos = final_nanos - 1", "usage_daily of ada"),
        ("DELETE FROM usage_daily", "usage_daily of ada"),
        (
            "UPDATE usage_monthly SET requests = requests + 1",
            "usage_monthly of ada, billing_month '2026-11'",
        ),
        (
            "UPDATE usage_monthly SET billing_month = '2026-10'",
            "usage_monthly of ada, billing_month '2026-10'",
        ),
        ("UPDATE billing_records SET status = 'voided', voided_at = created_at", "usage_hourly"),
        (
            "UPDATE subscription_periods SET tokens_used = tokens_used + 1 WHERE user_id = 'ada'",
            "of ada counts",
        ),
        (
            "UPDATE subscription_periods SET quota_tokens_used = quota_tokens_used - 1"
            " WHERE user_id = 'ada'",
            "of ada counts",
        ),
        ("UPDATE accounts SET extra_tokens = 1 WHERE id = 'ada'", "tokens of ada"),
        ("DELETE FROM token_entries WHERE kind = 'usage' AND user_id = 'ada'", "tokens of ada"),
        ("UPDATE accounts SET credit_minor = 1 WHERE id = 'ada'", "credit of ada"),
        (
            "UPDATE subscription_periods SET is_current = false WHERE user_id = 'noise-payg'",
            "account noise-payg has no current period",
        ),
        (
            "UPDATE billing_records SET period_id ="
            " (SELECT id FROM subscription_periods WHERE user_id = 'noise-pro')"
            " WHERE request_id = 'req-1'",
            "record req-1 draws from period",
        ),
    ],
)
def test_tells_a_figure_that_was_moved(books: None, tampering: str, told: str) -> None:
    session.execute(sa.text(tampering))
    lines = verify_books()
    assert lines
    assert any(told in line for line in lines), lines


def test_tells_a_gap_between_periods(books: None) -> None:
    row = (
        "INSERT INTO subscription_periods (subscription_id, user_id, is_current, starts_at,"
        " ends_at, plan_id, price_minor, quota, plan_quota, overage_discount_bp,"
        " max_concurrent_req, rate_limit_per_min, tokens_used, quota_tokens_used, created_at)"
        " SELECT subscription_id, user_id, :current, :starts_at, :ends_at, plan_id, 0, 0, 0, 0,"
        " 1, 1, 0, 0, created_at FROM subscription_periods WHERE user_id = 'noise-payg'"
    )
    span = {"starts_at": NOW - timedelta(days=40), "ends_at": NOW - timedelta(days=11)}
    typed = sa.text(row).bindparams(
        sa.bindparam("starts_at", type_=sa.DateTime(timezone=True)),
        sa.bindparam("ends_at", type_=sa.DateTime(timezone=True)),
    )
    session.execute(typed, {**span, "current": False})
    (line,) = verify_books()
    assert line.startswith("periods of noise-payg: one ends at")


def test_tells_a_gap_between_prices(books: None) -> None:
    session.execute(
        sa.text(
            "UPDATE model_prices SET effective_to = :to, replaced_at = NULL"
            " WHERE model_id = 'gpt-4'"
        ).bindparams(sa.bindparam("to", NOW - timedelta(days=2), sa.DateTime(timezone=True)))
    )
    session.execute(
        sa.text(
            "INSERT INTO model_prices (model_id, prompt_price_pico, completion_price_pico,"
            " included_in_plans, effective_from, created_at)"
            " VALUES ('gpt-4', 1, 1, true, :start, :start)"
        ).bindparams(sa.bindparam("start", NOW - timedelta(days=1), sa.DateTime(timezone=True)))
    )
    (line,) = verify_books()
    assert line.startswith("prices of gpt-4: one ends at")


def test_tells_a_coupon_that_counts_wrong(books: None) -> None:
    session.execute(
        sa.text(
            "INSERT INTO coupons (code, type, value, max_uses, used_count, max_usage_per_user,"
            " min_purchase_minor, valid_from, expires_at, is_active, description, created_by,"
            " created_at, updated_at) VALUES ('SAVE', 'fixed', 500, 10, 1, 1, 0, :start, :end,"
            " true, '', 'olga', :start, :start)"
        ).bindparams(
            sa.bindparam("start", NOW, sa.DateTime(timezone=True)),
            sa.bindparam("end", NOW + timedelta(days=9), sa.DateTime(timezone=True)),
        )
    )
    assert verify_books() == ["coupon SAVE counts 1 uses and has 0 redemptions"]


@pytest.fixture
def paid_books(ada: Account, now: datetime) -> None:
    """A paid invoice, one with an open attempt, and one that nobody has tried to pay."""
    gateway = FakeGateway()
    for minor in (1_234, 5_000):
        make_checkout(ada, make_invoice(ada, minor=minor), gateway=gateway)
    make_invoice(ada)
    gateway.pay("cs_1")
    with transaction():
        settle_payment(gateway.outcome_of_session("cs_1"), now=now)


def test_finds_nothing_where_every_payment_is_right(paid_books: None) -> None:
    assert verify_books() == []


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        (
            "UPDATE payments SET amount_minor = 1233 WHERE status = 'settled'",
            "1234 cents asked, 1233 came",
        ),
        (
            "UPDATE payments SET is_overpayment = true WHERE status = 'settled'",
            "1234 cents asked, 0 came",
        ),
        (
            "UPDATE payments SET refunded_minor = 1 WHERE status = 'settled'",
            "gave back 1 cents, refunds 0",
        ),
        (
            "UPDATE invoices SET credit_used_minor = 1 WHERE status = 'paid'",
            "1234 cents asked, 1235 came",
        ),
        (
            "UPDATE invoices SET status = 'paid', paid_at = issued_at WHERE final_minor = 5000",
            "5000 cents asked, 0 came",
        ),
        (
            "UPDATE invoices SET status = 'issued', paid_at = NULL WHERE status = 'paid'",
            "is settled, its invoice",
        ),
    ],
)
def test_each_check_of_payments_bites(paid_books: None, tampering: str, told: str) -> None:
    with transaction():
        session.execute(sa.text(tampering))
    lines = verify_books()
    assert len(lines) == 1
    assert told in lines[0]
    assert "of ada" in lines[0]

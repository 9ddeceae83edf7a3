"""Closing with coupons, tax, credit and small amounts: exact, in the invoice's own order."""

from datetime import timedelta

import pytest
from flask import Flask

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.accounts.queries import settings_of
from app.domain.invoices import credit
from app.domain.invoices.models import CarriedAmount, TaxRate
from app.domain.subscriptions.operations import end_now
from app.domain.usage.models import UsageCorrection
from app.foundation.database import session, transaction
from app.foundation.periods import BillingMonth
from app.workflows.close_month import close_month
from app.workflows.void_usage import void_usage
from tests.factories.purchases import (
    SELLER,
    begin_switch,
    buy_plan,
    invoices_of,
    lines_of,
    mails_of,
)
from tests.factories.redemptions import make_coupon, make_fixed_coupon, redeem, usage_of
from tests.factories.usage import make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW
from tests.threads import in_parallel

TICK = timedelta(microseconds=1)
pytestmark = pytest.mark.usefixtures("books")


def use(tokens: int, *, month: int = 11, request_id: str = "used", user_id: str = "ada") -> None:
    """Use gpt-4's prompt tokens: 30 USD a million."""
    at = NOW.replace(month=month, day=22)
    given = {"prompt_tokens": tokens, "completion_tokens": 0, "request_id": request_id}
    make_usage(user_id, now=at, **given)


def close(month: int = 11) -> None:
    closes = NOW.replace(month=month + 1, day=1, hour=1) if month < 12 else None
    closes = closes or NOW.replace(year=2027, month=1, day=1, hour=1)
    with transaction():
        close_month(BillingMonth(2026, month), seller=SELLER, actor="test", now=closes)


def settle_in(account: Account, country: str, *, approved: bool = False) -> None:
    with transaction():
        session.add(TaxRate(country=country, name="VAT", rate_bp=1_900, updated_at=NOW))
        settings = settings_of(account)
        settings.country, settings.tax_id = country, f"{country}123456789"
        settings.tax_id_approved_at = NOW if approved else None


def give_credit(account: Account, minor: int) -> None:
    with transaction():
        locked = accounts.lock_accounts({account.id})[account.id]
        credit.add(locked, minor=minor, kind="gift", source="gift:1", note="", now=NOW)


class TestOrder:
    def test_is_lines_coupons_tax_credit(self, ada: Account) -> None:
        settle_in(ada, "DE")
        make_fixed_coupon(minor=1_000)
        make_coupon()
        redeem("TENOFF", ada)
        redeem("SAVE20", ada, now=NOW + TICK)
        give_credit(ada, 568)
        use(3_333_333)
        close()
        (invoice,) = invoices_of(ada)
        assert (invoice.amount_minor, invoice.discount_minor) == (10_000, 2_800)
        assert (invoice.tax_minor, invoice.tax_rate_bp, invoice.tax_name) == (1_368, 1_900, "VAT")
        assert (invoice.final_minor, invoice.credit_used_minor) == (8_568, 568)
        session.refresh(ada)
        assert ada.credit_minor == 0
        assert mails_of(ada)[-1] == "invoice_issued"

    @pytest.mark.parametrize(
        ("country", "approved", "tax", "is_reversed"),
        [
            ("DE", False, 570, False),
            ("DE", True, 570, False),
            ("FR", False, 570, False),
            ("FR", True, 0, True),
        ],
    )
    def test_reverses_the_charge_abroad(self, ada, country, approved, tax, is_reversed) -> None:
        settle_in(ada, country, approved=approved)
        use(1_000_000)
        close()
        (invoice,) = invoices_of(ada)
        assert (invoice.tax_minor, invoice.reverse_charge) == (tax, is_reversed)
        assert invoice.buyer["tax_id"] == f"{country}123456789"

    @pytest.mark.parametrize(("minor", "status"), [(299, "issued"), (300, "paid"), (9_000, "paid")])
    def test_is_paid_at_once_where_credit_covers_it(self, ada, minor: int, status: str) -> None:
        give_credit(ada, minor)
        use(100_000)
        close()
        (invoice,) = invoices_of(ada)
        assert invoice.status == status
        # Below 50 cents nobody could pay the rest: then some credit waits.
        assert invoice.credit_used_minor == (250 if status == "issued" else 300)
        assert (invoice.payment_method == "account credit") == (status == "paid")

    def test_is_paid_at_once_where_a_coupon_covers_it(self, ada: Account) -> None:
        make_fixed_coupon(minor=1_000)
        redeem("TENOFF", ada)
        use(100_000)
        close()
        (invoice,) = invoices_of(ada)
        assert (invoice.status, invoice.final_minor) == ("paid", 0)
        assert invoice.payment_method == "nothing due"
        assert usage_of(ada, "TENOFF").remaining_minor == 700


class TestSmallAmounts:
    # A token is 0.00003 USD, so 16,666 are 0.49998 USD: half a dollar on the invoice.
    @pytest.mark.parametrize(("tokens", "count"), [(16_499, 0), (16_500, 1)])
    def test_are_below_half_a_dollar_in_cents(self, ada: Account, tokens: int, count: int) -> None:
        use(tokens)
        close()
        assert len(invoices_of(ada)) == count

    def test_are_carried_to_the_nano_over_several_months(self, ada: Account) -> None:
        for month in (9, 10, 11):
            use(11_111, month=month, request_id=f"in {month}")
        for month in (9, 10, 11):
            close(month)
        rows = session.query(CarriedAmount).order_by(CarriedAmount.from_month)
        carried = [(row.from_month, row.amount_nanos) for row in rows]
        assert carried == [("2026-09", 333_330_000), ("2026-11", 333_330_000)]
        (invoice,) = invoices_of(ada)
        # 0.66666 USD are 67 cents, and are rounded once.
        assert (invoice.billing_month, invoice.amount_minor) == ("2026-10", 67)

    def test_use_no_coupon_up(self, ada: Account) -> None:
        make_fixed_coupon(minor=10)
        redeem("TENOFF", ada)
        use(16_000)
        close()
        assert (invoices_of(ada), usage_of(ada, "TENOFF").remaining_minor) == ([], 10)

    def test_that_a_coupon_makes_small_are_carried_without_it(self, ada: Account) -> None:
        make_fixed_coupon(minor=270)
        redeem("TENOFF", ada)
        use(100_000)
        close()
        assert (invoices_of(ada), usage_of(ada, "TENOFF").remaining_minor) == ([], 270)
        assert session.query(CarriedAmount).one().amount_nanos == 3_000_000_000
        use(10_000, month=12, request_id="more")
        close(12)
        (invoice,) = invoices_of(ada)
        assert (invoice.amount_minor, invoice.discount_minor) == (330, 270)

    def test_of_an_upgrade_do_not_keep_the_usage_from_being_billed(self, ada: Account) -> None:
        gateway, december = FakeGateway(), BillingMonth(2026, 12)
        buy_plan(ada, "plan-pro", gateway=gateway)
        last = NOW + timedelta(days=30) - timedelta(minutes=14)
        assert begin_switch(ada, "plan-enterprise", gateway=gateway, now=last) is None
        with transaction():
            end_now(accounts.lock_accounts({"ada"})["ada"], now=last + TICK)
        closes = december.period.ends_at + timedelta(hours=1)
        at = last + timedelta(minutes=1)
        make_usage(now=at, prompt_tokens=100_000, completion_tokens=0, request_id="after")
        with transaction():
            close_month(december, seller=SELLER, actor="test", now=closes)
        assert lines_of(invoices_of(ada)[-1]) == [
            ("AI API usage - gpt-4", 300),
            ("Carried from 2026-12", 29),
        ]


class TestCorrections:
    def test_larger_than_the_month_wait_for_a_larger_one(self, ada: Account) -> None:
        use(100_000, month=10, request_id="wrong")
        close(10)
        with transaction():
            void_usage("wrong", reason="twice", actor="test", now=NOW)
        use(20_000, month=11, request_id="small")
        close(11)
        assert len(invoices_of(ada)) == 1
        assert session.query(UsageCorrection).one().invoice_id is None
        use(200_000, month=12, request_id="large")
        close(12)
        last = invoices_of(ada)[-1]
        assert lines_of(last) == [
            ("AI API usage - gpt-4", 600),
            ("Carried from 2026-11", 60),
            ("Voided usage of 2026-10 - gpt-4", -300),
        ]
        assert session.query(UsageCorrection).populate_existing().one().invoice_id == last.id


class TestBeside:
    def test_two_closes_invoice_once(self, app: Flask, ada: Account, ben: Account) -> None:
        use(100_000)
        use(100_000, user_id="ben", request_id="ben's")
        in_parallel(app, [close] * 3)
        assert [len(invoices_of(account)) for account in (ada, ben)] == [1, 1]

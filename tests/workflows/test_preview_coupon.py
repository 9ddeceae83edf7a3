"""The effect of a coupon is shown before it is redeemed, and is what comes then."""

from datetime import timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.catalog import queries as catalog
from app.domain.catalog.errors import UnknownPlan
from app.domain.coupons import queries as coupons
from app.domain.coupons.errors import CouponAlreadyUsed, CouponWrongPlan
from app.domain.coupons.models import CouponUsage
from app.domain.subscriptions import plan_changes
from app.domain.subscriptions.errors import PlanNotForSale
from app.domain.subscriptions.known_plans import known_plans
from app.foundation.database import session, transaction
from app.foundation.periods import BillingMonth
from app.workflows.close_month import close_month
from app.workflows.preview_coupon import NextInvoice, preview_coupon
from tests.factories.purchases import SELLER, begin_switch, buy_plan, invoices_of
from tests.factories.redemptions import make_coupon, make_fixed_coupon, redeem
from tests.factories.usage import GRACE, make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW

HALF = NOW + timedelta(days=15)
pytestmark = pytest.mark.usefixtures("books")


def preview(account: Account, code: str = "SAVE20", *, plan_id=None, now=NOW):
    found = coupons.guesses(code, account, now=now).found
    assert found is not None
    plans = known_plans()
    return preview_coupon(found, account, plan_id=plan_id, plans=plans, grace=GRACE, now=now)


class TestPreviewCoupon:
    def test_shows_the_usage_and_stores_nothing(self, ada: Account) -> None:
        make_coupon()
        make_usage(prompt_tokens=100_000, completion_tokens=0)
        (effect,) = preview(ada).effects
        assert (effect.invoice, effect.amount_minor) == (NextInvoice.USAGE, 300)
        assert (effect.discount_minor, effect.left_minor) == (60, 240)
        assert effect.expected_at == NOW.replace(month=12, day=1, hour=1)
        assert session.query(CouponUsage).count() == 0

    def test_stands_behind_those_redeemed_before(self, ada: Account) -> None:
        make_fixed_coupon(minor=100)
        make_coupon()
        redeem("TENOFF", ada)
        make_usage(prompt_tokens=100_000, completion_tokens=0)
        (effect,) = preview(ada).effects
        assert (effect.other_discounts_minor, effect.discount_minor) == (100, 40)

    @pytest.mark.parametrize(
        ("minor", "shown"),
        [(9, [(60, 9, 51)]), (10, [(60, 10, 50)]), (11, []), (30, []), (60, [(60, 60, 0)])],
    )
    def test_shows_nothing_where_what_is_left_is_carried(
        self, ada: Account, minor: int, shown: list[tuple[int, int, int]]
    ) -> None:
        make_fixed_coupon(minor=minor)
        make_usage(prompt_tokens=20_000, completion_tokens=0)
        effects = preview(ada, "TENOFF").effects
        assert [(e.amount_minor, e.discount_minor, e.left_minor) for e in effects] == shown
        # The invoice is what was shown: what is carried uses no coupon.
        redeem("TENOFF", ada)
        closes = NOW.replace(month=12, day=1, hour=1)
        with transaction():
            close_month(BillingMonth(2026, 11), seller=SELLER, actor="test", now=closes)
        billed = [(i.amount_minor, i.discount_minor, i.final_minor) for i in invoices_of(ada)]
        assert billed == shown

    def test_shows_the_renewal(self, ada: Account) -> None:
        buy_plan(ada, "plan-pro", gateway=FakeGateway())
        make_coupon()
        (effect,) = preview(ada).effects
        assert (effect.invoice, effect.amount_minor) == (NextInvoice.RENEWAL, 9_999)
        assert (effect.discount_minor, effect.expected_at) == (2_000, NOW + timedelta(days=30))

    def test_shows_the_plan_that_is_bought(self, ada: Account) -> None:
        make_coupon(applicable_plans=["plan-pro"])
        (effect,) = preview(ada, plan_id="plan-pro").effects
        assert (effect.invoice, effect.amount_minor) == (NextInvoice.PURCHASE, 9_999)
        assert (effect.discount_minor, effect.expected_at) == (2_000, None)

    def test_shows_an_upgrade_as_it_is_charged(self, ada: Account) -> None:
        gateway = FakeGateway()
        buy_plan(ada, "plan-basic", gateway=gateway)
        make_coupon(applicable_plans=["plan-pro"])
        effect, renewal = preview(ada, plan_id="plan-pro", now=HALF).effects
        # It is not for the plan that would be renewed otherwise.
        assert (renewal.invoice, renewal.discount_minor) == (NextInvoice.RENEWAL, 0)
        assert (effect.invoice, effect.amount_minor) == (NextInvoice.PURCHASE, 4_500)
        assert effect.discount_minor == 900
        redeem("SAVE20", ada, plan_id="plan-pro", now=HALF)
        begin_switch(ada, "plan-pro", gateway=gateway, now=HALF)
        assert invoices_of(ada)[1].final_minor == effect.left_minor

    def test_shows_a_cheaper_plan_when_it_takes_over(self, ada: Account) -> None:
        gateway = FakeGateway()
        buy_plan(ada, "plan-pro", gateway=gateway)
        make_coupon(applicable_plans=["plan-basic"])
        renewal, chosen = preview(ada, plan_id="plan-basic", now=HALF).effects
        assert (renewal.invoice, renewal.discount_minor) == (NextInvoice.RENEWAL, 0)
        assert (chosen.invoice, chosen.amount_minor) == (NextInvoice.NEW_PLAN, 999)
        assert (chosen.discount_minor, chosen.expected_at) == (200, renewal.expected_at)
        # Once it is scheduled, it is what is renewed.
        redeem("SAVE20", ada, plan_id="plan-basic", now=HALF)
        begin_switch(ada, "plan-basic", gateway=gateway, now=HALF)
        make_coupon("OTHER", applicable_plans=["plan-basic"])
        (renewal,) = preview(ada, "OTHER", plan_id="plan-basic", now=HALF).effects
        assert (renewal.invoice, renewal.amount_minor) == (NextInvoice.RENEWAL, 999)

    def test_shows_granted_tokens(self, ada: Account) -> None:
        make_coupon("GIFT", type="free_tokens", value=5_000)
        shown = preview(ada, "gift")
        assert (shown.tokens_granted, shown.effects) == (5_000, ())

    def test_refuses_what_redeeming_refuses(self, ada: Account) -> None:
        make_coupon("PRO", applicable_plans=["plan-pro"])
        make_coupon()
        redeem("SAVE20", ada)
        for code, refusal in (
            ("PRO", CouponWrongPlan),
            ("SAVE20", CouponAlreadyUsed),
        ):
            with pytest.raises(refusal):
                preview(ada, code)
        with transaction():
            catalog.plan("plan-basic").is_active = False
        for plan_id, refused in (("plan-none", UnknownPlan), ("plan-basic", PlanNotForSale)):
            with pytest.raises(refused):
                preview(ada, "PRO", plan_id=plan_id)

    def test_shows_what_follows_a_period_that_nobody_has_ended_yet(self, ada: Account) -> None:
        buy_plan(ada, "plan-pro", gateway=FakeGateway())
        make_coupon()
        with transaction():
            plan_changes.cancel(ada, now=HALF)
        over = NOW + timedelta(days=31)
        assert preview(ada, now=over).effects == ()
        (effect,) = preview(ada, plan_id="plan-pro", now=over).effects
        assert (effect.invoice, effect.amount_minor) == (NextInvoice.PURCHASE, 9_999)

    def test_tells_of_a_change_that_waits_for_its_money(self, ada: Account) -> None:
        make_coupon("GIFT", type="free_tokens", value=5_000)
        make_coupon()
        assert preview(ada).open_change is None
        begin_switch(ada, "plan-pro", gateway=FakeGateway())
        for code in ("GIFT", "SAVE20"):
            opened = preview(ada, code).open_change
            assert opened is not None and opened.to_plan_id == "plan-pro"

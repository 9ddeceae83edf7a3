"""Redeeming: never more often than allowed, tokens at once, discounts on what comes next."""

from datetime import timedelta

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.catalog.errors import UnknownPlan
from app.domain.coupons import queries
from app.domain.coupons.errors import (
    CouponAlreadyUsed,
    CouponExpired,
    CouponNotFound,
    CouponNotStarted,
    CouponUsedUp,
    CouponWrongPlan,
)
from app.domain.coupons.models import Coupon
from app.domain.mails.models import Mail
from app.domain.tokens.models import TokenEntry
from app.foundation.database import session
from tests.factories.accounts import make_account
from tests.factories.payments import make_invoice
from tests.factories.purchases import begin_switch, buy_plan, invoices_of, mails_of
from tests.factories.redemptions import make_coupon, make_fixed_coupon, redeem, usage_of
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW
from tests.threads import in_parallel

TICK = timedelta(microseconds=1)
pytestmark = pytest.mark.usefixtures("books")


def used_count(code: str) -> int:
    session.rollback()
    return session.query(Coupon).filter_by(code=code).populate_existing().one().used_count


class TestRedeemCoupon:
    @pytest.mark.parametrize("typed", ["SAVE20", " save20 ", "Save20"])
    def test_takes_the_code_as_it_is_typed(self, ada: Account, typed: str) -> None:
        make_coupon()
        done = redeem(typed, ada)
        assert (done.coupon.code, done.tokens_granted) == ("SAVE20", 0)
        usage = usage_of(ada, "SAVE20")
        assert (usage.redeemed_at, usage.remaining_minor, usage.used_up_at) == (NOW, None, None)
        assert (used_count("SAVE20"), mails_of(ada)) == (1, ["coupon_redeemed"])

    def test_grants_tokens_at_once(self, ada: Account) -> None:
        make_coupon("GIFT", type="free_tokens", value=5_000)
        assert redeem("gift", ada).tokens_granted == 5_000
        mail = session.query(Mail).filter_by(kind="coupon_redeemed").one()
        assert mail.facts["tokens"] == 5_000
        entry = session.query(TokenEntry).one()
        assert (entry.kind, entry.tokens, entry.granted_tokens) == ("grant", 5_000, 5_000)
        session.refresh(ada)
        assert (ada.extra_tokens, ada.granted_tokens) == (5_000, 5_000)
        usage = usage_of(ada, "GIFT")
        assert (usage.tokens_granted, usage.used_up_at) == (5_000, NOW)
        assert queries.open_uses([ada.id]) == {}

    @pytest.mark.parametrize("code", ["NOTHING", "", "straße", "x" * 65, "SAVE20\x00"])
    def test_knows_no_other_code(self, ada: Account, code: str) -> None:
        make_coupon()
        with pytest.raises(CouponNotFound):
            redeem(code, ada)

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"valid_from": NOW + TICK}, CouponNotStarted),
            ({"expires_at": NOW}, CouponExpired),
            ({"max_uses": 1, "used_count": 0, "applicable_plans": ["plan-pro"]}, CouponWrongPlan),
        ],
    )
    def test_refuses_and_changes_nothing(self, ada: Account, changes, refusal) -> None:
        make_coupon(**changes)
        with pytest.raises(refusal):
            redeem("SAVE20", ada)
        assert (used_count("SAVE20"), mails_of(ada)) == (0, [])

    def test_lets_one_account_redeem_as_often_as_it_may(self, ada: Account, ben: Account) -> None:
        make_coupon(max_usage_per_user=2)
        for _ in range(2):
            redeem("SAVE20", ada)
        with pytest.raises(CouponAlreadyUsed):
            redeem("SAVE20", ada)
        redeem("SAVE20", ben)
        assert used_count("SAVE20") == 3

    def test_is_for_the_current_the_pending_and_the_named_plan(self, ada: Account) -> None:
        gateway = FakeGateway()
        make_coupon("BASIC", applicable_plans=["plan-basic"])
        make_coupon("NAMED", applicable_plans=["plan-basic"])
        make_coupon("OPEN", applicable_plans=["plan-pro"])
        redeem("NAMED", ada, plan_id="plan-basic")
        with pytest.raises(UnknownPlan):
            redeem("BASIC", ada, plan_id="plan-nothing")
        begin_switch(ada, "plan-pro", gateway=gateway)
        redeem("OPEN", ada)
        buy_plan(ada, "plan-pro", gateway=gateway)
        with pytest.raises(CouponWrongPlan):
            redeem("BASIC", ada)

    def test_is_for_a_scheduled_plan_too(self, ada: Account) -> None:
        gateway = FakeGateway()
        make_coupon("BASIC", applicable_plans=["plan-basic"])
        buy_plan(ada, "plan-pro", gateway=gateway)
        with pytest.raises(CouponWrongPlan):
            redeem("BASIC", ada)
        begin_switch(ada, "plan-basic", gateway=gateway)
        redeem("BASIC", ada)
        assert usage_of(ada, "BASIC").used_up_at is None

    def test_never_gives_more_than_there_are(self, app: Flask) -> None:
        make_coupon(max_uses=3)
        accounts = [make_account(f"user-{number}") for number in range(6)]

        def work(account: Account):
            def redeem_once() -> str:
                try:
                    redeem("SAVE20", account)
                except CouponUsedUp:
                    return "used up"
                return "redeemed"

            return redeem_once

        done = in_parallel(app, [work(account) for account in accounts])
        assert sorted(done) == ["redeemed"] * 3 + ["used up"] * 3
        assert used_count("SAVE20") == 3

    def test_one_account_takes_its_one_once(self, app: Flask, ada: Account) -> None:
        make_coupon("GIFT", type="free_tokens", value=5_000)
        session.refresh(ada)

        def redeem_once() -> int:
            try:
                return redeem("GIFT", ada).tokens_granted
            except CouponAlreadyUsed:
                return 0

        assert sum(in_parallel(app, [redeem_once] * 4)) == 5_000


class TestWhereItActs:
    def test_a_draft_holds_it_and_nothing_else_uses_it(self, ada: Account) -> None:
        gateway = FakeGateway()
        make_coupon()
        redeem("SAVE20", ada)
        begin_switch(ada, "plan-pro", gateway=gateway)
        assert invoices_of(ada)[0].discount_minor == 2_000
        assert make_invoice(ada, minor=1_000).discount_minor == 0

    def test_the_rest_of_a_fixed_one_waits_for_the_next(self, ada: Account) -> None:
        make_fixed_coupon(minor=1_500)
        redeem("TENOFF", ada)
        minors = [make_invoice(ada, minor=1_000).discount_minor for _ in range(3)]
        assert minors == [1_000, 500, 0]
        usage = usage_of(ada, "TENOFF")
        assert (usage.discount_minor, usage.remaining_minor) == (1_500, 0)
        assert usage.used_up_at == NOW

    def test_in_the_order_of_redemption(self, ada: Account) -> None:
        make_coupon()
        make_fixed_coupon(minor=1_000)
        redeem("TENOFF", ada, now=NOW)
        redeem("SAVE20", ada, now=NOW + TICK)
        assert make_invoice(ada, minor=10_000).discount_minor == 2_800
        views = {view.code: view for view in queries.redemptions_of(ada)}
        assert [view.code for view in queries.redemptions_of(ada)] == ["SAVE20", "TENOFF"]
        assert not views["SAVE20"].is_open and not views["TENOFF"].is_open
        assert (views["SAVE20"].discount_minor, views["TENOFF"].discount_minor) == (1_800, 1_000)

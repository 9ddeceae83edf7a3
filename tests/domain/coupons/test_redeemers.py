"""Who has redeemed a coupon, the newest first by moment, and what it has given."""

from datetime import timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.coupons import queries, redeemers
from app.domain.coupons.redeemers import CouponUse
from tests.factories.payments import make_invoice
from tests.factories.redemptions import make_coupon, make_fixed_coupon, redeem
from tests.moments import NOW
from tests.statements import statements

pytestmark = pytest.mark.usefixtures("app")
DAY = timedelta(days=1)


class TestRedeemers:
    def test_come_by_moment_whatever_their_rows(self, ada: Account, ben: Account) -> None:
        make_coupon("HALF", max_usage_per_user=2)
        make_coupon("OTHER")
        redeem("OTHER", ada)
        redeem("HALF", ada, now=NOW)
        redeem("HALF", ben, now=NOW - 2 * DAY)
        redeem("HALF", ada, now=NOW - DAY)
        coupon = queries.coupon_by_code("HALF")
        with statements() as sent:
            first = redeemers.redeemers(coupon, limit=2)
        assert len(sent) == 1
        rest = redeemers.redeemers(coupon, limit=2, cursor=first.next_cursor)
        assert [row.user_id for row in (*first.rows, *rest.rows)] == ["ada", "ada", "ben"]
        assert rest.next_cursor is None


class TestUseOf:
    def test_adds_up_what_was_given(self, ada: Account, ben: Account) -> None:
        make_fixed_coupon("TENOFF", minor=1_000)
        coupon = queries.coupon_by_code("TENOFF")
        assert redeemers.use_of(coupon) == CouponUse(0, 0, 0)
        redeem("TENOFF", ada)
        redeem("TENOFF", ben)
        make_invoice(ada, minor=300)
        assert redeemers.use_of(coupon) == CouponUse(2, 300, 0)

    def test_counts_tokens(self, ada: Account) -> None:
        make_coupon("GIFT", type="free_tokens", value=50)
        redeem("GIFT", ada)
        assert redeemers.use_of(queries.coupon_by_code("GIFT")) == CouponUse(1, 0, 50)

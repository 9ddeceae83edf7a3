"""Whoever tries too many codes that do not exist has to wait."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.domain.accounts.models import Account
from app.domain.coupons.errors import TooManyCouponGuesses
from app.domain.coupons.models import CouponGuess
from app.foundation.database import session, transaction
from app.workflows.try_coupon import try_coupon
from tests.factories.redemptions import make_coupon, redeem
from tests.moments import NOW

TICK, HOUR = timedelta(microseconds=1), timedelta(hours=1)
pytestmark = pytest.mark.usefixtures("books")


class TestTryCoupon:
    def tried(self, code: str, account: Account, *, is_look: bool = False, now=NOW):
        with transaction():
            return try_coupon(code, account, is_look=is_look, now=now)

    def test_returns_the_coupon_and_how_often_it_was_redeemed(
        self, ada: Account, ben: Account
    ) -> None:
        made = make_coupon(max_usage_per_user=3)
        for _ in range(2):
            redeem("SAVE20", ada)
        redeem("SAVE20", ben)
        found = self.tried(" save20 ", ada)
        assert (found.coupon.id, found.redeemed_by_account) == (made.id, 2)
        for nothing in ("", "\x00\x00\x00", "SAVE%"):
            assert self.tried(nothing, ada) is None

    def test_counts_only_codes_that_do_not_exist(self, ada: Account, ben: Account) -> None:
        make_coupon()
        for _ in range(20):
            assert self.tried("save20", ada)
        for number in range(10):
            assert not self.tried(f"GUESS{number}", ada)
        for code in ("GUESS11", "SAVE20"):
            with pytest.raises(TooManyCouponGuesses):
                self.tried(code, ada)
        assert self.tried("SAVE20", ben)

    @pytest.mark.parametrize(("after", "is_let"), [(HOUR - TICK, False), (HOUR, True)])
    def test_forgets_after_an_hour(self, ada: Account, after, is_let) -> None:
        for number in range(10):
            self.tried(f"GUESS{number}", ada)
        if is_let:
            assert not self.tried("GUESS", ada, now=NOW + after)
        else:
            with pytest.raises(TooManyCouponGuesses):
                self.tried("GUESS", ada, now=NOW + after)

    @pytest.mark.parametrize(("after", "counts"), [(HOUR - TICK, 1), (HOUR, 2), (HOUR + TICK, 2)])
    def test_takes_another_look_at_the_same_code_within_an_hour_for_one(
        self, ada: Account, ben: Account, after, counts
    ) -> None:
        self.tried("GUESS", ada)
        self.tried(" guess", ada, now=NOW + after, is_look=True)
        self.tried("GUESS", ben, now=NOW + after, is_look=True)
        noted = select(CouponGuess.digest).order_by(CouponGuess.id)
        mine = session.scalars(noted.where(CouponGuess.user_id == ada.id)).all()
        assert len(mine) == counts and len(set(mine)) == 1
        # What one has tried tells nothing of what another has.
        (bens,) = session.scalars(noted.where(CouponGuess.user_id == ben.id))
        assert bens not in mine

"""Coupons as operators look them up."""

from datetime import timedelta

import pytest
from flask import Flask

from app.domain.coupons import queries
from app.domain.coupons.errors import CouponNotFound
from tests.factories.coupons import make_coupon
from tests.moments import NOW


class TestCoupons:
    def test_pages_through_all_of_them_newest_first(self, app: Flask) -> None:
        made = [
            make_coupon(f"CODE-{number}", now=NOW + timedelta(minutes=number // 2))
            for number in range(5)
        ]
        first = queries.coupons(limit=2)
        second = queries.coupons(limit=2, cursor=first.next_cursor)
        third = queries.coupons(limit=2, cursor=second.next_cursor)
        pages = [*first.coupons, *second.coupons, *third.coupons]
        assert [coupon.code for coupon in pages] == [coupon.code for coupon in reversed(made)]
        assert third.next_cursor is None


class TestCouponByCode:
    @pytest.mark.parametrize("text", ["SAVE50", " save50 "])
    def test_finds_it_however_it_is_written(self, app: Flask, text: str) -> None:
        made = make_coupon()
        assert queries.coupon_by_code(text) is made

    @pytest.mark.parametrize("text", ["", "SAVE5", "SAVE%", "\x00\x00\x00"])
    def test_finds_no_other(self, app: Flask, text: str) -> None:
        make_coupon()
        with pytest.raises(CouponNotFound):
            queries.coupon_by_code(text)

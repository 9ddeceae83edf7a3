"""Coupons are made once, and changed only as far as nobody loses what he has."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.coupons import creating
from app.domain.coupons.errors import (
    CouponCodeInvalid,
    CouponCodeTaken,
    CouponInvalid,
    CouponNotFound,
    CouponTermsFixed,
)
from app.domain.coupons.models import Coupon, CouponUsage
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from tests.factories.coupons import make_coupon, make_draft
from tests.moments import NOW
from tests.threads import in_parallel

LATER = NOW + timedelta(hours=1)


def change(code: str = "SAVE50", **changes: object) -> Coupon:
    with transaction():
        return creating.change(code, partial(replace, **changes), actor="operator:olga", now=LATER)


def acts() -> list[tuple[str, str, dict]]:
    return [
        (row.action, row.actor, row.details)
        for row in session.query(JournalEntry).order_by(JournalEntry.id)
    ]


def redeem(coupon: Coupon, user_id: str = "ada", *, times: int = 1) -> None:
    for number in range(1, times + 1):
        usage = {"coupon_id": coupon.id, "user_id": user_id, "redemption_number": number}
        session.add(CouponUsage(**usage, redeemed_at=NOW))
    coupon.used_count += times
    session.commit()


class TestCreate:
    def test_makes_a_coupon_and_notes_it(self, app: Flask) -> None:
        coupon = make_coupon(" save50 ", description=" Save 50% ")
        assert (coupon.code, coupon.type, coupon.value) == ("SAVE50", "percentage", 5_000)
        assert (coupon.used_count, coupon.created_by) == (0, "operator:olga")
        assert coupon.description == "Save 50%"
        ((action, actor, details),) = acts()
        assert (action, actor, details["code"]) == ("coupon_created", "operator:olga", "SAVE50")

    def test_refuses_a_code_that_is_taken(self, app: Flask) -> None:
        make_coupon("SAVE50")
        with pytest.raises(CouponCodeTaken):
            make_coupon("save50", value=10)
        assert [coupon.value for coupon in session.query(Coupon)] == [5_000]
        assert len(acts()) == 1

    def test_makes_a_code_once_however_many_try(self, app: Flask) -> None:
        def attempt() -> None:
            with suppress(CouponCodeTaken):
                make_coupon("SAVE50")

        in_parallel(app, [attempt] * 4)
        session.rollback()
        assert session.query(Coupon).count() == 1
        assert len(acts()) == 1

    def test_refuses_what_makes_no_sense(self, app: Flask) -> None:
        with pytest.raises(CouponInvalid):
            make_coupon("SAVE50", applicable_plans=("plan-x",))
        assert session.query(Coupon).count() == 0


class TestCreateMany:
    def many(self, prefix: str, count: int, **changes: object) -> list[str]:
        draft = make_draft(max_uses=1, **changes)
        with transaction():
            return creating.create_many(prefix, count, draft, actor="operator:olga", now=NOW)

    @pytest.mark.parametrize("plans", [None, ("plan-pro",)])
    def test_makes_codes_that_nobody_guesses(self, app: Flask, plans) -> None:
        codes = self.many("gift", 50, applicable_plans=plans)
        assert len(set(codes)) == 50
        assert all(code.startswith("GIFT-") and len(code) == 15 for code in codes)
        coupons = session.query(Coupon).all()
        assert {coupon.code for coupon in coupons} == set(codes)
        wanted = None if plans is None else list(plans)
        assert all(coupon.applicable_plans == wanted for coupon in coupons)
        ((action, _actor, details),) = acts()
        assert (action, details["count"]) == ("coupons_created", 50)

    def test_makes_up_for_codes_that_stand_already(
        self, app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(creating, "CODE_ALPHABET", "AB")
        monkeypatch.setattr(creating, "CODE_RANDOM_LENGTH", 3)
        codes = self.many("GIFT", 5) + self.many("GIFT", 3)
        assert len(set(codes)) == 8

    @pytest.mark.parametrize(
        ("prefix", "count", "refusal"),
        [
            ("GIFT", 0, CouponInvalid),
            ("GIFT", 10_001, CouponInvalid),
            ("GÏFT", 1, CouponCodeInvalid),
            ("X" * 40, 1, CouponCodeInvalid),
        ],
    )
    def test_refuses(self, app: Flask, prefix: str, count: int, refusal) -> None:
        with pytest.raises(refusal):
            self.many(prefix, count)


class TestChange:
    def test_changes_what_is_named_and_notes_it(self, app: Flask) -> None:
        made = make_coupon()
        changed = change(
            "save50", value=25, is_active=False, applicable_plans=("plan-pro",), max_uses=7
        )
        assert (changed.value, changed.is_active, changed.max_uses) == (2_500, False, 7)
        assert changed.applicable_plans == ["plan-pro"]
        assert (changed.expires_at, changed.created_at) == (made.expires_at, NOW)
        assert changed.updated_at == LATER
        _made, (action, _actor, details) = acts()
        assert action == "coupon_changed"
        assert set(details) == {"code", "value", "is_active", "applicable_plans", "max_uses"}
        assert details["is_active"] == {"from": True, "to": False}

    def test_takes_plans_back(self, app: Flask) -> None:
        make_coupon(applicable_plans=("plan-pro",))
        assert change(applicable_plans=None).applicable_plans is None
        nowhere = session.query(Coupon).filter(Coupon.applicable_plans.is_(None))
        assert nowhere.count() == 1

    def test_notes_nothing_where_nothing_changes(self, app: Flask) -> None:
        make_coupon()
        assert change(is_active=True).updated_at == NOW
        assert len(acts()) == 1

    @pytest.mark.parametrize(
        ("changes", "path"), [({"value": 60}, "value"), ({"type": "fixed"}, "type")]
    )
    def test_keeps_what_was_promised(self, ada: Account, changes: dict, path: str) -> None:
        redeem(make_coupon())
        with pytest.raises(CouponTermsFixed) as refused:
            change(**changes)
        assert refused.value.fields[0].path == path
        assert change(expires_at=NOW + timedelta(days=1)).expires_at == NOW + timedelta(days=1)

    @pytest.mark.parametrize(
        ("changes", "allowed"),
        [
            ({"max_uses": 2}, False),
            ({"max_uses": 3}, True),
            ({"max_usage_per_user": 1}, False),
            ({"max_usage_per_user": 2}, True),
        ],
    )
    def test_allows_no_less_than_was_used(
        self, ada: Account, ben: Account, changes: dict, allowed: bool
    ) -> None:
        coupon = make_coupon(max_usage_per_user=5)
        redeem(coupon, "ada", times=2)
        redeem(coupon, "ben")
        if allowed:
            change(**changes)
            return
        with pytest.raises(CouponInvalid) as refused:
            change(**changes)
        (name,) = changes
        assert refused.value.fields[0].code == f"{name}_below_used"

    def test_knows_no_other_code(self, app: Flask) -> None:
        for code in ("SAVE50", "\ud800\ud800\ud800", ""):
            with pytest.raises(CouponNotFound):
                change(code, is_active=False)

    def test_forgets_no_plan_that_is_gone(self, app: Flask) -> None:
        make_coupon(applicable_plans=("plan-pro",))
        assert change(is_active=False).applicable_plans == ["plan-pro"]

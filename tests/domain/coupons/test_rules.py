"""What a coupon's code and its fields must look like."""

from datetime import timedelta
from decimal import Decimal

import pytest

from app.domain.coupons import rules
from app.domain.coupons.errors import CouponCodeInvalid, CouponInvalid
from tests.factories.coupons import make_draft
from tests.moments import NOW

PLANS = ("plan-basic", "plan-pro")
INSTANT = timedelta(microseconds=1)


class TestNormalCode:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("SAVE50", "SAVE50"),
            ("  save50\n", "SAVE50"),
            ("a-b_9", "A-B_9"),
            ("abc", "ABC"),
            ("x" * 40, "X" * 40),
        ],
    )
    def test_trims_and_puts_in_capitals(self, text: str, code: str) -> None:
        assert rules.normal_code(text) == code

    @pytest.mark.parametrize(
        ("text", "named"),
        [
            ("", "has 3 to 40 characters"),
            ("  ab  ", "has 3 to 40 characters"),
            ("x" * 41, "has 3 to 40 characters"),
            ("SАVE50", "CYRILLIC CAPITAL LETTER A, which only looks like one"),
            ("ſave50", "LATIN SMALL LETTER LONG S, which only looks like one"),
            ("SAVEı0", "LATIN SMALL LETTER DOTLESS I, which only looks like one"),
            ("SAVE５0", "FULLWIDTH DIGIT FIVE"),
            ("SAVE 50", "SPACE"),
            ("SAVE\x0050", "a character without a name"),
            ("SAVE\ud80050", "a character without a name"),
            ("SAVE%", "PERCENT SIGN"),
        ],
    )
    def test_refuses_what_is_none_by_its_name(self, text: str, named: str) -> None:
        with pytest.raises(CouponCodeInvalid, match=named):
            rules.normal_code(text)


class TestChecked:
    @pytest.mark.parametrize(
        ("coupon_type", "value", "stored"),
        [
            ("percentage", Decimal("0.01"), 1),
            ("percentage", 50, 5_000),
            ("percentage", Decimal("12.50"), 1_250),
            ("percentage", 100, 10_000),
            ("fixed", Decimal("0.01"), 1),
            ("fixed", 20, 2_000),
            ("fixed", 1_000_000, 100_000_000),
            ("free_tokens", 1, 1),
            ("free_tokens", Decimal("5.0"), 5),
            ("free_tokens", 10**12, 10**12),
        ],
    )
    def test_stores_values_in_whole_units(self, coupon_type: str, value, stored: int) -> None:
        terms = rules.checked(make_draft(type=coupon_type, value=value), plan_ids=PLANS)
        assert (terms.type, terms.value) == (coupon_type, stored)
        assert rules.shown_value(coupon_type, stored) == value

    @pytest.mark.parametrize(
        ("changes", "path", "code"),
        [
            ({"type": "gift"}, "type", "type_invalid"),
            *(
                ({"value": value}, "value", "value_invalid")
                for value in (0, -1, Decimal("0.001"), Decimal("100.01"), Decimal("1E+300"))
            ),
            *(
                ({"type": "fixed", "value": value}, "value", "value_invalid")
                for value in (0, Decimal("0.005"), Decimal("1000000.01"))
            ),
            *(
                ({"type": "free_tokens", "value": value}, "value", "value_invalid")
                for value in (0, Decimal("0.5"), 10**12 + 1)
            ),
            ({"max_uses": 0}, "max_uses", "max_uses_invalid"),
            ({"max_uses": 10**9 + 1}, "max_uses", "max_uses_invalid"),
            ({"max_usage_per_user": 0}, "max_usage_per_user", "max_usage_per_user_invalid"),
            *(
                (
                    {"min_purchase_amount": amount},
                    "min_purchase_amount",
                    "min_purchase_amount_invalid",
                )
                for amount in (-1, Decimal("0.001"), 10**7)
            ),
            ({"expires_at": NOW}, "expires_at", "expires_at_invalid"),
            ({"valid_from": NOW + timedelta(days=31)}, "expires_at", "expires_at_invalid"),
            ({"description": "x" * 501}, "description", "description_invalid"),
            ({"description": "a\x00b"}, "description", "description_invalid"),
            ({"applicable_plans": ()}, "applicable_plans", "applicable_plans_invalid"),
            ({"applicable_plans": ("plan-pro", "plan-x")}, "applicable_plans[1]", "unknown_plan"),
        ],
    )
    def test_refuses_a_field_by_its_path(self, changes: dict, path: str, code: str) -> None:
        with pytest.raises(CouponInvalid) as refused:
            rules.checked(make_draft(**changes), plan_ids=PLANS)
        assert [(fault.path, fault.code) for fault in refused.value.fields] == [(path, code)]

    def test_says_everything_that_is_wrong_at_once(self) -> None:
        draft = make_draft(value=0, max_uses=0, expires_at=NOW)
        with pytest.raises(CouponInvalid) as refused:
            rules.checked(draft, plan_ids=PLANS)
        assert [fault.path for fault in refused.value.fields] == ["value", "max_uses", "expires_at"]

    def test_takes_the_shortest_life_and_each_plan_once(self) -> None:
        draft = make_draft(
            expires_at=NOW + INSTANT, applicable_plans=("plan-pro", "plan-basic", "plan-pro")
        )
        terms = rules.checked(draft, plan_ids=PLANS)
        assert terms.applicable_plans == ["plan-pro", "plan-basic"]
        assert rules.checked(make_draft(), plan_ids=PLANS).applicable_plans is None


@pytest.mark.parametrize(
    ("text", "other", "is_the_same"),
    [
        ("SAVE50", " save50\t", True),
        ("SAVE50", "SAVE51", False),
        ("SAVE 50", "SAVE50", False),
        ("SAVE 50", "save 50", False),
        ("", " ", False),
        ("\ud800", "\ud801", False),
        ("A" * 10_000, "A" * 10_001, False),
    ],
)
def test_a_guess_is_told_from_others(text: str, other: str, *, is_the_same: bool) -> None:
    first, second = (rules.guess_digest(code, user_id="ada") for code in (text, other))
    assert (first == second) is is_the_same and len(first) == 64
    assert rules.guess_digest(text, user_id="ben") != first

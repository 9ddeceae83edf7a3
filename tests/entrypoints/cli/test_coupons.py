"""Coupons made by the operator's hand."""

import pytest

from app.domain.coupons import queries
from app.domain.coupons.models import Coupon
from app.foundation.database import session
from tests.factories.coupons import make_coupon

USUAL = ("--type", "percentage", "--value", "12.5", "--expires", "2999-01-01")


def stored() -> list[Coupon]:
    session.rollback()
    return session.query(Coupon).all()


class TestCreate:
    def test_makes_one_and_prints_its_code(self, app, billing) -> None:
        result = billing(
            "coupons", "create", "--code", "save12", *USUAL, "--max-uses", 10, "--plan", "plan-pro",
            "--min-purchase-amount", "9.99", "--description", "Save 12.5%",
        )  # fmt: skip
        assert (result.exit_code, result.stdout) == (0, "SAVE12\n"), result.output
        coupon = queries.coupon_by_code("SAVE12")
        assert (coupon.value, coupon.max_uses, coupon.min_purchase_minor) == (1_250, 10, 999)
        assert coupon.applicable_plans == ["plan-pro"]
        assert coupon.created_by == "operator:command line"

    def test_makes_many(self, app, billing) -> None:
        result = billing("coupons", "create", "--code-prefix", "gift", "--count", 20, *USUAL)
        codes = result.stdout.split()
        assert len(set(codes)) == 20
        assert {coupon.code for coupon in stored()} == set(codes)

    @pytest.mark.parametrize(
        ("arguments", "code", "message"),
        [
            ((), 2, "Give the coupon a name"),
            (("--code", "A-1", "--code-prefix", "A"), 2, "Give the coupon a name"),
            (("--code", "A-1", "--count", 2), 2, "--count goes with --code-prefix."),
            (("--code", "A-1", "--value", "much"), 2, "'much' is no number."),
            (("--code", "A-1", "--value", "NaN"), 2, "'NaN' is no number."),
            (("--code", "A-1", "--value", "101"), 1, "value must be a percentage"),
            (("--code", "A-1", "--plan", "plan-x"), 1, "There is no plan with the id 'plan-x'."),
            (("--code", "A-1", "--expires", "2020-01-01"), 1, "expires_at must lie after"),
            (("--code", "A"), 1, "A coupon’s code has 3 to 40 characters."),
            (("--code-prefix", "GIFT", "--count", 0), 1, "count must be a whole number"),
        ],
    )
    def test_refuses_in_one_line(self, app, billing, arguments, code, message) -> None:
        result = billing("coupons", "create", *USUAL, *arguments)
        assert (result.exit_code, result.stdout) == (code, "")
        assert message in result.stderr and result.stderr.count("\n") == 1
        assert stored() == []


class TestListCoupons:
    def test_says_what_they_give(self, app, billing) -> None:
        make_coupon("HALF")
        make_coupon("FIVER", type="fixed", value=5, applicable_plans=("plan-pro",))
        make_coupon("GIFT", type="free_tokens", value=50_000, is_active=False)
        result = billing("coupons", "list")
        rows = {line.split()[0]: line for line in result.stdout.splitlines()[1:]}
        assert "50 %" in rows["HALF"] and "0/100" in rows["HALF"] and "all" in rows["HALF"]
        assert "5.00 USD" in rows["FIVER"] and "plan-pro" in rows["FIVER"]
        assert "50,000 tokens" in rows["GIFT"] and rows["GIFT"].endswith("inactive")

"""What an account has redeemed and may still use, in order."""

from datetime import timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.coupons import queries
from tests.books import check_books
from tests.factories.payments import make_invoice
from tests.factories.redemptions import make_coupon, make_fixed_coupon, redeem
from tests.moments import NOW


@pytest.fixture(autouse=True)
def books(app):
    yield
    check_books()


class TestOpenUses:
    def test_are_those_that_have_something_left_in_order(self, ada: Account, ben: Account) -> None:
        make_coupon("SECOND")
        make_coupon("FIRST")
        make_coupon("USED")
        make_coupon("TOKENS", type="free_tokens", value=10)
        redeem("USED", ada, now=NOW - timedelta(days=2))
        make_invoice(ada, minor=1_000)
        redeem("FIRST", ada, now=NOW)
        redeem("SECOND", ada, now=NOW)
        redeem("TOKENS", ada)
        redeem("FIRST", ben)
        found = queries.open_uses([ada.id])
        assert [use.code for use in found[ada.id]] == ["FIRST", "SECOND"]
        assert set(found) == {"ada"}

    def test_are_what_was_foreseen(self, ada: Account) -> None:
        make_fixed_coupon(minor=700, min_purchase_minor=50, applicable_plans=["plan-payg"])
        ahead = queries.use_ahead(queries.view(queries.coupon_by_code("tenoff")))
        redeem("TENOFF", ada)
        (use,) = queries.open_uses([ada.id])[ada.id]
        assert ahead.usage_id == 0
        assert (ahead.code, ahead.value, ahead.remaining_minor) == (
            use.code,
            use.value,
            use.remaining_minor,
        )
        assert (ahead.min_purchase_minor, ahead.applicable_plans) == (50, ("plan-payg",))


class TestRedemptionsPage:
    def test_is_newest_first_and_one_accounts_own(self, ada: Account, ben: Account) -> None:
        for days, code in ((1, "SECOND"), (0, "FIRST"), (2, "THIRD")):
            make_coupon(code)
            redeem(code, ada, now=NOW - timedelta(days=days))
        redeem("FIRST", ben)
        page = queries.redemptions_page(ada, page=1, page_size=2)
        assert ([each.code for each in page.redemptions], page.total) == (["FIRST", "SECOND"], 3)
        last = queries.redemptions_page(ada, page=2, page_size=2)
        assert [each.code for each in last.redemptions] == ["THIRD"]

    def test_tells_what_is_left_from_what_is_used_up(self, ada: Account) -> None:
        # Tokens are given at once: then nothing is left.
        make_coupon("TOKENS", type="free_tokens", value=5)
        make_coupon("PERCENT")
        for code in ("TOKENS", "PERCENT"):
            redeem(code, ada)
        for status, codes in (("open", ["PERCENT"]), ("used_up", ["TOKENS"])):
            page = queries.redemptions_page(ada, page=1, page_size=9, status=status)
            assert ([each.code for each in page.redemptions], page.total) == (codes, 1)

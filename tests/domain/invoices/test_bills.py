"""Bills: lines, less coupons, plus tax, less credit; what is too small waits."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.coupons.discounting import OpenUse
from app.domain.invoices import bills
from app.domain.invoices.bills import Bill, Payer
from app.domain.invoices.rules import Line
from app.domain.invoices.taxing import UNTAXED, Taxation
from tests.moments import NOW

VAT = Taxation(1_900, "VAT")


def line(minor: int, kind: str = "plan") -> Line:
    return Line(kind, kind, None, 1, None, minor * 10_000_000, minor)


def fixed(minor: int, number: int = 1, **changes) -> OpenUse:
    return replace(OpenUse(number, "F", "fixed", minor, minor, 0, None), **changes)


def percent(points: int, number: int = 2, **changes) -> OpenUse:
    return replace(OpenUse(number, "P", "percentage", points, None, 0, None), **changes)


def payer(*uses: OpenUse, credit: int = 0, taxation: Taxation = UNTAXED) -> Payer:
    return Payer("ada", "plan-pro", {}, taxation, credit, uses)


def plan_bill(payer: Payer, *lines: Line, plan_id: str = "plan-pro") -> Bill:
    return bills.plan_bill(payer, lines, plan_id=plan_id, now=NOW, period_id=7, plan_change_id=8)


def usage_bill(payer: Payer, *lines: Line) -> Bill:
    return bills.usage_bill(payer, lines, month="2026-10")


def carried_on(bill: Bill) -> int:
    """Return what goes onto the next invoice."""
    return -sum(each.amount_minor for each in bill.lines if each.kind == "carried_on")


class TestPlanBill:
    def test_works_out_in_the_invoice_s_order(self) -> None:
        bill = plan_bill(
            payer(fixed(1_000), percent(2_000), credit=500, taxation=VAT), line(10_000)
        )
        assert [discount.minor for discount in bill.discounts] == [1_000, 1_800]
        totals = bill.totals
        assert (totals.amount_minor, totals.discount_minor) == (10_000, 2_800)
        assert (totals.tax_minor, totals.final_minor) == (1_368, 8_568)
        assert (bill.credit_used_minor, bill.due_minor) == (500, 8_068)
        assert (bill.kind, bill.billing_month) == ("subscription", "2026-11")
        assert (bill.period_id, bill.plan_id, bill.plan_change_id) == (7, "plan-pro", 8)

    def test_shows_coupons_the_plan_that_is_bought(self) -> None:
        coupon = fixed(300, applicable_plans=("plan-enterprise",))
        assert plan_bill(payer(coupon), line(1_000)).discounts == ()
        bought = plan_bill(payer(coupon), line(1_000), plan_id="plan-enterprise")
        assert bought.totals.discount_minor == 300

    def test_applies_coupons_after_the_proration_credit(self) -> None:
        lines = (line(5_000), line(-500, "plan_credit"))
        assert plan_bill(payer(percent(1_000)), *lines).totals.discount_minor == 450
        picky = percent(1_000, min_purchase_minor=4_501)
        assert plan_bill(payer(picky), *lines).discounts == ()

    @pytest.mark.parametrize(
        ("minor", "carried", "final"), [(0, 0, 0), (1, 1, 0), (49, 49, 0), (50, 0, 50), (51, 0, 51)]
    )
    def test_carries_on_what_nobody_could_pay(self, minor: int, carried: int, final: int) -> None:
        bill = plan_bill(payer(taxation=UNTAXED), line(minor))
        assert (carried_on(bill), bill.totals.final_minor) == (carried, final)
        assert bill.due_minor == final
        if carried:
            assert [each.amount_minor for each in bill.lines] == [minor, -minor]
            assert bill.lines[-1].description == "Carried onto the next invoice"

    def test_uses_no_coupon_up_for_what_it_carries_on(self) -> None:
        bill = plan_bill(payer(percent(5_000), taxation=VAT), line(49))
        assert (bill.discounts, carried_on(bill), bill.totals.tax_minor) == ((), 49, 0)

    def test_carries_on_what_coupons_leave_too_small(self) -> None:
        bill = plan_bill(payer(fixed(960), taxation=VAT), line(1_000))
        assert (bill.totals.discount_minor, carried_on(bill)) == (960, 40)
        assert (bill.totals.tax_minor, bill.totals.final_minor) == (0, 0)

    def test_leaves_nothing_below_zero(self) -> None:
        bill = plan_bill(payer(fixed(20_000), taxation=VAT), line(10_000))
        assert (bill.totals.discount_minor, bill.totals.final_minor) == (10_000, 0)
        assert bill.discounts[0].remaining_minor == 10_000


class TestUsageBill:
    def test_is_of_its_month(self) -> None:
        bill = usage_bill(payer(percent(1_000), taxation=VAT), line(1_000, "usage"))
        assert (bill.kind, bill.billing_month, bill.period_id) == ("usage", "2026-10", None)
        assert bill.totals.final_minor == 900 + 171

    def test_uses_no_coupon_up_for_what_is_too_small(self) -> None:
        assert usage_bill(payer(fixed(10)), line(49, "usage")).discounts == ()
        assert usage_bill(payer(fixed(10)), line(50, "usage")).totals.discount_minor == 10

    def test_carries_nothing_on_by_itself(self) -> None:
        assert carried_on(usage_bill(payer(), line(49, "usage"))) == 0


class TestTopUpBill:
    def test_takes_neither_coupons_nor_credit_and_puts_tax_on_top(self) -> None:
        buyer = payer(fixed(100), percent(5_000), credit=9_999, taxation=VAT)
        bill = bills.top_up_bill(buyer, line(5_000, "tokens"), now=NOW)
        assert (bill.kind, bill.discounts, bill.credit_used_minor) == ("topup", (), 0)
        assert (bill.totals.amount_minor, bill.due_minor) == (5_000, 5_950)


class TestCreditUsed:
    @pytest.mark.parametrize(
        ("final", "credit", "used"),
        [
            (1_000, 0, 0),
            (1_000, 400, 400),
            (1_000, 949, 949),
            (1_000, 950, 950),
            # 49 cents would be left, which no provider takes.
            (1_000, 951, 950),
            (1_000, 999, 950),
            (1_000, 1_000, 1_000),
            (1_000, 1_001, 1_000),
            (0, 500, 0),
            (50, 49, 0),
            (50, 50, 50),
            (60, 20, 10),
        ],
    )
    def test_leaves_nothing_or_enough_to_be_paid(self, final, credit, used) -> None:
        assert bills.credit_used(final, credit_minor=credit) == used

    @given(st.integers(0, 10**7), st.integers(0, 10**7))
    def test_is_never_more_than_there_is(self, final: int, credit: int) -> None:
        used = bills.credit_used(final, credit_minor=credit)
        assert 0 <= used <= min(final, credit)
        left = final - used
        assert left == 0 or left >= 50 or (final < 50 and used == 0)


@given(
    st.lists(st.integers(-5_000, 500_000), min_size=1, max_size=6),
    st.lists(st.one_of(st.builds(fixed, st.integers(1, 600_000)), st.just(percent(2_500)))),
    st.integers(0, 900_000),
    st.sampled_from([UNTAXED, VAT, Taxation(2_550, "x"), Taxation(reverse_charge=True)]),
)
def test_bills_always_add_up(minors, uses, credit, taxation) -> None:
    bill = plan_bill(payer(*uses, credit=credit, taxation=taxation), *map(line, minors))
    totals = bill.totals
    assert sum(each.amount_minor for each in bill.lines) == totals.amount_minor
    assert sum(discount.minor for discount in bill.discounts) == totals.discount_minor
    assert totals.discount_minor <= max(sum(minors), 0)
    assert totals.final_minor == totals.amount_minor - totals.discount_minor + totals.tax_minor
    if sum(minors) >= 0:
        assert totals.final_minor >= bill.credit_used_minor >= 0
        assert bill.due_minor == 0 or bill.due_minor >= 50

"""The lines of a change of plan, each with its formula."""

from datetime import UTC, datetime

from app.domain.coupons.discounting import OpenUse
from app.domain.invoices.bills import Payer, plan_bill
from app.domain.invoices.plan_lines import change_lines, explained_discounts
from app.domain.subscriptions import changing
from app.domain.subscriptions.changing import Standing
from app.domain.subscriptions.rules import Terms
from app.foundation.periods import monthly_period

START, MIDDLE = datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 6, 16, tzinfo=UTC)
PAYG = Terms("plan-payg", 0, 0, None, 0, 1, 1)
SMALL = Terms("plan-small", 10_000, 1_000, None, 0, 1, 1)
LARGE = Terms("plan-large", 30_000, 3_000, None, 0, 1, 1)


def lines(before: Terms, after: Terms, *, paid: int):
    standing = Standing(monthly_period(START, 0), before, is_unpaid=False, net_paid_minor=paid)
    change = changing.change(standing, after, now=MIDDLE)
    return change_lines(change, old_name="Small", new_name="Large", now=MIDDLE)


class TestChangeLines:
    def test_show_charge_and_credit_of_an_upgrade(self) -> None:
        charge, credit = lines(SMALL, LARGE, paid=10_000)
        assert (charge.line.kind, charge.line.amount_minor) == ("plan", 15_000)
        assert charge.line.description == "Large plan, 16 Jun 2025 to 1 Jul 2025"
        assert charge.formula == "$300.00 × 1,296,000 s left / 2,592,000 s"
        assert (credit.line.kind, credit.line.amount_minor) == ("plan_credit", -5_000)
        assert credit.line.description == "Unused time of the Small plan"
        assert credit.formula == "$100.00 paid × 1,296,000 s left / 2,592,000 s"
        assert credit.line.amount_nanos == -5_000 * 10_000_000

    def test_leave_out_a_credit_of_nothing(self) -> None:
        assert len(lines(SMALL, LARGE, paid=0)) == 1

    def test_take_off_no_more_than_is_charged(self) -> None:
        assert [each.line.amount_minor for each in lines(SMALL, LARGE, paid=50_000)] == [
            15_000,
            -15_000,
        ]

    def test_show_the_whole_price_of_a_new_period(self) -> None:
        (begun,) = lines(PAYG, LARGE, paid=0)
        assert begun.line.description == "Large plan, 16 Jun 2025 to 16 Jul 2025"
        assert (begun.line.amount_minor, begun.formula) == (30_000, "$300.00 for a whole period")

    def test_are_none_where_nothing_is_due_now(self) -> None:
        assert lines(LARGE, SMALL, paid=30_000) == ()


def use(usage_id: int, code: str, *, share_bp: int = 0, minor: int | None = None) -> OpenUse:
    kind = "percentage" if minor is None else "fixed"
    return OpenUse(usage_id, code, kind, share_bp if minor is None else minor, minor, 0, None)


class TestExplainedDiscounts:
    def test_show_what_each_was_worked_out_from(self) -> None:
        uses = (use(1, "HALF", share_bp=5_000), use(2, "TEN", minor=1_000))
        payer = Payer("ada", "plan-payg", {}, uses=uses)
        given = [each.line for each in lines(PAYG, LARGE, paid=0)]
        explained = explained_discounts(plan_bill(payer, given, plan_id="plan-large", now=MIDDLE))
        assert [(each.discount.code, each.discount.minor, each.formula) for each in explained] == [
            ("HALF", 15_000, "50% of $300.00"),
            ("TEN", 1_000, "Up to $10.00 of $150.00"),
        ]

    def test_look_past_what_is_carried_on(self) -> None:
        payer = Payer("ada", "plan-payg", {}, uses=(use(1, "MOST", share_bp=9_990),))
        given = [each.line for each in lines(PAYG, LARGE, paid=0)]
        bill = plan_bill(payer, given, plan_id="plan-large", now=MIDDLE)
        assert bill.lines[-1].kind == "carried_on"
        assert [each.formula for each in explained_discounts(bill)] == ["99.9% of $300.00"]

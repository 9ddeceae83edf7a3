"""A preview equals the later charge to the cent, and stores nothing."""

from datetime import timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.subscriptions.changing import ChangeKind
from app.domain.subscriptions.errors import AlreadyOnPlan, PeriodUnpaid, PlanNotForSale
from app.foundation.database import transaction
from app.workflows.preview_switch import preview_switch
from app.workflows.renew_subscriptions import renew_subscriptions
from tests.factories.payments import make_checkout
from tests.factories.purchases import SELLER, begin_switch, buy_plan, invoices_of, lines_of, pay
from tests.factories.redemptions import make_coupon, redeem
from tests.factories.subscriptions import current_period
from tests.factories.usage import GRACE
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW

DAY = timedelta(days=1)
pytestmark = pytest.mark.usefixtures("books")


def preview(account: Account, plan_id: str, *, now=NOW):
    return preview_switch(account, plan_id, seller_country="DE", grace=GRACE, now=now)


class TestPreviewSwitch:
    @pytest.mark.parametrize("days", [0, 1, 15, 29])
    def test_is_what_is_charged_then(self, ada: Account, gateway, days: int) -> None:
        buy_plan(ada, "plan-basic", gateway=gateway)
        make_coupon()
        redeem("SAVE20", ada)
        now = NOW + days * DAY + timedelta(seconds=17)
        shown = preview(ada, "plan-pro", now=now)
        assert len(invoices_of(ada)) == 1
        begin_switch(ada, "plan-pro", gateway=gateway, now=now)
        draft = invoices_of(ada)[1]
        assert shown.due_minor == draft.final_minor - draft.credit_used_minor > 0
        said = [(each.line.description, each.line.amount_minor) for each in shown.lines]
        assert said == lines_of(draft)
        assert (shown.old_plan, shown.new_plan) == ("Basic", "Pro")
        assert shown.effective_at == shown.previewed_at == now

    def test_shows_when_a_downgrade_comes(self, ada: Account, gateway) -> None:
        buy_plan(ada, "plan-pro", gateway=gateway)
        shown = preview(ada, "plan-basic", now=NOW + DAY)
        assert (shown.change.kind, shown.bill, shown.due_minor) == (ChangeKind.AT_END, None, 0)
        assert shown.effective_at == current_period(ada.id).ends_at

    def test_refuses_what_a_switch_refuses(self, ada: Account, gateway) -> None:
        with pytest.raises(PlanNotForSale):
            preview(ada, "plan-payg")
        buy_plan(ada, "plan-pro", gateway=gateway)
        with pytest.raises(AlreadyOnPlan):
            preview(ada, "plan-pro")

    @pytest.mark.parametrize("plan_id", ["plan-basic", "plan-enterprise"])
    def test_refuses_in_grace_whether_or_not_it_is_written(self, ada, gateway, plan_id) -> None:
        buy_plan(ada, "plan-pro", gateway=gateway)
        end = current_period(ada.id).ends_at
        preview(ada, plan_id, now=end - timedelta(microseconds=1))
        with pytest.raises(PeriodUnpaid):
            preview(ada, plan_id, now=end)
        shown = preview(ada, "plan-pro", now=end + GRACE)
        assert shown.change.kind is ChangeKind.BEGIN

    def test_credits_no_cent_that_was_for_another_period(self, ada: Account, gateway) -> None:
        """A renewal may also ask for what an upgrade before was too small for."""
        buy_plan(ada, "plan-basic", gateway=gateway)
        last = current_period(ada.id).ends_at - 100 * timedelta(minutes=1)
        assert begin_switch(ada, "plan-pro", gateway=gateway, now=last) is None
        end = current_period(ada.id).ends_at
        renew_and_pay(ada, gateway, now=end)
        assert invoices_of(ada)[-1].final_minor == 9_999 + 21
        assert preview(ada, "plan-enterprise", now=end).change.credit_minor == 9_999


def renew_and_pay(account: Account, gateway: FakeGateway, *, now) -> None:
    with transaction():
        renew_subscriptions(seller=SELLER, grace=GRACE, now=now)
    checkout = make_checkout(account, invoices_of(account)[-1], gateway=gateway, now=now)
    pay(checkout, gateway=gateway, now=now)

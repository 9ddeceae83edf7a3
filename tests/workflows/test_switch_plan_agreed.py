"""What is charged for a plan is what was agreed to, once, by whichever provider."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.invoices.errors import InvoiceNotPayable
from app.domain.payments.errors import OutcomeMismatch
from app.domain.payments.gateway import OutcomeStatus
from app.domain.subscriptions.errors import ChangeInProgress, PreviewStale
from app.domain.subscriptions.models import PlanChange
from app.foundation.database import session, transaction
from app.foundation.errors import DomainError
from app.workflows.preview_switch import preview_switch
from app.workflows.switch_plan import Agreed, switch_plan
from app.workflows.switch_with_card import switch_with_card
from tests.factories.catalog import make_plan
from tests.factories.purchases import (
    SELLER,
    begin_switch,
    charge,
    make_card,
    make_shop,
    pay,
    payments_of,
    tell,
)
from tests.factories.redemptions import make_coupon, redeem
from tests.factories.subscriptions import current_period
from tests.factories.usage import GRACE
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
pytestmark = pytest.mark.usefixtures("books")


def plan_of(account: Account) -> str:
    session.rollback()
    return current_period(account.id).plan_id


def change_status() -> list[str]:
    session.rollback()
    return [row.status for row in session.query(PlanChange).order_by(PlanChange.id)]


def shown(account: Account, *, now) -> Agreed:
    """Return what the account agrees to after a look at the preview of Basic."""
    given = {"seller_country": SELLER.country, "grace": GRACE, "now": now}
    preview = preview_switch(account, "plan-basic", **given)
    session.rollback()
    return Agreed(preview.previewed_at, preview.terms)


def again(account: Account, gateway: FakeGateway, agreed: Agreed, *, now) -> None:
    """Choose Basic again, as it was shown."""
    switch_plan(account, "plan-basic", shop=make_shop(gateway), agreed=agreed, now=now)


class TestAgreed:
    @pytest.mark.parametrize(
        ("changes", "is_let"),
        [
            ({}, True),
            ({"description": "Another word"}, True),
            ({"monthly_price_minor": 5_000}, False),
            ({"monthly_quota": 499_999}, False),
            ({"overage_discount_bp": 1}, False),
        ],
    )
    @pytest.mark.parametrize("saved_after", [-MINUTE, timedelta(0), MINUTE])
    def test_terms_are_compared_whenever_the_plan_was_saved(
        self, ada: Account, gateway, changes: dict[str, object], is_let: bool, saved_after
    ) -> None:
        plan = make_plan()
        given = {"seller_country": SELLER.country, "grace": GRACE, "now": NOW}
        seen = preview_switch(ada, "plan-team", **given)
        with transaction():
            for name, value in {**changes, "updated_at": NOW + saved_after}.items():
                setattr(plan, name, value)
            session.add(plan)
        agreed = Agreed(seen.previewed_at, seen.terms)
        given = {"shop": make_shop(gateway), "now": NOW + MINUTE, "agreed": agreed}
        if is_let:
            assert switch_plan(ada, "plan-team", **given) is not None
            assert gateway.orders[0].amount_minor == seen.due_minor == 4_999
        else:
            with pytest.raises(PreviewStale):
                switch_plan(ada, "plan-team", **given)
            assert (gateway.orders, change_status()) == ([], [])

    def test_preview_holds_not_from_the_moment_of_a_change(self, ada: Account, gateway) -> None:
        plan = make_plan()
        with transaction():
            plan.monthly_price_minor, plan.updated_at = 5_000, NOW
            session.add(plan)
        with pytest.raises(PreviewStale):
            switch_plan(ada, "plan-team", shop=make_shop(gateway), now=NOW, agreed=Agreed(NOW))

    @pytest.mark.parametrize("first", ["stripe", "paypal"])
    def test_of_two_providers_one_is_paid_and_the_other_sends_back(
        self, ada: Account, gateway, first: str
    ) -> None:
        paypal = FakeGateway(provider="paypal", numbers_from=101)
        ways = {"stripe": gateway, "paypal": paypal}
        opened = {name: begin_switch(ada, "plan-pro", gateway=each) for name, each in ways.items()}
        later = ({*ways} - {first}).pop()
        assert [page.amount_minor for each in ways.values() for page in each.orders] == [9_999] * 2
        pay(opened[first], gateway=ways[first])
        pay(opened[later], gateway=ways[later])
        assert (plan_of(ada), change_status()) == ("plan-pro", ["applied"])
        sent_back = {row.provider: row.is_overpayment for row in payments_of(ada)}
        assert sent_back == {first: False, later: True}

    @pytest.mark.parametrize("other", ["amount_minor", "currency"])
    def test_of_money_that_is_not_what_was_ordered(self, ada: Account, other: str) -> None:
        paypal = FakeGateway(provider="paypal")
        begin_switch(ada, "plan-pro", gateway=paypal)
        paypal.pay("cs_1")
        said = {"amount_minor": 9_998, "currency": "EUR"}[other]
        with pytest.raises(OutcomeMismatch):
            tell(replace(paypal.outcome_of_session("cs_1"), **{other: said}))
        assert (plan_of(ada), change_status()) == ("plan-payg", ["open"])

    def test_of_another_page_beside_a_payment_that_is_processed(
        self, ada: Account, gateway
    ) -> None:
        begin_switch(ada, "plan-pro", gateway=gateway)
        gateway.end("cs_1", OutcomeStatus.PROCESSING)
        tell(gateway.outcome_of_session("cs_1"))
        paypal = FakeGateway(provider="paypal", numbers_from=101)
        for way in (gateway, paypal):
            for now in (NOW, NOW + 40 * MINUTE, NOW + 5 * DAY):
                with pytest.raises(InvoiceNotPayable):
                    begin_switch(ada, "plan-pro", gateway=way, now=now)
        assert (len(gateway.orders), paypal.orders) == (1, [])


class TestHeld:
    @pytest.fixture
    def held(self, ada: Account, gateway: FakeGateway) -> Agreed:
        """What a preview of Basic comes to while her coupon is held by that very change."""
        make_coupon()
        redeem("SAVE20", ada)
        begin_switch(ada, "plan-basic", gateway=gateway)
        return shown(ada, now=NOW + MINUTE)

    def test_by_an_open_page_is_to_be_paid_or_given_up(self, ada, gateway, held: Agreed) -> None:
        with pytest.raises(ChangeInProgress, match="Pay it, or give it up first"):
            again(ada, gateway, held, now=NOW + MINUTE)
        assert change_status() == ["open"]

    def test_by_a_payment_that_is_processed_is_not_to_be_paid_again(
        self, ada, gateway, held: Agreed
    ) -> None:
        charge(payments_of(ada)[0], OutcomeStatus.PROCESSING)
        with pytest.raises(ChangeInProgress, match="nothing to pay again"):
            again(ada, gateway, held, now=NOW + MINUTE)

    def test_by_what_nobody_can_pay_any_more_comes_back_at_once(self, ada, gateway) -> None:
        make_coupon()
        redeem("SAVE20", ada)
        card_id = make_card(ada).id
        gateway.declines_with = "authentication_required"
        given = {"card_id": card_id, "shop": make_shop(gateway), "now": NOW}
        switch_with_card(ada, "plan-basic", agreed=shown(ada, now=NOW), **given)
        late = NOW + 31 * MINUTE
        stale = shown(ada, now=late)
        with pytest.raises(PreviewStale):
            again(ada, gateway, stale, now=late)
        # What he is shown now counts the coupon again, and can be paid.
        assert change_status() == ["lapsed"]
        again(ada, gateway, shown(ada, now=late), now=late)
        assert [order.amount_minor for order in gateway.orders] == [799]

    def test_by_what_another_plan_has_overtaken_comes_back_at_once(
        self, ada, gateway, held: Agreed
    ) -> None:
        with transaction():
            current_period(ada.id).plan_id = "plan-enterprise"
        with pytest.raises(DomainError) as refusal:
            again(ada, gateway, held, now=NOW + MINUTE)
        assert not isinstance(refusal.value, ChangeInProgress)
        assert change_status() == ["lapsed"]

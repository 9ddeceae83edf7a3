"""Switching plans: fixed when accepted, applied once when paid, given back when not."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.coupons import creating
from app.domain.invoices.errors import InvoiceNotPayable
from app.domain.payments.consent import VERSION, consent_to
from app.domain.payments.errors import ProviderRefused, ProviderUnreachable
from app.domain.payments.gateway import OutcomeStatus
from app.domain.payments.refunds import REFUND_PAYMENT
from app.domain.subscriptions import queries
from app.domain.subscriptions.errors import (
    AlreadyOnPlan,
    ChangeInProgress,
    PlanNotForSale,
    PreviewStale,
)
from app.domain.subscriptions.models import PlanChange
from app.foundation.database import session, transaction
from app.foundation.periods import months_later
from app.workflows.switch_plan import Agreed, switch_plan
from tests.factories.catalog import make_plan
from tests.factories.payments import invoice_row, payment_row
from tests.factories.purchases import (
    begin_switch,
    buy_plan,
    close,
    invoices_of,
    lines_of,
    mails_of,
    make_shop,
    pay,
    payments_of,
    promises,
    tell,
)
from tests.factories.redemptions import make_coupon, redeem, usage_of
from tests.factories.subscriptions import current_period
from tests.factories.usage import GRACE
from tests.moments import NOW
from tests.threads import in_parallel

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
HALF = NOW + 15 * DAY  # the period from 22 November to 22 December has 30 days
pytestmark = pytest.mark.usefixtures("books")


def running(account: Account) -> tuple[str, int, int]:
    session.rollback()
    period = current_period(account.id)
    session.refresh(period)
    return period.plan_id, period.price_minor, period.quota


def change_status() -> list[str]:
    session.rollback()
    return [row.status for row in session.query(PlanChange).order_by(PlanChange.id)]


class TestFromPayAsYouGo:
    def test_begins_a_whole_period_when_it_is_paid(self, ada: Account, gateway) -> None:
        checkout = begin_switch(ada, "plan-pro", gateway=gateway)
        assert running(ada)[0] == "plan-payg"
        paid_at = NOW + 5 * MINUTE
        pay(checkout, gateway=gateway, now=paid_at)
        assert running(ada) == ("plan-pro", 9_999, 1_000_000)
        period = current_period(ada.id)
        assert (period.starts_at, period.ends_at) == (paid_at, months_later(paid_at, 1))
        (invoice,) = invoices_of(ada)
        assert (invoice.status, invoice.final_minor, invoice.period_id) == (
            "paid",
            9_999,
            period.id,
        )
        assert invoice.invoice_number == f"INV-{ada.number}-2026-11"
        assert (invoice.issued_at, invoice.due_at, invoice.paid_at) == (paid_at,) * 3
        assert lines_of(invoice) == [("Pro plan, 22 Nov 2026 to 22 Dec 2026", 9_999)]
        assert mails_of(ada) == ["plan_changed", "invoice_paid"]
        assert change_status() == ["applied"]

    def test_says_the_dates_of_the_payment_not_of_the_order(self, ada: Account, gateway) -> None:
        late = datetime.fromisoformat("2026-11-22T23:45:00+00:00")
        checkout = begin_switch(ada, "plan-pro", gateway=gateway, now=late)
        pay(checkout, gateway=gateway, now=late + 20 * MINUTE)
        assert lines_of(invoices_of(ada)[0]) == [("Pro plan, 23 Nov 2026 to 23 Dec 2026", 9_999)]

    def test_has_no_number_until_money_comes(self, ada: Account, gateway) -> None:
        begin_switch(ada, "plan-pro", gateway=gateway)
        (draft,) = invoices_of(ada)
        assert (draft.status, draft.invoice_number, draft.issued_at) == ("draft", None, None)

    def test_does_not_mind_that_another_period_of_it_runs(self, ada: Account, gateway) -> None:
        late = current_period(ada.id).ends_at - MINUTE
        checkout = begin_switch(ada, "plan-pro", gateway=gateway, now=late)
        pay(checkout, gateway=gateway, now=late + 5 * MINUTE)
        assert running(ada)[0] == "plan-pro"
        assert change_status() == ["applied"]

    def test_keeps_what_was_accepted_when_the_plan_is_edited(self, ada: Account, gateway) -> None:
        plan = make_plan()
        checkout = begin_switch(ada, "plan-team", gateway=gateway)
        with transaction():
            plan.monthly_price_minor, plan.monthly_quota = 9_000, 1
            session.add(plan)
        pay(checkout, gateway=gateway)
        assert running(ada) == ("plan-team", 4_999, 500_000)


class TestWithinAPaidPeriod:
    def test_prorates_and_keeps_the_dates(self, ada: Account, gateway) -> None:
        buy_plan(ada, "plan-basic", gateway=gateway)
        before = current_period(ada.id)
        buy_plan(ada, "plan-pro", gateway=gateway, now=HALF)
        assert running(ada) == ("plan-pro", 9_999, 550_000)
        after = current_period(ada.id)
        assert (after.id, after.starts_at, after.ends_at) == (
            before.id,
            before.starts_at,
            before.ends_at,
        )
        upgrade = invoices_of(ada)[1]
        assert lines_of(upgrade) == [
            ("Pro plan, 7 Dec 2026 to 22 Dec 2026", 5_000),
            ("Unused time of the Basic plan", -500),
        ]
        assert (upgrade.final_minor, upgrade.period_id) == (4_500, before.id)
        buy_plan(ada, "plan-enterprise", gateway=gateway, now=NOW + 22.5 * DAY)
        assert running(ada) == ("plan-enterprise", 99_999, 2_800_000)

    def test_carries_the_usage_over(self, ada: Account, gateway) -> None:
        from_basic = begin_switch(ada, "plan-basic", gateway=gateway)
        pay(from_basic, gateway=gateway)
        period = current_period(ada.id)
        buy_plan(ada, "plan-pro", gateway=gateway, now=HALF)
        assert current_period(ada.id).id == period.id
        assert queries.current_period(ada.id, now=HALF, grace=GRACE).tokens_remaining == 550_000

    def test_applies_at_once_and_carries_on_what_is_too_little(self, ada: Account, gateway) -> None:
        buy_plan(ada, "plan-pro", gateway=gateway)
        last = current_period(ada.id).ends_at - 14 * MINUTE
        assert begin_switch(ada, "plan-enterprise", gateway=gateway, now=last) is None
        assert running(ada) == ("plan-enterprise", 99_999, 1_002_916)
        upgrade = invoices_of(ada)[1]
        assert lines_of(upgrade) == [
            ("Enterprise plan, 22 Dec 2026 to 22 Dec 2026", 32),
            ("Unused time of the Pro plan", -3),
            ("Carried onto the next invoice", -29),
        ]
        assert (upgrade.status, upgrade.final_minor) == ("paid", 0)
        assert upgrade.payment_method == "nothing due"

    def test_credits_only_what_coupons_left_to_pay(self, ada: Account, gateway) -> None:
        make_coupon(value=5_000)
        redeem("SAVE20", ada)
        buy_plan(ada, "plan-basic", gateway=gateway)
        assert invoices_of(ada)[0].final_minor == 499
        buy_plan(ada, "plan-pro", gateway=gateway, now=HALF)
        assert lines_of(invoices_of(ada)[1])[1] == ("Unused time of the Basic plan", -250)

    def test_clears_a_cancellation_and_a_downgrade(self, ada: Account, gateway) -> None:
        buy_plan(ada, "plan-pro", gateway=gateway)
        begin_switch(ada, "plan-basic", gateway=gateway, now=NOW + DAY)
        buy_plan(ada, "plan-enterprise", gateway=gateway, now=NOW + 2 * DAY)
        standing = queries.subscription_of(ada.id, now=NOW + 2 * DAY, grace=GRACE)
        assert (standing.pending_plan_id, standing.auto_renew) == (None, True)


class TestAtTheEnd:
    def test_is_scheduled_and_costs_nothing_now(self, ada: Account, gateway) -> None:
        buy_plan(ada, "plan-pro", gateway=gateway)
        assert begin_switch(ada, "plan-basic", gateway=gateway, now=NOW + DAY) is None
        standing = queries.subscription_of(ada.id, now=NOW + DAY, grace=GRACE)
        assert (standing.plan_id, standing.pending_plan_id) == ("plan-pro", "plan-basic")
        assert len(invoices_of(ada)) == 1
        assert mails_of(ada)[-1] == "change_scheduled"
        end = current_period(ada.id).ends_at
        before = queries.current_period(ada.id, now=end - timedelta(microseconds=1), grace=GRACE)
        assert before.terms.plan_id == "plan-pro"
        after = queries.current_period(ada.id, now=end, grace=GRACE)
        assert (after.terms.plan_id, after.grace_ends_at) == ("plan-basic", end + GRACE)


class TestRefusals:
    @pytest.mark.parametrize(
        ("plan_id", "refusal"), [("plan-payg", PlanNotForSale), ("plan-old", PlanNotForSale)]
    )
    def test_sell_no_hidden_and_no_old_plan(self, ada: Account, gateway, plan_id, refusal) -> None:
        make_plan("plan-old", is_active=False)
        with pytest.raises(refusal):
            begin_switch(ada, plan_id, gateway=gateway)

    def test_know_the_plan_that_runs(self, ada: Account, gateway) -> None:
        buy_plan(ada, "plan-pro", gateway=gateway)
        with pytest.raises(AlreadyOnPlan):
            begin_switch(ada, "plan-pro", gateway=gateway)

    @pytest.mark.parametrize("minutes", [10, 11])
    def test_hold_a_preview_for_ten_minutes(self, ada: Account, gateway, minutes: int) -> None:
        buy_plan(ada, "plan-basic", gateway=gateway)
        now = HALF + minutes * MINUTE
        given = {"shop": make_shop(gateway), "now": now, "agreed": Agreed(HALF)}
        if minutes == 10:
            switch_plan(ada, "plan-pro", **given)
            assert invoices_of(ada)[1].final_minor == 4_500
        else:
            with pytest.raises(PreviewStale):
                switch_plan(ada, "plan-pro", **given)

    def test_hold_no_preview_whose_coupon_was_edited(self, ada: Account, gateway) -> None:
        buy_plan(ada, "plan-basic", gateway=gateway)
        make_coupon()
        redeem("SAVE20", ada)
        pro_only = partial(replace, applicable_plans=("plan-pro",))
        with transaction():
            creating.change("SAVE20", pro_only, actor="operator:olga", now=HALF)
        given = {"shop": make_shop(gateway), "now": HALF + MINUTE}
        with pytest.raises(PreviewStale):
            switch_plan(ada, "plan-pro", agreed=Agreed(HALF - MINUTE), **given)
        # What was edited by then was part of the preview.
        assert switch_plan(ada, "plan-pro", agreed=Agreed(HALF), **given) is not None

    def test_allow_one_change_at_a_time(self, ada: Account, gateway) -> None:
        first = begin_switch(ada, "plan-pro", gateway=gateway)
        again = begin_switch(ada, "plan-pro", gateway=gateway, now=NOW + MINUTE)
        assert again == first
        with pytest.raises(ChangeInProgress):
            begin_switch(ada, "plan-basic", gateway=gateway)
        assert len(payments_of(ada)) == 1

    def test_threads_open_one_page(self, app: Flask, ada: Account, gateway) -> None:
        def switch() -> str:
            return begin_switch(ada, "plan-pro", gateway=gateway).payment_id

        assert len(set(in_parallel(app, [switch] * 4))) == 1
        assert (len(gateway.pages), change_status()) == (1, ["open"])


class TestWhenThePageCloses:
    def test_everything_it_held_comes_back(self, ada: Account, gateway) -> None:
        make_coupon()
        redeem("SAVE20", ada)
        checkout = begin_switch(ada, "plan-pro", gateway=gateway)
        (draft,) = invoices_of(ada)
        assert (draft.discount_minor, usage_of(ada, "SAVE20").used_up_at) == (2_000, NOW)
        close(checkout, gateway=gateway, now=NOW + 33 * MINUTE)
        assert invoice_row(draft.public_id).status == "void"
        usage = usage_of(ada, "SAVE20")
        assert (usage.used_up_at, usage.discount_minor) == (None, 0)
        assert change_status() == ["lapsed"]
        assert running(ada)[0] == "plan-payg"

    @pytest.mark.parametrize(("minutes", "is_open"), [(30, True), (34, True), (35, False)])
    def test_another_plan_may_be_chosen_then(self, ada: Account, gateway, minutes, is_open) -> None:
        begin_switch(ada, "plan-pro", gateway=gateway)
        now = NOW + minutes * MINUTE
        if is_open:
            with pytest.raises(ChangeInProgress):
                begin_switch(ada, "plan-basic", gateway=gateway, now=now)
        else:
            # The provider is asked first: it may have been paid just before.
            gateway.end("cs_1", OutcomeStatus.EXPIRED)
            buy_plan(ada, "plan-basic", gateway=gateway, now=now)
            assert change_status() == ["lapsed", "applied"]

    def test_page_after_page_holds_no_amounts(self, ada: Account, gateway) -> None:
        begin_switch(ada, "plan-pro", gateway=gateway)
        shop, agreed = make_shop(gateway), consent_to(VERSION, now=NOW)
        # Whoever changes his mind about the card gets another page for the same amounts.
        late = NOW + 34 * MINUTE
        other = switch_plan(ada, "plan-pro", shop=shop, now=late, consent=agreed)
        assert len(invoices_of(ada)) == 1
        later = NOW + 50 * MINUTE
        assert switch_plan(ada, "plan-pro", shop=shop, now=later, consent=agreed) == other
        with pytest.raises(InvoiceNotPayable, match="do not hold any longer"):
            begin_switch(ada, "plan-pro", gateway=gateway, now=later)
        close(other, gateway=gateway, now=NOW + 70 * MINUTE)
        buy_plan(ada, "plan-pro", gateway=gateway, now=NOW + 71 * MINUTE)
        assert [invoice.status for invoice in invoices_of(ada)] == ["void", "paid"]

    def test_a_refused_page_gives_everything_back_at_once(self, ada: Account, gateway) -> None:
        gateway.refuses_with = "amount_too_large"
        with pytest.raises(ProviderRefused):
            begin_switch(ada, "plan-pro", gateway=gateway)
        assert (change_status(), invoices_of(ada)[0].status) == (["lapsed"], "void")

    def test_a_lost_answer_keeps_everything(self, ada: Account, gateway) -> None:
        gateway.loses_answers = True
        with pytest.raises(ProviderUnreachable):
            begin_switch(ada, "plan-pro", gateway=gateway)
        assert change_status() == ["open"]
        gateway.loses_answers = False
        checkout = begin_switch(ada, "plan-pro", gateway=gateway)
        assert len(gateway.pages) == 1
        pay(checkout, gateway=gateway)
        assert running(ada)[0] == "plan-pro"


class TestMoneyThatComesLate:
    def test_switches_nothing_once_the_period_has_ended(self, ada: Account, gateway) -> None:
        buy_plan(ada, "plan-basic", gateway=gateway)
        end = current_period(ada.id).ends_at
        checkout = begin_switch(ada, "plan-enterprise", gateway=gateway, now=end - 30 * MINUTE)
        pay(checkout, gateway=gateway, now=end)
        assert running(ada)[0] == "plan-basic"
        late = payment_row(checkout.payment_id)
        assert (late.status, late.is_overpayment) == ("settled", True)
        assert len(promises(REFUND_PAYMENT)) == 1
        assert change_status()[-1] == "refunded"
        assert invoices_of(ada)[-1].status == "void"
        assert mails_of(ada).count("plan_changed") == 1

    def test_switches_just_before_the_period_ends(self, ada: Account, gateway) -> None:
        buy_plan(ada, "plan-basic", gateway=gateway)
        end = current_period(ada.id).ends_at
        checkout = begin_switch(ada, "plan-enterprise", gateway=gateway, now=end - 30 * MINUTE)
        pay(checkout, gateway=gateway, now=end - timedelta(microseconds=1))
        assert running(ada)[0] == "plan-enterprise"

    def test_is_sent_back_for_a_change_that_lapsed(self, ada: Account, gateway) -> None:
        checkout = begin_switch(ada, "plan-pro", gateway=gateway)
        close(checkout, gateway=gateway, now=NOW + 33 * MINUTE)
        gateway.pay("cs_1")
        tell(gateway.outcome_of_session("cs_1"), now=NOW + 40 * MINUTE)
        assert payment_row(checkout.payment_id).is_overpayment
        assert running(ada)[0] == "plan-payg"
        assert len(promises(REFUND_PAYMENT)) == 1
        assert change_status() == ["refunded"]

    def test_has_one_effect_however_often_it_is_told(self, app, ada: Account, gateway) -> None:
        begin_switch(ada, "plan-pro", gateway=gateway)
        gateway.pay("cs_1")
        outcome = gateway.outcome_of_session("cs_1")
        in_parallel(app, [lambda: tell(outcome, now=NOW)] * 4)
        tell(outcome, now=NOW + DAY)
        assert running(ada)[0] == "plan-pro"
        assert mails_of(ada) == ["plan_changed", "invoice_paid"]
        assert promises(REFUND_PAYMENT) == []

    def test_a_failed_page_is_over(self, ada: Account, gateway) -> None:
        begin_switch(ada, "plan-pro", gateway=gateway)
        gateway.end("cs_1", OutcomeStatus.FAILED, decline_code="card_declined")
        tell(gateway.outcome_of_session("cs_1"))
        assert change_status() == ["lapsed"]

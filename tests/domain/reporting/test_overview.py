"""The first page's figures, read from both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.accounts.models import BillingSettings
from app.domain.catalog.models import ModelPrice
from app.domain.reporting.covering import Covered
from app.domain.reporting.entitlements import CreditLimits
from app.domain.reporting.overview import FirstSteps, Overview, overview
from app.domain.reporting.rules import Concern, Forecast
from app.domain.subscriptions.models import Subscription
from app.domain.usage.views import Sums
from app.foundation.database import session
from app.foundation.secret_keys import KeyKind
from tests.factories.accounts import make_account, make_key
from tests.factories.catalog import make_price
from tests.factories.payments import make_plan_invoice
from tests.factories.purchases import make_card
from tests.factories.subscriptions import current_period
from tests.factories.usage import GRACE, make_report, make_usage, record
from tests.moments import NOW
from tests.statements import statements

ONE_REQUEST = 22_200_000
STATEMENTS_MAX = 8
LIMITS = CreditLimits(new_minor=500, settled_minor=10_000)


def look(account, *, now: datetime = NOW) -> Overview:
    session.commit()
    return overview(account, now=now, grace=GRACE, limits=LIMITS, seller_country="")


def use_days_ago(days: int, *, user_id: str = "ada", **changes: object) -> None:
    make_usage(user_id, occurred_at=NOW - timedelta(days=days), **changes)


class TestOverview:
    def test_sums_up_the_month_by_occurrence(self, ada, noise) -> None:
        use_days_ago(1)
        use_days_ago(25)
        make_usage("noise-payg")
        found = look(ada)
        assert str(found.month) == "2026-11"
        assert found.month_sums.final_nanos == ONE_REQUEST
        assert found.month_sums.requests == 1

    def test_compares_thirty_days_with_the_thirty_before(self, ada) -> None:
        for days in (0, 29, 30, 59, 60):
            use_days_ago(days)
        found = look(ada)
        assert found.recent.totals.requests == 2
        assert found.before.requests == 2
        assert {bucket.starts_at.date().isoformat() for bucket in found.recent.buckets} == {
            "2026-11-22",
            "2026-10-24",
        }

    def test_cuts_days_in_the_accounts_zone(self, app) -> None:
        kiri = make_account("kiri", timezone="Pacific/Kiritimati")
        # Already the 23rd there; thirty days ago it was the 24th of October.
        make_usage("kiri", occurred_at=datetime(2026, 10, 24, 9, 59, tzinfo=UTC))
        assert look(kiri).recent.totals.requests == 0
        make_usage("kiri", occurred_at=datetime(2026, 10, 24, 10, 0, tzinfo=UTC))
        assert look(kiri).recent.totals.requests == 1

    def test_ranks_models_and_keys_by_cost(self, ada) -> None:
        make_price("cheap", prompt_pico=1_000, completion_pico=1_000)
        make_price("dear", prompt_pico=9_000_000, completion_pico=9_000_000)
        record(
            [
                make_report(model="cheap", api_key_alias="prod", prompt_tokens=90_000),
                make_report(model="dear", api_key_alias=None),
                make_report(model="dear", api_key_alias="prod"),
            ]
        )
        found = look(ada)
        assert [each.group for each in found.top_models] == ["dear", "cheap"]
        assert [each.group for each in found.top_keys] == ["prod", ""]

    def test_looks_ahead_after_three_days(self, ada) -> None:
        for days in (1, 2):
            use_days_ago(days)
        assert look(ada).month_cost is None
        use_days_ago(3)
        found = look(ada)
        # Eight and a half days are left, at one request a day.
        assert found.month_cost.expected == 3 * ONE_REQUEST + ONE_REQUEST * 17 // 2
        assert found.month_cost.low == found.month_cost.high == found.month_cost.expected

    def test_today_does_not_count_for_the_pace(self, ada) -> None:
        for days in (1, 2, 3):
            use_days_ago(days)
        before = look(ada).month_cost
        use_days_ago(0)
        assert look(ada).month_cost.expected == before.expected + ONE_REQUEST

    def test_takes_off_what_extra_tokens_cover(self, ada) -> None:
        for days in (1, 2, 3):
            use_days_ago(days)
        before = look(ada).month_cost
        assert look(ada).month_ahead.covered == Covered()
        # Bought since: the first two requests to come are covered by them.
        ada.extra_tokens = 2 * 620
        found = look(ada)
        assert found.month_ahead.covered == Covered(2 * 620, 2 * ONE_REQUEST)
        assert found.month_cost.expected == before.expected - 2 * ONE_REQUEST
        # But not if it is a model that draws none.
        session.query(ModelPrice).filter_by(model_id="gpt-4").update({"included_in_plans": False})
        found = look(ada)
        assert (found.month_cost, found.month_ahead.covered) == (before, Covered())

    def test_draws_the_quota_that_is_left_first(self, app) -> None:
        cleo = make_account("cleo", plan_id="plan-pro")
        for days in (1, 2, 3):
            use_days_ago(days, user_id="cleo")
        # An upgrade in mid-period: plenty is left, whatever the pace.
        assert look(cleo).month_cost == Forecast(0, 0, 0)
        period = current_period("cleo")
        period.quota_tokens_used = period.quota
        period.tokens_used = period.quota
        used_up = look(cleo).month_cost.expected
        # Pro's discount of overage is taken off what is to come.
        bp = 10_000 - period.overage_discount_bp
        assert used_up == ONE_REQUEST * 17 // 2 * bp // 10_000
        # Three days before the month ends, the quota is renewed.
        period.ends_at = look(cleo).month.period.ends_at - timedelta(days=3)
        renewing = look(cleo).month_cost.expected
        assert renewing == ONE_REQUEST * 11 // 2 * bp // 10_000
        # But not if it is cancelled: then there is neither quota nor discount.
        session.query(Subscription).filter_by(user_id="cleo").update({"auto_renew": False})
        assert look(cleo).month_cost.expected == renewing + 3 * ONE_REQUEST
        changes = {"auto_renew": True, "pending_plan_id": "plan-basic"}
        session.query(Subscription).filter_by(user_id="cleo").update(changes)
        assert look(cleo).month_cost.expected == renewing

    def test_models_outside_the_plans_draw_no_quota(self, app) -> None:
        cleo = make_account("cleo", plan_id="plan-pro")
        for days in (1, 2, 3):
            use_days_ago(days, user_id="cleo")
        session.query(ModelPrice).filter_by(model_id="gpt-4").update({"included_in_plans": False})
        bp = 10_000 - current_period("cleo").overage_discount_bp
        assert look(cleo).month_cost.expected == ONE_REQUEST * 17 // 2 * bp // 10_000

    def test_tells_when_the_quota_ends(self, app) -> None:
        basic = make_account("basic", plan_id="plan-basic")
        for days in (1, 2, 3):
            use_days_ago(days, user_id="basic", prompt_tokens=20_000, completion_tokens=0)
        found = look(basic)
        # 40,000 are left at 20,000 a day; the period runs for 20 days yet.
        assert found.period.tokens_remaining == 40_000
        assert found.quota_runs_out_at == NOW + timedelta(days=2)
        assert found.token_balance == 40_000
        assert found.plan_name == "Basic"

    def test_names_concerns_by_the_customers_own_threshold(self, app) -> None:
        basic = make_account("basic", plan_id="plan-basic")
        chosen = session.query(BillingSettings).filter_by(user_id="basic").one()
        chosen.alert_threshold = 100_000
        assert look(basic).concerns == (Concern.TOKENS_LOW,)

    def test_names_a_suspension_and_missing_prices(self, ada) -> None:
        ada.suspended_at, ada.suspended_because = NOW, "operator"
        session.commit()
        use_days_ago(0, model="nobody-knows")
        assert look(ada).concerns == (Concern.SUSPENDED, Concern.UNPRICED)

    @pytest.mark.parametrize(
        ("plan_id", "changes", "has_card", "is_told"),
        [
            ("plan-basic", {"auto_topup_threshold": 10}, False, True),
            ("plan-basic", {"auto_topup_threshold": 10}, True, False),
            ("plan-basic", {"auto_topup_threshold": 0}, False, False),
            ("plan-basic", {"auto_topup_threshold": 10, "auto_topup": False}, False, False),
            ("plan-payg", {"auto_topup_threshold": 10}, False, False),
        ],
    )
    def test_names_auto_top_up_without_a_card(
        self, app, plan_id, changes, has_card, is_told
    ) -> None:
        account = make_account("cleo", plan_id=plan_id)
        session.query(BillingSettings).filter_by(user_id="cleo").update(changes)
        if has_card:
            make_card(account, now=NOW)
        # A stranger's card is none of hers.
        make_card(make_account("dora", plan_id=plan_id), now=NOW)
        assert (Concern.TOP_UP_WITHOUT_CARD in look(account).concerns) is is_told

    def test_adds_the_plan_to_what_the_month_comes_to(self, app) -> None:
        basic = make_account("basic", plan_id="plan-basic")
        assert look(basic).month_in_all == Forecast(*[9_990_000_000] * 3)
        for days in (1, 2, 3):
            use_days_ago(days, user_id="basic", prompt_tokens=100_000, completion_tokens=0)
        found = look(basic)
        assert found.month_in_all.low == found.month_cost.low + 9_990_000_000
        assert found.month_in_all.high == found.month_cost.high + 9_990_000_000

    @pytest.mark.parametrize(
        ("invoices", "paid_minor"),
        [
            ([], None),
            ([(9_999, 0, False)], None),
            # Begun in mid-month: a period of the plan, whole.
            ([(9_999, 0, True)], 9_999),
            # An upgrade in mid-period is paid by what is left of it.
            ([(9_999, 0, True), (42_000, 0, True)], 51_999),
            ([(9_999, 0, True), (42_000, 0, False)], 9_999),
            ([(9_999, 2_000, True)], 7_999),
            ([(9_999, 9_999, True)], 0),
        ],
    )
    def test_counts_what_was_paid_for_the_period(self, app, invoices, paid_minor) -> None:
        pro = make_account("pro", plan_id="plan-pro")
        for minor, discount_minor, is_paid in invoices:
            invoice = make_plan_invoice("pro", minor=minor)
            invoice.discount_minor, invoice.final_minor = discount_minor, minor - discount_minor
            if is_paid:
                invoice.status, invoice.paid_at = "paid", NOW
            session.commit()
        found = look(pro)
        assert found.paid_for_period_minor == paid_minor
        counted = found.period.terms.price_minor if paid_minor is None else paid_minor
        assert found.month_in_all == Forecast(*[counted * 10_000_000] * 3)

    def test_counts_nothing_for_paying_as_you_go(self, ada) -> None:
        found = look(ada)
        assert found.paid_for_period_minor is None
        assert found.month_in_all == Forecast(0, 0, 0)

    def test_rolls_an_ended_period_over_in_thought(self, app) -> None:
        pro = make_account("pro", plan_id="plan-pro")
        ended = current_period("pro").ends_at
        found = look(pro, now=ended + timedelta(hours=1))
        assert found.period.starts_at == ended
        assert Concern.RENEWAL_UNPAID in found.concerns


class TestFirstSteps:
    NOTHING = FirstSteps(is_connected=False, has_plan=False, has_alert=False)

    def test_tell_of_a_key_until_something_is_used(self, ada) -> None:
        assert look(ada).first_steps == self.NOTHING and not look(ada).has_used
        make_key(KeyKind.CUSTOMER, user_id="ada", revoked_at=NOW)
        assert look(ada).first_steps == self.NOTHING
        make_key(KeyKind.CUSTOMER, user_id="ada")
        assert look(ada).first_steps == replace(self.NOTHING, has_key=True)
        use_days_ago(0)
        assert look(ada).first_steps == replace(self.NOTHING, is_connected=True)

    @pytest.mark.parametrize("alert", [{"alert_threshold": 1}, {"alert_spend_minor": 0}])
    def test_stand_until_all_of_them_are_done(self, app, alert) -> None:
        basic = make_account("basic", plan_id="plan-basic")
        assert look(basic).first_steps == replace(self.NOTHING, has_plan=True)
        session.query(BillingSettings).filter_by(user_id="basic").update(alert)
        steps = look(basic).first_steps
        assert steps == replace(self.NOTHING, has_plan=True, has_alert=True) and steps.done == 2
        use_days_ago(0, user_id="basic")
        assert look(basic).first_steps is None

    def test_do_not_begin_anew_after_a_long_pause(self, ada) -> None:
        use_days_ago(80)
        found = look(ada)
        assert found.first_steps.is_connected and found.has_used
        assert found.recent.totals == Sums()
        assert found.top_models == found.top_keys == ()


def test_takes_a_handful_of_statements_however_much_was_used(ada) -> None:
    record(
        [
            make_report(
                api_key_alias=f"key-{number % 7}", occurred_at=NOW - timedelta(hours=number)
            )
            for number in range(300)
        ]
    )
    session.commit()
    with statements() as sent:
        overview(ada, now=NOW, grace=GRACE, limits=LIMITS, seller_country="")
    assert len(sent) <= STATEMENTS_MAX, sent

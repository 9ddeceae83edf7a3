"""Where thresholds lie, on both databases: the same figures that mails are sent by."""

from datetime import timedelta

from app.domain.accounts.models import BillingSettings
from app.domain.accounts.queries import settings_of
from app.domain.reporting import queries
from app.domain.reporting.entitlements import CreditLimits
from app.domain.reporting.overview import overview
from app.domain.reporting.watching import Watch, watch
from app.foundation.database import session
from tests.factories.accounts import make_account
from tests.factories.subscriptions import current_period
from tests.factories.usage import GRACE, make_usage
from tests.moments import NOW
from tests.statements import statements

LIMITS = CreditLimits(new_minor=500, settled_minor=10_000)


def look(account, *, now=NOW) -> Watch:
    session.commit()
    return watch(account, settings_of(account), now=now, grace=GRACE)


class TestWatch:
    def test_agrees_with_warning_and_overview(self, app, noise) -> None:
        cleo = make_account("cleo", plan_id="plan-basic", timezone="Asia/Kathmandu")
        chosen = session.query(BillingSettings).filter_by(user_id="cleo").one()
        chosen.alert_threshold, chosen.alert_spend_minor = 40_000, 1
        session.commit()
        for days in (1, 2, 3):
            make_usage(
                "cleo",
                prompt_tokens=20_000,
                completion_tokens=0,
                occurred_at=NOW - timedelta(days=days),
            )
        found = look(cleo)
        assert [(gauge.kind, gauge.threshold, gauge.is_crossed) for gauge in found.gauges] == [
            ("tokens_left", 40_000, True),
            ("quota_percent", 50, True),
            ("quota_percent", 80, False),
            ("quota_percent", 100, False),
            ("spend", 1, False),
            ("forecast", 0, True),
        ]
        quota = queries.quota_watch(cleo, now=NOW, grace=GRACE)
        assert quota.is_low and quota.token_balance == found.figures.token_balance == 40_000
        page = overview(cleo, now=NOW, grace=GRACE, limits=LIMITS, seller_country="")
        assert page.quota_runs_out_at == found.figures.runs_out_at is not None

    def test_rolls_over_in_thought(self, app) -> None:
        cleo = make_account("cleo", plan_id="plan-basic")
        make_usage("cleo", prompt_tokens=60_000)
        ended = current_period("cleo").ends_at
        found = look(cleo, now=ended + timedelta(hours=1))
        assert found.figures.quota_tokens_used == 0
        assert not any(gauge.is_crossed for gauge in found.gauges)

    def test_tokens_and_spend_have_grown_to_what_they_are(self, app, noise) -> None:
        cleo = make_account("cleo", plan_id="plan-basic")
        for days in (3, 2, 1, 0):
            make_usage(
                "cleo",
                prompt_tokens=30_000,
                completion_tokens=0,
                occurred_at=NOW - timedelta(days=days),
            )
        found = look(cleo)
        assert found.tokens.grown[-4:] == (30_000, 60_000, 90_000, 100_000)
        assert found.tokens.now == found.figures.quota_tokens_used
        # There is no more to draw, whatever the pace.
        assert set(found.tokens.ahead) == {100_000}
        assert found.spend.now == found.figures.spent_nanos > 0

    def test_spend_goes_where_the_overview_says(self, app, noise) -> None:
        # A zone that is a day ahead at times: the month ends within one of its days.
        cleo = make_account("cleo", plan_id="plan-basic", timezone="Asia/Kathmandu")
        for days in (1, 2, 3):
            make_usage("cleo", prompt_tokens=20_000, occurred_at=NOW - timedelta(days=days))
        found = look(cleo)
        page = overview(cleo, now=NOW, grace=GRACE, limits=LIMITS, seller_country="")
        # The quota covers the first days, so that the line begins flat.
        assert found.spend.ahead[0] == found.spend.ahead[1] == found.spend.now
        assert found.spend.end == page.month_cost.expected > found.spend.now
        cleo.extra_tokens = 10**9
        assert look(cleo).spend.end == found.spend.now

    def test_who_owns_no_tokens_draws_none(self, ada) -> None:
        assert look(ada).tokens is None

    def test_takes_four_statements(self, ada) -> None:
        make_usage("ada")
        session.refresh(ada)
        chosen = settings_of(ada)
        with statements() as sent:
            watch(ada, chosen, now=NOW, grace=GRACE)
        assert len(sent) <= 4, sent


def test_debts_are_read_in_two_statements(ada) -> None:
    make_usage("ada")
    session.refresh(ada)
    with statements() as sent:
        queries.debts(ada, now=NOW)
    assert len(sent) == 2, sent

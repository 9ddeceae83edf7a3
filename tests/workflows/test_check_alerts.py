"""Each threshold is told once per period or month, in one mail, however often it is looked at."""

from datetime import timedelta

import pytest
from flask import Flask

from app.domain.accounts.models import Account, BillingSettings
from app.domain.accounts.operations import lock_in_use
from app.domain.accounts.queries import settings_of
from app.domain.alerts import queries
from app.domain.alerts.models import Alert
from app.domain.catalog.models import Plan
from app.domain.mails.models import Mail
from app.domain.reporting.watching import watch
from app.domain.subscriptions import queries as subscriptions
from app.domain.subscriptions.operations import begin_plan
from app.foundation.database import end_reading, session, transaction
from app.workflows.check_alerts import check_alerts
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.subscriptions import current_period
from tests.factories.tokens import make_extra_tokens
from tests.factories.usage import GRACE, make_report, make_usage, record
from tests.moments import NOW
from tests.statements import statements
from tests.threads import in_parallel


@pytest.fixture
def cleo(app: Flask) -> Account:
    """A customer with a quota of 100,000 tokens."""
    return make_account("cleo", plan_id="plan-basic")


def choose(user_id: str, **choices: object) -> None:
    settings = session.query(BillingSettings).filter_by(user_id=user_id).one()
    for name, value in choices.items():
        setattr(settings, name, value)
    session.commit()


def use(tokens: int, *, user_id: str = "cleo", now=NOW, **changes: object) -> None:
    make_usage(user_id, now=now, prompt_tokens=tokens, completion_tokens=0, **changes)


def due(*, now=NOW) -> list[str]:
    found = list(queries.user_ids_to_tell(now=now, after="", limit=100))
    end_reading()
    return found


def check(*, now=NOW) -> list[str]:
    """Check whom the schedule would check, and return what is told, as `cleo quota_percent 50`."""
    before = {alert.id for alert in session.query(Alert)}
    user_ids = due(now=now)
    with transaction():
        check_alerts(user_ids, now=now, grace=GRACE)
    assert due(now=now) == [], "what was told is not due again"
    fresh = session.query(Alert).order_by(Alert.id)
    return [
        f"{alert.user_id} {alert.kind} {alert.threshold}"
        for alert in fresh
        if alert.id not in before
    ]


def mails() -> list[Mail]:
    return session.query(Mail).order_by(Mail.id).all()


class TestPercentOfQuota:
    def test_is_told_at_each_percentage_once(self, cleo, noise) -> None:
        use(49_999)
        assert check() == []
        use(1)
        assert check() == ["cleo quota_percent 50"]
        assert check() == []
        use(30_000)
        assert check() == ["cleo quota_percent 80"]
        check_ids = {mail.source for mail in mails()}
        assert len(check_ids) == 2

    def test_several_at_once_are_one_mail(self, cleo) -> None:
        choose("cleo", alert_threshold=100)
        use(100_000)
        assert check() == [
            "cleo tokens_left 100",
            "cleo quota_percent 50",
            "cleo quota_percent 80",
            "cleo quota_percent 100",
        ]
        (mail,) = mails()
        assert mail.kind == "alerts_crossed" and mail.address == "cleo@example.com"
        assert mail.facts == {
            "alerts": [
                {"kind": "tokens_left", "threshold": 100, "value": 0},
                {"kind": "quota_percent", "threshold": 50, "value": 100},
                {"kind": "quota_percent", "threshold": 80, "value": 100},
                {"kind": "quota_percent", "threshold": 100, "value": 100},
            ],
            "token_balance": 0,
            "quota": 100_000,
            "period_ends_at": "2026-12-12T12:00:00Z",
            "month_cost_minor": 0,
        }

    def test_a_new_period_tells_again(self, cleo) -> None:
        use(50_000)
        assert check() == ["cleo quota_percent 50"]
        later = current_period("cleo").ends_at + timedelta(hours=1)
        use(60_000, now=later)
        # Until its renewal is paid, only the days of grace can be used of the new quota.
        told = check(now=later)
        assert "cleo quota_percent 50" in told
        check_books()

    def test_none_are_told_who_has_no_quota(self, ada) -> None:
        use(90_000, user_id="ada")
        assert check() == []


class TestTokensLeft:
    def test_are_told_at_the_threshold(self, cleo) -> None:
        choose("cleo", alert_threshold=60_000, alert_percents=[])
        use(39_999)
        assert check() == []
        use(1)
        assert check() == ["cleo tokens_left 60000"]

    def test_extra_tokens_count_and_do_not_arm_again(self, cleo) -> None:
        choose("cleo", alert_threshold=60_000, alert_percents=[])
        make_extra_tokens("cleo", bought=30_000)
        use(60_000)
        assert check() == []
        use(10_000)
        assert check() == ["cleo tokens_left 60000"]
        make_extra_tokens("cleo", bought=500_000)
        assert check() == []
        use(500_000)
        assert check() == []

    def test_a_threshold_set_below_what_is_left_already_is_told_once(self, cleo) -> None:
        choose("cleo", alert_percents=[])
        use(10_000)
        assert check() == []
        choose("cleo", alert_threshold=95_000)
        assert check() == ["cleo tokens_left 95000"]
        choose("cleo", alert_threshold=96_000)
        assert check() == ["cleo tokens_left 96000"]
        choose("cleo", alert_threshold=95_000)
        assert check() == []

    def test_never_without_any_tokens(self, ada) -> None:
        choose("ada", alert_threshold=1_000)
        use(5_000, user_id="ada")
        assert check() == []
        make_extra_tokens("ada", bought=900)
        assert check() == ["ada tokens_left 1000"]

    def test_zero_is_off(self, cleo) -> None:
        choose("cleo", alert_percents=[], alert_threshold=0)
        use(100_000)
        assert check() == []

    def test_a_period_that_ended_unseen_is_rolled_over_first(self, cleo) -> None:
        choose("cleo", alert_threshold=24_000, alert_percents=[])
        later = current_period("cleo").ends_at + timedelta(hours=1)
        # A quota of the days of grace alone, and nothing used of it.
        assert check(now=later) == ["cleo tokens_left 24000"]
        assert current_period("cleo").starts_at < later < current_period("cleo").ends_at
        view = subscriptions.current_period("cleo", now=later, grace=GRACE)
        assert session.query(Alert).one().value == view.tokens_remaining == 22_580


class TestSpend:
    def test_is_told_once_a_month_by_billing_month(self, ada) -> None:
        choose("ada", alert_spend_minor=4)
        make_usage("ada")
        assert check() == []
        make_usage("ada")
        assert check() == ["ada spend 4"]
        assert session.query(Alert).one().span == "month:2026-11"
        make_usage("ada")
        assert check() == []
        december = NOW + timedelta(days=10)
        for _ in range(2):
            make_usage("ada", now=december)
        assert check(now=december) == ["ada spend 4"]
        assert [mail.facts["month_cost_minor"] for mail in mails()] == [4, 4]

    def test_of_zero_is_told_with_the_first_cost(self, ada) -> None:
        choose("ada", alert_spend_minor=0)
        assert check() == []
        make_usage("ada")
        assert check() == ["ada spend 0"]

    def test_of_nothing_is_off(self, ada) -> None:
        make_usage("ada", prompt_tokens=1_000_000)
        assert check() == []


class TestForecast:
    def foresee(self, *, now=NOW) -> list[str]:
        user_ids = list(queries.user_ids_to_forecast(now=now, after="", limit=100))
        end_reading()
        with transaction():
            check_alerts(user_ids, now=now, grace=GRACE)
        return user_ids

    def test_is_told_once_a_period(self, cleo, ada) -> None:
        choose("cleo", alert_percents=[])
        for days in (1, 2, 3):
            use(20_000, occurred_at=NOW - timedelta(days=days))
        assert self.foresee() == ["cleo"]
        (alert,) = session.query(Alert)
        assert (alert.kind, alert.threshold) == ("forecast", 0)
        (mail,) = mails()
        # 40,000 are left at 20,000 a day.
        assert mail.facts["alerts"][0]["value"] == "2026-11-24T12:00:00Z"
        assert self.foresee() == []

    def test_is_not_told_while_the_quota_lasts(self, cleo) -> None:
        for days in (1, 2, 3):
            use(100, occurred_at=NOW - timedelta(days=days))
        assert self.foresee() == ["cleo"]
        assert session.query(Alert).count() == 0

    def test_is_told_as_soon_as_the_page_shows_it_crossed(self, ada) -> None:
        for days in (1, 2, 3):
            use(10_000, user_id="ada", occurred_at=NOW - timedelta(days=days))
        with transaction():
            begin_plan(lock_in_use("ada"), session.get_one(Plan, "plan-basic"), now=NOW)
        later = NOW + timedelta(minutes=1)
        # A quota that begins now is untouched, whatever was used before it.
        assert self.shown(now=later) == [] and self.foresee(now=later) == []
        use(1, user_id="ada", now=later)
        assert self.shown(now=later) == ["forecast"] and self.foresee(now=later) == ["ada"]
        assert [alert.kind for alert in session.query(Alert)] == ["forecast"]

    def shown(self, *, now) -> list[str]:
        """Return what the page shows as crossed."""
        account = session.get_one(Account, "ada")
        found = watch(account, settings_of(account), now=now, grace=GRACE)
        end_reading()
        return [gauge.kind for gauge in found.gauges if gauge.is_crossed]

    def test_can_be_switched_off(self, cleo) -> None:
        choose("cleo", alert_forecast=False)
        for days in (1, 2, 3):
            use(20_000, occurred_at=NOW - timedelta(days=days))
        assert self.foresee() == []

    def test_comes_with_whatever_else_is_told(self, cleo) -> None:
        for days in (1, 2, 3):
            use(20_000, occurred_at=NOW - timedelta(days=days))
        assert check() == ["cleo quota_percent 50", "cleo forecast 0"]
        assert len(mails()) == 1


class TestMails:
    def test_are_muted_and_the_history_goes_on(self, cleo) -> None:
        choose("cleo", enable_alerts=False)
        use(50_000)
        assert check() == ["cleo quota_percent 50"]
        assert mails() == []
        assert [alert.mailed_at for alert in queries.history(cleo, page=1, page_size=9).alerts] == [
            None
        ]
        choose("cleo", enable_alerts=True)
        assert check() == []

    def test_go_to_the_billing_address(self, cleo) -> None:
        choose("cleo", billing_email="billing@example.com")
        use(50_000)
        check()
        assert mails()[0].address == "billing@example.com"


class TestCost:
    def test_idle_accounts_cost_one_statement(self, cleo, noise) -> None:
        use(10)
        session.commit()
        with statements() as sent:
            assert due() == []
        assert len(sent) == 1

    def test_a_part_of_the_accounts_costs_what_one_does(self, app) -> None:
        for number in range(6):
            make_account(f"muted-{number}", plan_id="plan-basic")
            choose(f"muted-{number}", enable_alerts=False)
        record(
            [
                make_report(f"muted-{number}", prompt_tokens=60_000, completion_tokens=0)
                for number in range(6)
            ]
        )
        counted = []
        for part in (["muted-0"], [f"muted-{number}" for number in range(1, 6)]):
            session.commit()
            with statements() as sent, transaction():
                assert check_alerts(part, now=NOW, grace=GRACE) == len(part)
            counted.append(len(sent))
        assert counted[0] == counted[1] <= 8


def test_two_workers_tell_it_once(app: Flask, cleo: Account) -> None:
    use(90_000)

    def work() -> None:
        found = due()
        with transaction():
            check_alerts(found or ["cleo"], now=NOW, grace=GRACE)

    in_parallel(app, [work] * 4)
    assert session.query(Alert).count() == 2
    assert len(mails()) == 1


def test_of_nobody_is_nothing(app: Flask) -> None:
    with transaction():
        assert check_alerts([], now=NOW, grace=GRACE) == 0

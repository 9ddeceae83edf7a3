"""The schedule finds whom to tell by itself, a part of the accounts at a time."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from app.domain.accounts.models import BillingSettings
from app.domain.alerts.models import Alert
from app.domain.mails.models import Mail
from app.entrypoints.jobs import alerting
from app.entrypoints.jobs.schedule import SCHEDULE
from app.foundation.database import session
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.usage import make_report, record
from tests.statements import statements
from tests.threads import in_parallel


@pytest.fixture(autouse=True)
def books(app: Flask) -> Iterator[None]:
    """After each test, every figure that is kept twice is the same twice."""
    yield
    check_books()


@pytest.fixture
def crowd(app, now) -> list[str]:
    """Five customers with a plan, of whom every one has used 60,000 of 100,000 tokens."""
    names = [f"customer-{number}" for number in range(5)]
    for name in names:
        make_account(name, now=now, plan_id="plan-basic")
    reports = [
        make_report(
            name, prompt_tokens=20_000, completion_tokens=0, occurred_at=now - timedelta(days=days)
        )
        for name in names
        for days in (1, 2, 3)
    ]
    record(reports, now=now)
    return names


def told() -> list[tuple[str, str, int]]:
    session.rollback()
    alerts = session.query(Alert).order_by(Alert.user_id, Alert.kind)
    return [(alert.user_id, alert.kind, alert.threshold) for alert in alerts]


class TestTellWhatWasCrossed:
    def test_goes_on_until_everybody_was_told(self, crowd, monkeypatch) -> None:
        monkeypatch.setattr(alerting, "ACCOUNTS_AT_ONCE", 2)
        alerting.tell_what_was_crossed()
        expected = [(name, kind, threshold) for name in crowd
                    for kind, threshold in (("forecast", 0), ("quota_percent", 50))]  # fmt: skip
        assert told() == expected
        assert session.query(Mail).count() == 5
        alerting.tell_what_was_crossed()
        assert told() == expected

    def test_costs_one_statement_while_nothing_was_crossed(self, crowd) -> None:
        alerting.tell_what_was_crossed()
        session.commit()
        with statements() as sent:
            alerting.tell_what_was_crossed()
        assert len(sent) == 1, sent

    def test_may_run_twice_at_once(self, app, crowd) -> None:
        in_parallel(app, [alerting.tell_what_was_crossed] * 3)
        assert len(told()) == 10
        assert session.query(Mail).count() == 5


class TestTellWhatIsForeseen:
    def test_tells_those_whose_quota_will_not_last(self, crowd) -> None:
        session.query(BillingSettings).update({"alert_percents": []})
        session.commit()
        alerting.tell_what_was_crossed()
        assert told() == []
        alerting.tell_what_is_foreseen()
        assert told() == [(name, "forecast", 0) for name in crowd]
        alerting.tell_what_is_foreseen()
        assert len(told()) == 5


def test_is_done_every_half_minute() -> None:
    every = {scheduled.name: scheduled for scheduled in SCHEDULE}
    assert every["alerts"].every_seconds == 30
    assert every["alerts"].work is alerting.tell_what_was_crossed
    assert every["forecasts"].work is alerting.tell_what_is_foreseen
    assert every["forecasts"].every_seconds == 1800, "the page says: within half an hour"

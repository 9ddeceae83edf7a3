"""What is old goes by itself; what is young, or still needed, stays."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from app.config.retention import Retention
from app.domain.accounts.access_models import SignInSession
from app.domain.mails.models import Mail
from app.domain.payments.models import ProviderEvent
from app.domain.usage.models import BillingRecord, MonthClose
from app.entrypoints.jobs.retaining import days_ago, forget_what_is_old, months_ago
from app.foundation import clock, journal, outbox
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from app.foundation.outbox import OutboxEntry
from app.workflows.verify_books import verify_books
from tests.factories.accounts import make_account
from tests.factories.mails import make_mail
from tests.factories.usage import make_usage

MOMENT = datetime(2026, 11, 22, 12, tzinfo=UTC)
FOR_EVER = Retention(0, 0, 0, 0, 0)


@pytest.fixture
def lived(app: Flask):
    """An account with something of each kind, of long ago and of now."""
    now = clock.now()
    for ago in (timedelta(days=4_000), timedelta(days=1)):
        then = now - ago
        account = make_account(f"of-{ago.days}", now=then)
        mail = make_mail(account, now=then)
        make_usage(account.id, now=then)
        with transaction():
            session.get(Mail, mail.id).kept_at = then
            journal.write("signed_in", actor="x", user_id=account.id, now=then)
            outbox.add("x", {"email": "ada@example.com"}, now=then).done_at = then
            outbox.session.query(OutboxEntry).filter_by(kind="x").update({"next_try_at": None})
            session.add(_event(ago.days, then))
            session.add(_session(account.id, then))
    with transaction():
        month = f"{now - timedelta(days=4_000):%Y-%m}"
        session.add(MonthClose(billing_month=month, user_id=None, closed_at=now))
    make_usage("of-4000", now=now)
    return app


def _event(number: int, then: datetime) -> ProviderEvent:
    return ProviderEvent(
        provider="stripe", event_id=f"evt_{number}", event_type="x", body=b"ada@example.com",
        status="processed", received_at=then, processed_at=then,
    )  # fmt: skip


def _session(user_id: str, then: datetime) -> SignInSession:
    return SignInSession(
        user_id=user_id, digest=user_id, created_at=then, last_seen_at=then, idle_ends_at=then,
        ends_at=then, password_entered_at=then, device="Firefox", address="203.0.113.7",
    )  # fmt: skip


def counts() -> dict[str, int]:
    session.expire_all()
    full = session.query(ProviderEvent).filter(ProviderEvent.body != b"")
    return {
        "records": session.query(BillingRecord).count(),
        "mails": session.query(Mail).count(),
        "acts": session.query(JournalEntry).filter_by(action="signed_in").count(),
        "promises": session.query(OutboxEntry).filter_by(kind="x").count(),
        "sessions": session.query(SignInSession).count(),
        "bodies": full.count(),
    }


class TestForgetWhatIsOld:
    def test_takes_what_is_old_alone(self, lived) -> None:
        before = counts()
        forget_what_is_old()
        assert counts() == {name: count - 1 for name, count in before.items()}
        assert session.query(ProviderEvent).count() == 2
        assert verify_books() == []

    def test_does_nothing_the_second_time(self, lived) -> None:
        forget_what_is_old()
        once = counts()
        forget_what_is_old()
        assert counts() == once

    def test_locks_nobody_who_has_nothing_old(self, lived, monkeypatch) -> None:
        asked: list[str] = []

        def prune(user_id: str, *, before: datetime) -> int:
            asked.append(user_id)
            return 0

        monkeypatch.setattr("app.entrypoints.jobs.retaining.prune_usage", prune)
        forget_what_is_old()
        assert asked == ["of-4000"]

    def test_keeps_for_ever_what_is_set_so(self, lived) -> None:
        settings = lived.config["SETTINGS"]
        lived.config["SETTINGS"] = replace(settings, retention=FOR_EVER)
        before = counts()
        forget_what_is_old()
        assert counts() == before


@pytest.mark.parametrize(
    ("months", "moment"),
    [
        (0, None),
        (1, datetime(2026, 10, 1, tzinfo=UTC)),
        (11, datetime(2025, 12, 1, tzinfo=UTC)),
        (25, datetime(2024, 10, 1, tzinfo=UTC)),
    ],
)
def test_counts_whole_months_back(months: int, moment: datetime | None) -> None:
    assert months_ago(months, now=MOMENT) == moment


def test_counts_days_back() -> None:
    assert (days_ago(0, now=MOMENT), days_ago(1, now=MOMENT)) == (None, MOMENT - timedelta(days=1))

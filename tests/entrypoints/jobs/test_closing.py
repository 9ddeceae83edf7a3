"""Months are closed by themselves: those that ended since the installation began, once."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice
from app.entrypoints.jobs import closing
from app.entrypoints.jobs.closing import close_ended_months
from app.foundation import clock
from app.foundation.database import session
from app.foundation.journal import JournalEntry
from app.workflows import close_month
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.usage import make_usage
from tests.threads import in_parallel

STARTED = datetime(2026, 10, 20, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def books(app: Flask) -> Iterator[None]:
    """After each test, every figure that is kept twice is the same twice."""
    yield
    check_books()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch):
    def at(*moment: int) -> None:
        monkeypatch.setattr(clock, "now", lambda: datetime(*moment, tzinfo=UTC))

    return at


def use(user_id: str, *, day: datetime) -> None:
    make_usage(user_id, now=day, prompt_tokens=50_000, completion_tokens=0, request_id=f"{day}")


def invoiced() -> list[tuple[str, str]]:
    session.rollback()
    rows = session.query(Invoice).order_by(Invoice.billing_month, Invoice.user_id)
    return [(row.user_id, row.billing_month) for row in rows]


def acts(action: str) -> int:
    return session.query(JournalEntry).filter_by(action=action).count()


class TestCloseEndedMonths:
    def test_leaves_alone_what_ended_before_the_first_start(self, app: Flask, at) -> None:
        make_account("ada", now=datetime(2026, 9, 20, tzinfo=UTC))
        use("ada", day=datetime(2026, 9, 25, tzinfo=UTC))
        at(2026, 10, 20, 9)
        close_ended_months()
        at(2026, 10, 25)
        close_ended_months()
        assert invoiced() == []
        assert acts("installation_started") == 1

    def test_closes_each_month_when_it_is_over(self, app: Flask, at) -> None:
        make_account("ada", now=datetime(2026, 10, 20, tzinfo=UTC))
        at(2026, 10, 20, 9)
        close_ended_months()
        use("ada", day=datetime(2026, 10, 25, tzinfo=UTC))
        at(2026, 11, 1, 0, 59)
        close_ended_months()
        assert invoiced() == []
        at(2026, 11, 1, 1)
        close_ended_months()
        close_ended_months()
        assert invoiced() == [("ada", "2026-10")]
        assert acts("month_closed_for_all") == 1

    def test_makes_up_for_the_months_it_has_slept(self, app: Flask, at) -> None:
        make_account("ada", now=datetime(2026, 10, 20, tzinfo=UTC))
        at(2026, 10, 20, 9)
        close_ended_months()
        use("ada", day=datetime(2026, 10, 25, tzinfo=UTC))
        use("ada", day=datetime(2026, 11, 25, tzinfo=UTC))
        at(2027, 1, 5)
        close_ended_months()
        assert invoiced() == [("ada", "2026-10"), ("ada", "2026-11")]
        assert acts("month_closed_for_all") == 3

    def test_goes_on_where_it_was_stopped(
        self, app: Flask, at, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        users = ["ada", "ben", "cleo"]
        for user_id in users:
            make_account(user_id, now=datetime(2026, 10, 20, tzinfo=UTC))
        at(2026, 10, 20, 9)
        close_ended_months()
        for number, user_id in enumerate(users):
            use(user_id, day=datetime(2026, 10, 25, number, tzinfo=UTC))
        monkeypatch.setattr(close_month, "ACCOUNTS_AT_ONCE", 1)
        real, calls = closing.close_month, []

        def stops(*args, **kwargs):
            calls.append(kwargs["after"])
            if len(calls) == 2:
                raise RuntimeError("somebody pulled the plug")
            return real(*args, **kwargs)

        monkeypatch.setattr(closing, "close_month", stops)
        at(2026, 11, 2)
        with pytest.raises(RuntimeError):
            close_ended_months()
        assert invoiced() == [("ada", "2026-10")]
        close_ended_months()
        assert invoiced() == [(user_id, "2026-10") for user_id in users]

    def test_workers_beside_each_other_close_once(self, app: Flask, ada: Account, at) -> None:
        make_account("dora", now=datetime(2026, 10, 20, tzinfo=UTC))
        at(2026, 10, 20, 9)
        close_ended_months()
        use("dora", day=datetime(2026, 10, 25, tzinfo=UTC))
        at(2026, 11, 1, 2)
        in_parallel(app, [close_ended_months] * 4)
        assert invoiced() == [("dora", "2026-10")]

"""What was verified of closed months is kept: verifying costs what is new, and still sees all."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.usage import checkpoints
from app.domain.usage.checkpoint_models import VerifiedMonth, VerifiedUsage
from app.domain.usage.models import BillingRecord, UsageMonthly
from app.domain.usage.pruning import prune
from app.foundation.database import session, transaction
from app.foundation.periods import BillingMonth
from app.workflows.close_month import close_month
from app.workflows.find_months_to_close import note_closed_for_all
from app.workflows.keep_checkpoint import keep_checkpoint
from app.workflows.price_unpriced import price_unpriced
from app.workflows.verify_books import verify_books, verify_books_in_full
from app.workflows.void_usage import void_usage
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.catalog import make_price
from tests.factories.payments import SELLER
from tests.factories.usage import make_usage
from tests.statements import statements

OCTOBER, NOVEMBER = BillingMonth(2026, 10), BillingMonth(2026, 11)
IN_OCTOBER = OCTOBER.period.starts_at + timedelta(days=20)
CLOSED_AT = OCTOBER.period.ends_at + timedelta(hours=1)
HOUR, MICROSECOND = timedelta(hours=1), timedelta(microseconds=1)
VERIFIED_AT = CLOSED_AT + HOUR + MICROSECOND


@pytest.fixture(autouse=True)
def usage(app: Flask, noise: list[Account]) -> None:
    """October with a record of each kind, closed after November had begun."""
    make_account("ada", plan_id="plan-basic", now=IN_OCTOBER)
    make_account("ben", now=IN_OCTOBER)
    for number in range(3):
        at = IN_OCTOBER + number * HOUR
        make_usage("ada", request_id=f"october-{number}", prompt_tokens=60_000, now=at)
        make_usage("ben", request_id=f"ben-{number}", now=at)
    make_usage("ben", request_id="unpriced", model="nobody-knows", now=IN_OCTOBER)
    make_usage("ada", request_id="november", prompt_tokens=150_000, now=OCTOBER.period.ends_at)
    close(OCTOBER, now=CLOSED_AT)


def close(month: BillingMonth, *, now: datetime) -> None:
    with transaction():
        close_month(month, seller=SELLER, actor="test", now=now)
        note_closed_for_all(month, now=now)


def keep(now: datetime = VERIFIED_AT) -> None:
    assert verify_books() == []
    with transaction():
        keep_checkpoint(now=now)


def number_of(request_id: str) -> int:
    return session.query(BillingRecord).filter_by(request_id=request_id).one().id


def lines_after(tampering: str) -> tuple[list[str], list[str]]:
    """Return what is told of the books after a statement: of what is new, and in full."""
    session.rollback()
    session.execute(sa.text(tampering))
    told = verify_books(), verify_books_in_full()
    session.rollback()
    return told


class TestKeepCheckpoint:
    def test_covers_the_records_of_months_that_are_closed(self) -> None:
        keep()
        (month,) = session.query(VerifiedMonth)
        assert (month.billing_month, month.verified_at) == ("2026-10", VERIFIED_AT)
        assert month.records_below == number_of("november")
        kept = session.query(VerifiedUsage).order_by(VerifiedUsage.user_id, VerifiedUsage.model)
        assert [
            (row.user_id, row.occurred_month, row.model, row.requests, row.unpriced_tokens)
            for row in kept
        ] == [
            ("ada", "2026-10", "gpt-4", 3, 0),
            ("ben", "2026-10", "gpt-4", 3, 0),
            ("ben", "2026-10", "nobody-knows", 1, 620),
        ]

    def test_waits_an_hour_for_what_was_under_way(self) -> None:
        keep(CLOSED_AT + HOUR)
        assert checkpoints.covered_below() == 0
        keep(CLOSED_AT + HOUR + MICROSECOND)
        assert checkpoints.covered_below() == number_of("november")

    def test_covers_nothing_of_a_close_that_is_not_through(self) -> None:
        now = NOVEMBER.period.ends_at + HOUR
        with transaction():
            close_month(NOVEMBER, seller=SELLER, actor="test", now=now)
        keep(now + 2 * HOUR)
        assert checkpoints.verified_months() == {"2026-10"}
        assert checkpoints.covered_below() == number_of("november")

    def test_changes_nothing_the_second_time(self) -> None:
        keep()
        keep(VERIFIED_AT + HOUR)
        assert session.query(VerifiedMonth).one().verified_at == VERIFIED_AT
        assert sorted(row.requests for row in session.query(VerifiedUsage)) == [1, 3, 3]

    def test_adds_the_next_month_and_what_came_late_for_the_one_before(self) -> None:
        make_usage("ben", request_id="late", now=VERIFIED_AT, occurred_at=IN_OCTOBER)
        keep()
        now = NOVEMBER.period.ends_at + HOUR
        make_usage("ada", request_id="december", now=now - MICROSECOND)
        close(NOVEMBER, now=now)
        keep(now + 2 * HOUR)
        assert checkpoints.covered_below() == number_of("december")
        found = (
            session.query(VerifiedUsage)
            .filter_by(model="gpt-4")
            .order_by(
                VerifiedUsage.user_id, VerifiedUsage.billing_month, VerifiedUsage.occurred_month
            )
        )
        assert [(row.user_id, row.billing_month, row.occurred_month) for row in found] == [
            ("ada", "2026-10", "2026-10"),
            ("ada", "2026-11", "2026-11"),
            ("ben", "2026-10", "2026-10"),
            ("ben", "2026-11", "2026-10"),
        ]
        check_books()

    def test_keeps_what_the_last_month_came_to_where_nothing_is_newer(self) -> None:
        now = NOVEMBER.period.ends_at + HOUR
        close(NOVEMBER, now=now)
        keep(now + 2 * HOUR)
        assert checkpoints.covered_below() == number_of("november") + 1
        make_usage("ada", now=now + 2 * HOUR)
        assert verify_books() == []
        check_books()


class TestVerifyBooks:
    @pytest.mark.parametrize(
        "tampering",
        [
            "UPDATE usage_hourly SET requests = requests + 1 WHERE user_id = 'ben'",
            "UPDATE usage_daily SET final_nanos = final_nanos - 1 WHERE user_id = 'ben'",
            "DELETE FROM usage_monthly WHERE user_id = 'ben'",
            "UPDATE usage_monthly SET model = 'gpt-5' WHERE user_id = 'ada'"
            " AND billing_month = '2026-10'",
            "UPDATE usage_monthly SET occurred_month = '2026-09' WHERE user_id = 'ada'"
            " AND billing_month = '2026-10'",
            "UPDATE verified_usage SET model = 'gpt-5' WHERE user_id = 'ada'",
            "UPDATE verified_usage SET occurred_month = '2026-09' WHERE user_id = 'ada'",
            "UPDATE subscription_periods SET tokens_used = tokens_used + 1 WHERE user_id = 'ben'",
            "UPDATE verified_usage SET requests = requests + 1 WHERE user_id = 'ben'",
            "DELETE FROM verified_usage WHERE user_id = 'ben'",
            "UPDATE billing_records SET status = 'voided', voided_at = created_at"
            " WHERE request_id = 'november'",
            "DELETE FROM billing_records WHERE request_id = 'november'",
        ],
    )
    def test_sees_what_is_new_and_all_that_is_shown_and_billed(self, tampering: str) -> None:
        keep()
        of_new, in_full = lines_after(tampering)
        assert of_new
        assert in_full

    @pytest.mark.parametrize(
        "tampering",
        [
            "UPDATE billing_records SET status = 'voided', voided_at = created_at"
            " WHERE request_id = 'ben-1'",
            "DELETE FROM billing_records WHERE request_id = 'ben-1'",
            "UPDATE billing_records SET cost_nanos = cost_nanos + 7, final_nanos = final_nanos + 7"
            " WHERE request_id = 'ben-1'",
            "UPDATE billing_records SET billing_month = '2026-09' WHERE request_id = 'ben-1'",
            "UPDATE billing_records SET model = 'gpt-5' WHERE request_id = 'ben-1'",
            "UPDATE billing_records SET occurred_at = '2026-09-30 12:00:00.000000'"
            " WHERE request_id = 'ben-1'",
            "UPDATE billing_records SET user_id = 'ada' WHERE request_id = 'ben-1'",
        ],
    )
    def test_sees_in_full_what_was_done_to_records_of_verified_months(self, tampering: str) -> None:
        keep()
        of_new, in_full = lines_after(tampering)
        assert of_new == []
        assert any("verified_usage of" in line for line in in_full), in_full
        assert any("usage_hourly of" in line or "usage_monthly of" in line for line in in_full)

    def test_sees_in_full_where_rollups_and_counters_were_changed_alike(self) -> None:
        keep()
        session.rollback()
        cost = "final_nanos = final_nanos + 1, cost_nanos = cost_nanos + 1"
        session.execute(sa.text(f"UPDATE billing_records SET {cost} WHERE request_id = 'ben-1'"))
        for table in ("usage_hourly", "usage_daily", "usage_monthly"):
            first = f"SELECT min(model) FROM {table} WHERE user_id = 'ben'"
            session.execute(
                sa.text(f"UPDATE {table} SET {cost} WHERE user_id = 'ben' AND model = ({first})")
            )
        in_full = verify_books_in_full()
        session.rollback()
        assert any(
            line.startswith("records less verified_usage of ben, billing_month '2026-10'")
            for line in in_full
        )

    def test_looks_again_at_invoices_that_are_new(self) -> None:
        keep()
        change = "UPDATE invoices SET buyer = '{}' WHERE user_id = 'ada'"
        (line,), _ = lines_after(change)
        assert line.endswith("of ada was changed after issue")
        close(NOVEMBER, now=NOVEMBER.period.ends_at + HOUR)
        keep(NOVEMBER.period.ends_at + 3 * HOUR)
        of_new, in_full = lines_after(change)
        # That of October was issued in a month that is verified by now; that of November was not.
        assert (len(of_new), len(in_full)) == (1, 2)

    def test_asks_for_everything_at_once_but_what_invoices_say(self) -> None:
        with statements() as sent:
            assert verify_books() == []
        assert len([statement for statement in sent if "billing_records" in statement]) == 1
        assert len(sent) == 4


class TestWhatChangesAfterwards:
    def sums(self, user_id: str) -> dict[str, tuple[int, int]]:
        sums = (sa.func.sum(VerifiedUsage.requests), sa.func.sum(VerifiedUsage.unpriced_tokens))
        month = VerifiedUsage.billing_month
        rows = session.execute(
            sa.select(month, *sums).where(VerifiedUsage.user_id == user_id).group_by(month)
        )
        return {month: (int(requests), int(unpriced)) for month, requests, unpriced in rows}

    @pytest.mark.parametrize(
        ("request_id", "left"),
        [("october-1", {"2026-10": (2, 0)}), ("november", {"2026-10": (3, 0)})],
    )
    def test_a_void(self, request_id: str, left: dict[str, tuple[int, int]]) -> None:
        keep()
        with transaction():
            void_usage(request_id, reason="mistake", actor="test", now=VERIFIED_AT)
        assert self.sums("ada") == left
        assert verify_books() == []
        check_books()

    def test_a_price_that_comes_late(self) -> None:
        keep()
        make_price("nobody-knows", effective_from=OCTOBER.period.starts_at)
        with transaction():
            assert price_unpriced(now=VERIFIED_AT).priced_count == 1
        # Its cost is billed in November, and so is the record.
        assert self.sums("ben") == {"2026-10": (3, 0), "2026-11": (1, 0)}
        assert session.query(UsageMonthly).filter_by(billing_month="2026-11", user_id="ben").count()
        assert verify_books() == []
        check_books()

    def test_pruning(self) -> None:
        keep()
        later = OCTOBER.period.ends_at + timedelta(days=800)
        make_usage("ben", now=later)
        with transaction():
            (ben,) = accounts.lock_accounts({"ben"}).values()
            assert prune(ben, before=OCTOBER.period.ends_at, limit=100) == 3
        assert self.sums("ben") == {"2026-10": (1, 620)}
        assert verify_books() == []
        assert verify_books_in_full() == []

    def test_forgetting_it(self) -> None:
        keep()
        with transaction():
            checkpoints.forget()
        assert checkpoints.covered_below() == 0
        assert session.query(VerifiedUsage).count() == 0
        keep()
        assert checkpoints.covered_below() == number_of("november")


@pytest.fixture
def prune_all() -> Callable[[], int]:
    """Prune whatever of everybody's usage may go, years later."""

    def work() -> int:
        late = NOVEMBER.period.ends_at + timedelta(days=800)
        close(NOVEMBER, now=NOVEMBER.period.ends_at + HOUR)
        gone = 0
        for user_id in ("ada", "ben"):
            session.execute(sa.text("UPDATE subscription_periods SET is_current = false"))
            with transaction():
                (account,) = accounts.lock_accounts({user_id}).values()
                gone += prune(account, before=late, limit=100)
        return gone

    return work


def test_the_newest_record_of_all_is_not_pruned(app: Flask, prune_all: Callable[[], int]) -> None:
    """SQLite gives the number of the newest row, if it is deleted, to the next one."""
    newest = session.scalar(sa.select(sa.func.max(BillingRecord.id)))
    prune_all()
    assert session.scalar(sa.select(sa.func.max(BillingRecord.id))) == newest

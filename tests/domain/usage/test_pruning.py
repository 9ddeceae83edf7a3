"""Records that were kept long enough go; nothing that counts goes with them."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.accounts import operations as accounts
from app.domain.invoices import closing
from app.domain.usage.models import (
    BillingRecord,
    PrunedRequest,
    PrunedUsage,
    UsageCorrection,
    UsageDaily,
    UsageHourly,
)
from app.domain.usage.pruning import prune, who_has_older
from app.domain.usage.rebuilding import rebuild_hours_and_days
from app.domain.usage.reports import OutcomeStatus
from app.foundation.database import session, transaction
from app.foundation.periods import BillingMonth
from app.workflows.verify_books import verify_books
from app.workflows.void_usage import void_usage
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.usage import make_report, make_usage, record
from tests.moments import NOW

THEN = datetime(2026, 5, 31, 23, 50, tzinfo=UTC)
HORIZON = datetime(2026, 6, 1, tzinfo=UTC)
MAY = BillingMonth(2026, 5)


@pytest.fixture
def old(app):
    """An account of May with three requests of then, whose month is closed, and one of now."""
    account = make_account("old", now=THEN)
    record(
        [
            make_report("old", request_id="may-1", occurred_at=THEN, api_key_alias="ci"),
            make_report("old", request_id="may-2", occurred_at=THEN - timedelta(minutes=1)),
            make_report("old", request_id="may-3", model="gpt-3.5-turbo"),
        ],
        now=THEN,
    )
    make_usage("old", request_id="now-1")
    close()
    return account


def close() -> None:
    with transaction():
        closing.note_closed(MAY, user_id=None, now=NOW)


def pruned(limit: int = 100, *, before: datetime = HORIZON) -> int:
    with transaction():
        account = accounts.lock_accounts({"old"})["old"]
        return prune(account, before=before, limit=limit)


def left() -> set[str]:
    return {record.request_id for record in session.query(BillingRecord)}


class TestPrune:
    def test_takes_what_is_old_and_closed_and_keeps_its_sums(self, old) -> None:
        check_books()
        assert pruned() == 3
        assert left() == {"now-1"}
        assert verify_books() == []
        assert sum(row.requests for row in session.query(PrunedUsage)) == 3

    def test_takes_so_many_at_a_time(self, old) -> None:
        assert [pruned(2), pruned(2), pruned(2)] == [2, 1, 0]
        assert verify_books() == []

    @pytest.mark.parametrize(
        ("before", "count"),
        [(THEN, 1), (THEN + timedelta(microseconds=1), 3), (THEN - timedelta(minutes=1), 0)],
    )
    def test_takes_nothing_that_is_younger(self, old, before: datetime, count: int) -> None:
        assert pruned(before=before) == count

    def test_takes_nothing_of_a_month_that_is_open(self, app) -> None:
        make_account("old", now=THEN)
        make_usage("old", now=THEN)
        make_usage("old")
        assert pruned() == 0
        close()
        assert pruned() == 1

    def test_takes_nothing_of_the_running_period(self, app) -> None:
        make_account("old", now=THEN)
        make_usage("old", now=THEN)
        close()
        assert pruned() == 0

    def test_takes_nothing_that_has_no_price_yet(self, app) -> None:
        make_account("old", now=THEN)
        make_usage("old", now=THEN, model="unheard-of")
        make_usage("old")
        close()
        assert pruned() == 0

    def test_waits_for_the_invoice_that_gives_back(self, old) -> None:
        with transaction():
            void_usage("may-1", reason="Twice.", actor="gateway:x", now=NOW)
            row = session.query(BillingRecord).filter_by(request_id="may-1").one()
            session.add(
                UsageCorrection(
                    user_id="old", kind="void", record_id=row.id, billing_month="2026-05",
                    description="Voided", amount_nanos=-1, invoice_id=None, created_at=NOW,
                )
            )  # fmt: skip
        assert pruned() == 2
        assert left() == {"may-1", "now-1"}
        assert verify_books() == []

    def test_leaves_a_voided_one_out_of_the_sums(self, old) -> None:
        with transaction():
            void_usage("may-1", reason="Twice.", actor="gateway:x", now=NOW)
        assert pruned() == 3
        assert sum(row.requests for row in session.query(PrunedUsage)) == 2
        assert verify_books() == []

    def test_keeps_no_word_of_the_request(self, old) -> None:
        pruned()
        for row in session.query(PrunedRequest):
            assert "may" not in row.request_digest and len(row.request_digest) == 64


@pytest.mark.parametrize(
    ("before", "found"),
    [
        (THEN - timedelta(minutes=1), []),
        (THEN - timedelta(seconds=59), ["old"]),
        (NOW, ["old"]),
        (NOW + timedelta(microseconds=1), ["new", "old"]),
    ],
)
def test_who_has_older_is_told_of_those_asked_about(old, before: datetime, found: list) -> None:
    for name in ("new", "other"):
        make_account(name, now=THEN)
        make_usage(name, request_id=f"{name}-1")
    make_account("idle", now=THEN)
    assert sorted(who_has_older(["idle", "new", "old"], before=before)) == found
    assert who_has_older([], before=NOW + timedelta(days=1)) == []


class TestPruned:
    def test_is_not_billed_again_when_it_is_sent_again(self, old) -> None:
        pruned()
        again = make_report("old", request_id="may-1", occurred_at=THEN, api_key_alias="ci")
        without_moment = make_report("old", request_id="may-3", model="gpt-3.5-turbo")
        outcomes = record([again, without_moment])
        assert [each.status for each in outcomes] == [OutcomeStatus.DUPLICATE] * 2
        assert left() == {"now-1"}
        assert verify_books() == []

    @pytest.mark.parametrize(
        "changes",
        [{"prompt_tokens": 501}, {"user_id": "ben"}, {"occurred_at": THEN + timedelta(seconds=1)}],
    )
    def test_is_a_conflict_with_other_words(self, old, ben, changes) -> None:
        pruned()
        said = {"user_id": "old", "request_id": "may-1", "occurred_at": THEN, **changes}
        (outcome,) = record([make_report(**said)])
        assert outcome.status == OutcomeStatus.CONFLICT

    def test_goes_into_the_current_month_only_where_it_was_never_counted(self, old) -> None:
        pruned()
        (outcome,) = record([make_report("old", request_id="late", occurred_at=THEN)])
        assert outcome.status == OutcomeStatus.ACCEPTED
        late = session.query(BillingRecord).filter_by(request_id="late").one()
        assert late.billing_month == "2026-11"

    @pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/St_Johns"])
    def test_is_cut_anew_in_another_zone(self, old, zone: str) -> None:
        with transaction():
            account = accounts.lock_accounts({"old"})["old"]
            account.timezone = zone
            rebuild_hours_and_days(account)
        before = [shown(rollup) for rollup in (UsageHourly, UsageDaily)]
        pruned()
        with transaction():
            rebuild_hours_and_days(accounts.lock_accounts({"old"})["old"])
        assert [shown(rollup) for rollup in (UsageHourly, UsageDaily)] == before
        assert verify_books() == []


def shown(rollup) -> list[tuple[object, ...]]:
    session.expire_all()
    columns = rollup.__table__.columns.keys()
    return sorted(
        tuple(str(getattr(row, name)) for name in columns) for row in session.query(rollup)
    )

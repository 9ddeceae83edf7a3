"""Every index of usage is there for a question, and every question finds its index."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.accounts.queries import account as account_called
from app.domain.catalog.models import ModelPrice
from app.domain.invoices import billable
from app.domain.reporting import monthly_sums
from app.domain.subscriptions.models import SubscriptionPeriod
from app.domain.usage import checkpoints, pruning, queries, recording, unpriced
from app.domain.usage.checkpoint_models import VerifiedMonth
from app.domain.usage.models import BillingRecord
from app.domain.usage.rebuilding import rebuild_hours_and_days
from app.domain.usage.views import EVERYTHING, Granularity, Grouping, Only
from app.foundation.database import session, transaction
from app.foundation.paging import Cursor
from app.foundation.periods import BillingMonth, Period
from app.workflows.verify_books import verify_books
from tests.factories.accounts import make_account
from tests.factories.long_history import make_long_history
from tests.factories.subscriptions import current_period
from tests.moments import NOW
from tests.plans import Index, plans

PEOPLE = [f"user-{number:02}" for number in range(12)]
ADA = PEOPLE[5]
NOVEMBER = BillingMonth.of(NOW)
LAST_WEEK = Period(NOW - timedelta(days=7), NOW)
LAST_YEAR = Period(NOW - timedelta(days=366), NOW)
RECORDS_BY_MOMENT = ("billing_records", "user_id", "occurred_at", "id")
RECORDS_UNPRICED = ("billing_records", "ix_billing_records_unpriced")
HOURS = ("usage_hourly", "user_id", "hour", "model", "api_key", "provider")
DAYS = ("usage_daily", "user_id", "day", "model", "api_key")
MONTHS = ("usage_monthly", "user_id", "billing_month", "occurred_month", "model")
PRUNED = "pruned_usage", "user_id", "quarter", "period_id", "billing_month", "model", "api_key"


@pytest.fixture(autouse=True)
def history(app: Flask) -> None:
    """Twelve accounts with hundreds of records, hours, days and months each."""
    for user_id in PEOPLE:
        make_account(user_id)
    make_long_history(PEOPLE, now=NOW)


def ada() -> Account:
    return account_called(ADA)


def series(
    span: Period,
    granularity: Granularity,
    group_by: Grouping = Grouping.MODEL,
    only: Only = EVERYTHING,
) -> object:
    return queries.usage_series(
        ada(), span=span, granularity=granularity, group_by=group_by, only=only
    )


def requests(**names: str) -> object:
    return queries.requests_page(ada(), span=LAST_YEAR, only=Only(**names), cursor=None, limit=50)


def page(**asked: object) -> object:
    given = {"span": None, "model": None, "cursor": None, "limit": 50, **asked}
    return queries.records_page(ada(), **given)


def price() -> list[ModelPrice]:
    return [session.scalars(sa.select(ModelPrice)).first()]


def rebuild() -> None:
    with transaction():
        rebuild_hours_and_days(accounts.lock_accounts({ADA})[ADA])


def prune() -> None:
    with transaction():
        account = accounts.lock_accounts({ADA})[ADA]
        assert pruning.prune(account, before=NOW - timedelta(days=20), limit=5) == 0


def verify_what_is_new() -> None:
    """Verify with all but the newest hundred records covered."""
    below = session.scalar(sa.select(sa.func.max(BillingRecord.id))) - 100
    session.add(VerifiedMonth(billing_month="2026-10", records_below=below, verified_at=NOW))
    session.flush()
    # Whatever they say, for the history is none that was recorded.
    verify_books()


# What is asked, and the index that the answer is found through.
QUESTIONS: dict[str, tuple[Callable[[], object], Index]] = {
    "the newest records": (page, RECORDS_BY_MOMENT),
    "the records of a week": (lambda: page(span=LAST_WEEK), RECORDS_BY_MOMENT),
    "a later page": (lambda: page(cursor=Cursor(NOW - timedelta(days=9), 17)), RECORDS_BY_MOMENT),
    "the records of a model": (lambda: page(model="model-1"), RECORDS_BY_MOMENT),
    "the requests of a gateway key": (lambda: requests(api_key=""), RECORDS_BY_MOMENT),
    "when a gateway key was used": (lambda: requests(api_key="", model="model-1"), DAYS),
    "when a provider was used": (lambda: requests(provider=""), HOURS),
    "usage by day of one key": (
        lambda: series(LAST_WEEK, Granularity.DAY, only=Only(api_key="key-1")),
        DAYS,
    ),
    "usage by day of one provider": (
        lambda: series(LAST_WEEK, Granularity.DAY, only=Only(provider="provider-1")),
        HOURS,
    ),
    "models in order": (lambda: queries.labels_in_order(ada(), Grouping.MODEL), MONTHS),
    "records again, in another zone": (rebuild, RECORDS_BY_MOMENT),
    "records that may go": (prune, RECORDS_BY_MOMENT),
    "whether requests were recorded": (
        lambda: recording.ask_recorded([f"{ADA}-{number}" for number in range(20)]).get(),
        ("billing_records", "request_id"),
    ),
    "which models have no price": (unpriced.unpriced_models, RECORDS_UNPRICED),
    "what waits for a price": (
        lambda: unpriced.records_with_price("model-1", price(), after=0, limit=50),
        RECORDS_UNPRICED,
    ),
    "what is new to be verified": (verify_what_is_new, ("billing_records", "id")),
    "usage by hour": (lambda: series(LAST_WEEK, Granularity.HOUR), HOURS),
    "usage by provider": (
        lambda: series(LAST_WEEK, Granularity.DAY, Grouping.PROVIDER),
        HOURS,
    ),
    "usage by day": (lambda: series(LAST_WEEK, Granularity.DAY), DAYS),
    "usage by month": (lambda: series(LAST_YEAR, Granularity.MONTH), DAYS),
    "tokens by day": (lambda: queries.tokens_by_day(PEOPLE[:2], since=NOW.date()), DAYS),
    "the month to date": (lambda: queries.month_to_date(ada(), month=NOVEMBER), MONTHS),
    "what is priced": (lambda: queries.priced_since(ada(), month=NOVEMBER), MONTHS),
    "usage of all time": (lambda: queries.all_time(ada()), MONTHS),
    "what is billed": (lambda: queries.billed_to(PEOPLE[:2], month=NOVEMBER), MONTHS),
    "what an invoice asks for": (lambda: billable.usage_lines([ADA], NOVEMBER), MONTHS),
    "a month of everybody by model": (
        lambda: monthly_sums.usage_by_model(NOVEMBER),
        ("usage_monthly", "billing_month"),
    ),
    "what came of everybody's months": (
        lambda: monthly_sums.revenue_by_month(NOVEMBER.plus(-1), NOVEMBER),
        ("usage_monthly", "billing_month"),
    ),
    "sums of records that are gone": (rebuild, (*PRUNED, "provider")),
    "whether requests are gone": (
        lambda: pruning.ask_pruned([f"pruned-{number}" for number in range(20)]).get(),
        ("pruned_requests", "request_digest"),
    ),
    "which months are closed": (
        lambda: recording.closed_months([ADA], months=["2026-10"]),
        ("month_closes", "billing_month", "user_id"),
    ),
    "labels of an account": (
        lambda: recording.labels({(ADA, "model", "never seen")}),
        ("usage_labels", "user_id", "kind", "label"),
    ),
    "corrections that wait": (
        lambda: billable.usage_lines([ADA], NOVEMBER),
        ("usage_corrections", "user_id", "invoice_id"),
    ),
}


class TestIndexes:
    def test_each_question_is_answered_through_its_index(self) -> None:
        wrong: dict[str, object] = {}
        for asked, (ask, index) in QUESTIONS.items():
            with plans() as found:
                ask()
            of_table = index[0]
            if index not in found.indexes or of_table in found.whole:
                wrong[asked] = (found.whole, found.indexes)
            assert found.asked
            session.rollback()
        assert wrong == {}

    def test_a_question_without_an_index_would_be_told(self) -> None:
        with plans() as found:
            session.scalars(sa.select(BillingRecord.id).filter_by(status="voided")).all()
        assert found.whole == {"billing_records"}

    def test_a_report_reads_the_records_of_who_switched_and_no_others(self) -> None:
        now = current_period(ADA)
        kept = {c.key: getattr(now, c.key) for c in now.__table__.columns if c.key != "id"}
        before = {"starts_at": now.starts_at - timedelta(days=30), "ends_at": now.starts_at}
        with transaction():
            changes = {"plan_id": "plan-pro", "is_current": False, **before}
            session.add(SubscriptionPeriod(**{**kept, **changes}))
        with plans() as found:
            assert monthly_sums.usage_by_plan(NOVEMBER)
        assert RECORDS_BY_MOMENT in found.indexes
        assert "billing_records" not in found.whole

    def test_a_checkpoint_reads_on_from_the_one_before(self) -> None:
        verify_what_is_new()
        with plans() as found:
            checkpoints.cover({"2026-09", "2026-10", "2026-11"}, now=NOW)
        assert ("billing_records", "id") in found.indexes
        session.rollback()

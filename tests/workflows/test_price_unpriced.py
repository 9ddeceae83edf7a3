"""A price that comes late fills in what the usage costs, and nothing else; once."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice
from app.domain.usage.models import BillingRecord, MonthClose, UsageMonthly
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from app.workflows import price_unpriced as price_unpriced_module
from app.workflows.price_unpriced import START, price_unpriced
from app.workflows.void_usage import void_usage
from tests.factories.accounts import make_account
from tests.factories.catalog import make_alias, make_price
from tests.factories.usage import make_report, make_usage, record
from tests.moments import NOW
from tests.statements import statements
from tests.threads import in_parallel

HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
IN_OCTOBER = datetime(2026, 10, 31, 12, tzinfo=UTC)
MODEL = "llama-9"
pytestmark = pytest.mark.usefixtures("books")


@pytest.fixture(autouse=True)
def noise(ada: Account, ben: Account) -> None:
    """Ada pays as she goes, so all of her usage is overage; Ben's must stay as it is."""
    make_usage("ben", request_id="ben's")


def use(request_id: str, *, at: datetime = NOW, now: datetime = NOW, **changes: object) -> None:
    """Use 500 + 120 tokens of a model without a price."""
    given = {"request_id": request_id, "model": MODEL, "occurred_at": at, **changes}
    assert make_usage(now=now, **given).status == "unpriced"


def price_all(*, now: datetime = NOW) -> int:
    count, after = 0, START
    while after is not None:
        with transaction():
            progress = price_unpriced(now=now, after=after)
        count, after = count + progress.priced_count, progress.next_after
    session.expire_all()
    return count


def stored(request_id: str) -> BillingRecord:
    session.rollback()
    records = session.query(BillingRecord).populate_existing()
    return records.filter_by(request_id=request_id).one()


def months(model: str = MODEL) -> dict[str, tuple[int, int, int, int]]:
    """Return Ada's requests, tokens, unpriced tokens and final cost by billing month."""
    session.rollback()
    return {
        row.billing_month: (
            row.requests,
            row.total_tokens,
            row.unpriced_tokens,
            row.final_nanos,
        )
        for row in session.query(UsageMonthly).populate_existing().filter_by(model=model)
    }


class TestPriceUnpriced:
    def test_fills_in_what_it_costs(self) -> None:
        use("late")
        price = make_price(MODEL)
        assert price_all() == 1
        late = stored("late")
        assert (late.status, late.price_id) == ("completed", price.id)
        assert (late.cost_nanos, late.discount_nanos, late.final_nanos) == (740_000, 0, 740_000)
        assert months() == {"2026-11": (1, 620, 0, 740_000)}

    def test_is_done_once(self) -> None:
        use("late")
        make_price(MODEL)
        assert [price_all(), price_all()] == [1, 0]
        (entry,) = session.query(JournalEntry).filter_by(action="usage_priced")
        assert entry.details == {"model": MODEL, "records": 1}

    def test_asks_once_where_nothing_waits(self) -> None:
        make_usage(request_id="priced")
        with statements() as sent:
            assert price_all() == 0
        assert len(sent) == 1

    def test_leaves_what_has_no_price_yet(self) -> None:
        use("late")
        use("other", model="llama-10")
        make_price(MODEL)
        assert price_all() == 1
        assert stored("other").status == "unpriced"

    @pytest.mark.parametrize(
        ("occurred_at", "status"),
        [
            (NOW - HOUR - MICROSECOND, "unpriced"),
            (NOW - HOUR, "completed"),
            (NOW, "completed"),
        ],
    )
    def test_takes_the_price_of_the_moment_of_use(self, occurred_at: datetime, status: str) -> None:
        use("late", at=occurred_at)
        make_price(MODEL, effective_from=NOW - HOUR)
        price_all()
        assert stored("late").status == status

    def test_tells_prices_that_follow_one_another_apart(self) -> None:
        use("before", at=NOW - HOUR - MICROSECOND)
        use("after", at=NOW - HOUR)
        make_price(MODEL, effective_to=NOW - HOUR)
        make_price(MODEL, prompt_pico=3_000_000, effective_from=NOW - HOUR)
        assert price_all() == 2
        assert stored("before").cost_nanos == 500_000 + 240_000
        assert stored("after").cost_nanos == 1_500_000 + 240_000

    @pytest.mark.parametrize("name", ["my-llama", "azure/my-llama", "azure/llama-9"])
    def test_knows_models_by_alias_and_without_their_provider(self, name: str) -> None:
        use("late", model=name)
        price = make_price(MODEL)
        make_alias("my-llama", model_id=MODEL)
        assert price_all() == 1
        assert stored("late").price_id == price.id
        assert months(name) == {"2026-11": (1, 620, 0, 740_000)}

    def test_keeps_the_split_and_the_discount_of_the_moment(self) -> None:
        make_account("bea", plan_id="plan-pro")
        reports = [
            make_report("bea", request_id="fills", model=MODEL, prompt_tokens=999_400),
            make_report("bea", request_id="splits", model=MODEL, cached_tokens=100),
        ]
        record(reports)
        before = [stored(name).quota_tokens for name in ("fills", "splits")]
        make_price(MODEL, cache_read_price_pico=100_000)
        assert price_all() == 2
        assert [stored(name).quota_tokens for name in ("fills", "splits")] == before
        splits = stored("splits")
        # 480 of 620 tokens stand in the plan, 140 are overage at 10 % less.
        assert (splits.quota_tokens, splits.overage_tokens) == (480, 140)
        assert splits.cost_nanos == 400_000 + 10_000 + 240_000
        assert splits.final_nanos == 132_097
        assert splits.discount_nanos == splits.cost_nanos - 132_097
        assert stored("fills").final_nanos == 0

    def test_leaves_voided_usage_alone(self) -> None:
        use("gone")
        use("stays")
        with transaction():
            void_usage("gone", reason="failed upstream", actor="gateway:abc", now=NOW)
        make_price(MODEL)
        assert price_all() == 1
        assert (stored("gone").status, stored("gone").cost_nanos) == ("voided", 0)

    def test_passes_over_what_would_cost_too_much(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(price_unpriced_module, "RECORDS_AT_ONCE", 1)
        use("dear", prompt_tokens=999_999_000, completion_tokens=0)
        use("cheap")
        # 1.01 USD a thousand tokens: the first costs more than a million.
        make_price(MODEL, prompt_pico=1_010_000_000)
        assert price_all() == 1
        assert (stored("dear").status, stored("cheap").status) == ("unpriced", "completed")

    @pytest.mark.parametrize("at_once", [1, 2, 3, 4])
    def test_goes_on_where_it_stopped(self, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(price_unpriced_module, "RECORDS_AT_ONCE", at_once)
        for number in range(3):
            use(f"late-{number}")
            use(f"other-{number}", model="mixtral-9")
        make_price(MODEL)
        make_price("mixtral-9")
        with transaction():
            stopped = price_unpriced(now=NOW)
        assert stopped.priced_count == min(at_once, 3)
        assert price_all() == 6 - stopped.priced_count

    def test_takes_the_same_statements_for_any_number(self) -> None:
        counts = []
        for model, size in ((MODEL, 1), ("mixtral-9", 100)):
            record([make_report(model=model) for _ in range(size)])
            make_price(model)
            with statements() as sent:
                assert price_all() == size
            counts.append(len(sent))
        assert counts[0] == counts[1]


class TestBillingMonth:
    @pytest.fixture
    def ada(self, app: Flask) -> Account:
        """Ada's account is older here."""
        return make_account("ada", now=IN_OCTOBER)

    def close(self, *, user_id: str | None) -> None:
        session.add(MonthClose(billing_month="2026-10", user_id=user_id, closed_at=NOW))
        session.commit()

    def test_stays_while_it_is_open(self) -> None:
        use("late", at=IN_OCTOBER, now=IN_OCTOBER)
        make_price(MODEL)
        price_all()
        assert months() == {"2026-10": (1, 620, 0, 740_000)}

    @pytest.mark.parametrize("user_id", ["ada", None])
    def test_becomes_the_current_one_where_it_is_closed(self, user_id: str | None) -> None:
        use("late", at=IN_OCTOBER, now=IN_OCTOBER)
        use("never", at=IN_OCTOBER, now=IN_OCTOBER, model="llama-10")
        self.close(user_id=user_id)
        make_price(MODEL)
        price_all()
        late = stored("late")
        assert (late.billing_month, late.occurred_at) == ("2026-11", IN_OCTOBER)
        assert months() == {"2026-10": (0, 0, 0, 0), "2026-11": (1, 620, 0, 740_000)}
        assert stored("never").billing_month == "2026-10"
        assert session.query(Invoice).count() == 0

    def test_of_others_does_not_matter(self) -> None:
        use("late", at=IN_OCTOBER, now=IN_OCTOBER)
        self.close(user_id="ben")
        make_price(MODEL)
        price_all()
        assert stored("late").billing_month == "2026-10"


class TestRaces:
    def test_price_once_on_two_machines(self, app: Flask) -> None:
        for number in range(40):
            use(f"late-{number}", user_id="ben" if number % 2 else "ada")
        make_price(MODEL)
        assert sum(in_parallel(app, [price_all] * 4)) == 40
        assert months() != {}

    def test_with_ingest_and_voids(self, app: Flask) -> None:
        for number in range(20):
            use(f"late-{number}")
        make_price(MODEL)

        def void(number: int) -> int:
            with transaction():
                void_usage(f"late-{number}", reason="failed", actor="gateway:abc", now=NOW)
            return 0

        def post(number: int) -> int:
            make_usage(request_id=f"new-{number}", model=MODEL)
            return 0

        works = [price_all, price_all]
        for number in range(3):
            works += [lambda n=number: void(n), lambda n=number: post(n)]
        assert 17 <= sum(in_parallel(app, works)) <= 20
        session.expire_all()
        statuses = [stored(f"late-{number}").status for number in range(20)]
        assert statuses == ["voided"] * 3 + ["completed"] * 17

"""Usage over generated cases: against a model in plain integers, in any order, any batches."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import count
from math import floor

import msgspec
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.accounts.models import Account
from app.domain.subscriptions.models import SubscriptionPeriod
from app.domain.usage.models import BillingRecord, MonthClose, UsageDaily
from app.domain.usage.reports import UsageReport
from app.foundation.database import session, transaction
from app.workflows.void_usage import void_usage
from tests.books import check_books
from tests.factories.accounts import AGE, make_account
from tests.factories.catalog import make_plan, make_price
from tests.factories.tokens import make_extra_tokens
from tests.factories.usage import record
from tests.moments import NOW

START = datetime(2026, 1, 15, tzinfo=UTC)
QUOTA, BOUGHT, GRANTED, DISCOUNT_BP = 1_000, 500, 200, 1_000
# In pico-USD per token: one that is whole nanos, one that never is, one outside the plans.
PRICES = {"whole": (1_000, 2_000), "odd": (333, 777), "outside": (1_500, 500), "unpriced": None}
DAY = timedelta(days=1)
USERS = ("ada", "ben")
_examples = count(1)

RUNS = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def world(app: Flask) -> Iterator[None]:
    """A free plan of a thousand tokens a month, and four models."""
    make_plan(
        "plan-free",
        monthly_price_minor=0,
        monthly_quota=QUOTA,
        overage_discount_bp=DISCOUNT_BP,
    )
    for model, price in PRICES.items():
        if price:
            included = model != "outside"
            make_price(
                model, prompt_pico=price[0], completion_pico=price[1], included_in_plans=included
            )
    yield
    check_books()


def half_up(exact: Fraction) -> int:
    return floor(exact + Fraction(1, 2))


def month_of(moment: datetime) -> str:
    return f"{moment:%Y-%m}"


def period_of(moment: datetime) -> int:
    """Number the periods, which run from the 15th to the 15th."""
    return moment.year * 12 + moment.month - (1 if moment.day < START.day else 0)


@dataclass
class Model:
    """What the books should say, in plain integers."""

    records: dict[str, dict] = field(default_factory=dict)
    used: Counter = field(default_factory=Counter)
    of_quota: Counter = field(default_factory=Counter)
    extra: dict[str, int] = field(default_factory=lambda: dict.fromkeys(USERS, BOUGHT + GRANTED))
    granted: dict[str, int] = field(default_factory=lambda: dict.fromkeys(USERS, GRANTED))
    closed: set[tuple[str, str]] = field(default_factory=set)

    def post(self, report: UsageReport, *, now: datetime) -> tuple:
        known = self.records.get(report.request_id)
        if known is not None:
            first, given = known["report"], report.occurred_at
            same_moment = None in (given, first.occurred_at) or given == first.occurred_at
            same = msgspec.structs.replace(report, occurred_at=first.occurred_at) == first
            if same and same_moment:
                return ("duplicate", *known["answer"])
            return ("conflict", None, None, None, None, None)
        moment = report.occurred_at or now
        month = month_of(moment)
        is_open = (report.user_id, month) not in self.closed
        late = is_open and moment >= START and period_of(moment) <= period_of(now)
        period = (report.user_id, period_of(moment if late else now))
        split = self.split(report, period)
        price = PRICES[report.model]
        cost, final = (None, None) if price is None else costs(report, price, split[3])
        self.records[report.request_id] = {
            "report": report,
            "answer": (cost, final, split[0], split[1], split[3]),
            "split": split,
            "period": period,
            "month": month if is_open else month_of(now),
            "status": "unpriced" if price is None else "completed",
        }
        status = "unpriced" if price is None else "accepted"
        return (status, *self.records[report.request_id]["answer"])

    def split(self, report: UsageReport, period: tuple) -> tuple[int, int, int, int]:
        tokens, user_id = report.total_tokens, report.user_id
        self.used[period] += tokens
        if report.model == "outside":
            return (0, 0, 0, tokens)
        quota = min(tokens, QUOTA - self.of_quota[period])
        extra = min(tokens - quota, self.extra[user_id])
        granted = min(extra, self.granted[user_id])
        self.of_quota[period] += quota
        self.extra[user_id] -= extra
        self.granted[user_id] -= granted
        return (quota, extra, granted, tokens - quota - extra)

    def void(self, request_id: str) -> None:
        known = self.records.get(request_id)
        if known is None or known["status"] == "voided":
            return
        known["status"] = "voided"
        quota, extra, granted, _overage = known["split"]
        self.used[known["period"]] -= known["report"].total_tokens
        self.of_quota[known["period"]] -= quota
        self.extra[known["report"].user_id] += extra
        self.granted[known["report"].user_id] += granted


def costs(report: UsageReport, price: tuple[int, int], overage: int) -> tuple[int, int]:
    exact = Fraction(report.prompt_tokens * price[0] + report.completion_tokens * price[1], 1_000)
    if not report.total_tokens:
        return half_up(exact), 0
    share = Fraction(overage, report.total_tokens) * Fraction(10_000 - DISCOUNT_BP, 10_000)
    return half_up(exact), half_up(exact * share)


@st.composite
def reports(draw: st.DrawFn, ids: st.SearchStrategy[str]) -> dict:
    return {
        "user": draw(st.sampled_from(USERS)),
        "request_id": draw(ids),
        "model": draw(st.sampled_from(sorted(PRICES))),
        "prompt_tokens": draw(st.sampled_from([0, 1, 7, 333, 999, 1_000, 1_001])),
        "completion_tokens": draw(st.sampled_from([0, 1, 250])),
        # Days before now; None sends no moment.
        "days_ago": draw(st.sampled_from([None, 0, 1, 20, 35, 40, 70])),
    }


FEW_IDS = st.integers(1, 12).map(str)
STEPS = st.lists(
    st.one_of(
        st.lists(reports(FEW_IDS), min_size=1, max_size=6),
        FEW_IDS,
        st.sampled_from([1 * DAY, 14 * DAY, 31 * DAY, 100 * DAY]),
        st.tuples(st.just("close"), st.sampled_from(USERS), st.just(1)),
    ),
    min_size=1,
    max_size=12,
)


@given(steps=STEPS)
@RUNS
def test_any_life_is_what_plain_integers_say(steps: list) -> None:
    example = next(_examples)
    make_people(example)
    # Old enough to have had three periods, which nobody has written yet.
    model, now = Model(), START + 70 * DAY
    for step in steps:
        if isinstance(step, timedelta):
            now += step
        elif isinstance(step, str):
            model.void(f"{example}-{step}")
            void(f"{example}-{step}", now=now)
        elif isinstance(step, tuple):
            month = month_of(now - step[2] * 31 * DAY)
            close(f"{step[1]}-{example}", month)
            model.closed.add((step[1], month))
        else:
            post(step, example, model, now=now)
    compare(model, example)


def make_people(example: int) -> None:
    # An example that failed may have left its transaction open.
    session.rollback()
    for user in USERS:
        name = f"{user}-{example}"
        make_account(name, now=START + AGE, plan_id="plan-free")
        make_extra_tokens(name, bought=BOUGHT, granted=GRANTED)


def post(step: list[dict], example: int, model: Model, *, now: datetime) -> None:
    batch = [report_of(given, example, now=now) for given in step]
    expected = [model.post(unnamed(report, example), now=now) for report in batch]
    answered = [
        (
            outcome.status.value,
            outcome.cost_nanos,
            outcome.final_nanos,
            outcome.quota_tokens,
            outcome.extra_tokens,
            outcome.overage_tokens,
        )
        for outcome in record(batch, now=now)
    ]
    assert answered == expected


def report_of(given: dict, example: int, *, now: datetime) -> UsageReport:
    days_ago = given["days_ago"]
    return UsageReport(
        user_id=f"{given['user']}-{example}",
        request_id=f"{example}-{given['request_id']}",
        model=given["model"],
        prompt_tokens=given["prompt_tokens"],
        completion_tokens=given["completion_tokens"],
        total_tokens=given["prompt_tokens"] + given["completion_tokens"],
        occurred_at=None if days_ago is None else now - days_ago * DAY,
    )


def unnamed(report: UsageReport, example: int) -> UsageReport:
    return msgspec.structs.replace(report, user_id=report.user_id.removesuffix(f"-{example}"))


def void(request_id: str, *, now: datetime) -> None:
    if session.query(BillingRecord).filter_by(request_id=request_id).count():
        with transaction():
            void_usage(request_id, reason="a test", actor="gateway:1", now=now)


def close(user_id: str, month: str) -> None:
    if not session.query(MonthClose).filter_by(user_id=user_id, billing_month=month).count():
        session.add(MonthClose(user_id=user_id, billing_month=month, closed_at=NOW))
    session.commit()


def compare(model: Model, example: int) -> None:
    session.expire_all()
    rows = session.query(BillingRecord).filter(BillingRecord.user_id.endswith(f"-{example}"))
    assert {row.request_id: (row.status, row.billing_month) for row in rows} == {
        request_id: (known["status"], known["month"]) for request_id, known in model.records.items()
    }
    for user in USERS:
        account = session.get_one(Account, f"{user}-{example}")
        assert (account.extra_tokens, account.granted_tokens) == (
            model.extra[user],
            model.granted[user],
        )
        periods = session.query(SubscriptionPeriod).filter_by(user_id=account.id)
        for period in periods:
            key = (user, period_of(period.starts_at))
            assert (period.tokens_used, period.quota_tokens_used) == (
                model.used[key],
                model.of_quota[key],
            )


MANY_IDS = st.integers(1, 10_000).map(str)


@given(
    batch=st.lists(reports(MANY_IDS), min_size=1, max_size=25, unique_by=lambda r: r["request_id"]),
    dice=st.randoms(use_true_random=False),
    largest=st.integers(1, 25),
)
@RUNS
def test_any_order_in_any_batches_makes_the_same_totals(batch, dice, largest: int) -> None:
    totals = []
    for way in ("as given", "shuffled"):
        example = next(_examples)
        make_people(example)
        everything = [report_of(given, example, now=START + 10 * DAY) for given in batch]
        if way == "shuffled":
            dice.shuffle(everything)
            parts = [
                everything[start : start + largest] for start in range(0, len(everything), largest)
            ]
        else:
            parts = [everything]
        for part in parts:
            record(part, now=START + 10 * DAY)
        once = totals_of(example)
        # And once more, whatever was delivered: it counts once.
        outcomes = record(everything, now=START + 20 * DAY)
        assert {outcome.status.value for outcome in outcomes} == {"duplicate"}
        assert totals_of(example) == once
        totals.append(once)
    assert totals[0] == totals[1]


def totals_of(example: int) -> dict[tuple, Counter]:
    """Return tokens and list cost by account, day and model."""
    session.expire_all()
    found: dict[tuple, Counter] = {}
    for row in session.query(UsageDaily).filter(UsageDaily.user_id.endswith(f"-{example}")):
        key = (row.user_id.removesuffix(f"-{example}"), row.day, row.model)
        found[key] = Counter(
            requests=row.requests,
            prompt_tokens=row.prompt_tokens,
            completion_tokens=row.completion_tokens,
            unpriced_tokens=row.unpriced_tokens,
            drawn=row.quota_tokens + row.extra_tokens + row.overage_tokens,
            cost_nanos=row.cost_nanos,
        )
    return found

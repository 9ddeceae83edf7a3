"""A trace, replayed through the API, gives the totals of an independent program."""

import json
import random
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.domain.catalog import operations as catalog
from app.domain.catalog.price_changes import PriceTerms
from app.domain.usage.models import UsageDaily, UsageHourly, UsageMonthly
from app.foundation.database import db, session, transaction
from app.foundation.money import pico_from_usd_per_1k
from app.foundation.secret_keys import KeyKind
from app.workflows.verify_books import verify_books
from tests.factories.accounts import AGE, make_account
from tests.factories.bearers import bearer
from tests.threads import in_parallel
from tests.trace import usage_sample
from tests.trace.usage_sample import MADE, REAL, Sample, added, grouped, totals_of

BATCH = 1_000
CLIENTS = 4
BEFORE_ALL = datetime(2023, 11, 1, tzinfo=UTC)
ACCOUNTS = [f"acct-{number}" for number in range(usage_sample.ACCOUNTS)]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(MADE, id="made"),
        pytest.param(
            REAL,
            id="real",
            marks=pytest.mark.skipif(not REAL.is_there, reason=f"no usage trace at {REAL.trace}"),
        ),
    ],
)
def sample(request: pytest.FixtureRequest) -> Sample:
    return request.param


@pytest.fixture(scope="module")
def totals(sample: Sample) -> dict:
    return sample.expected()


@pytest.fixture(scope="module")
def trace(sample: Sample) -> list[dict]:
    return sample.records()


@pytest.fixture
def by_gateway(app: Flask, totals: dict) -> dict[str, str]:
    """Ten accounts and the prices of book A; the header of a gateway."""
    for name in ACCOUNTS:
        make_account(name, now=BEFORE_ALL + AGE)
    told = {"actor": "operator:olga", "now": BEFORE_ALL}
    with transaction():
        for model, (prompt, completion) in totals["prices_A_per_1k"].items():
            terms = PriceTerms(pico_from_usd_per_1k(prompt), pico_from_usd_per_1k(completion))
            catalog.set_price(model, terms, **told)
        for alias, model in totals["alias_A"].items():
            catalog.set_alias(alias, model_id=model, **told)
    return bearer(KeyKind.GATEWAY)


def post_all(app: Flask, records: list[dict], headers: dict[str, str]) -> dict[str, int]:
    client = app.test_client()
    counts = dict.fromkeys(("accepted", "duplicates", "conflicts"), 0)
    for start in range(0, len(records), BATCH):
        body = {"records": records[start : start + BATCH]}
        response = client.post("/v1/billing/usage", json=body, headers=headers)
        assert (response.status_code, response.json["rejected"]) == (200, [])
        counts = {name: counts[name] + response.json[name] for name in counts}
        if start == 0:
            tell_the_planner()
    return counts


def tell_the_planner() -> None:
    """Let PostgreSQL know that its tables have grown, as it finds out by itself in a minute.

    Until then it may plan for the empty tables that the test before this one has left.
    """
    if db.engine.dialect.name == "postgresql":
        with transaction():
            session.execute(text("ANALYZE billing_records"))


def buckets(app: Flask, granularity: str, zone: str = "UTC") -> list[dict]:
    """Read every account's usage through its own key; days and accounts stand beside the sums."""
    client, found = app.test_client(), []
    asked = {"from": "2023-11-01", "to": "2025-04-01", "granularity": granularity}
    for name in ACCOUNTS:
        response = client.get(
            "/v1/billing/usage",
            query_string={**asked, "timezone": zone},
            headers=bearer(KeyKind.CUSTOMER, user_id=name),
        )
        answered = json.loads(response.text, parse_float=Decimal)
        assert (response.status_code, answered["approximate"]) == (200, False)
        found += [
            {**bucket, "account": name, "day": bucket["start"][:10], "month": bucket["start"][:7]}
            for bucket in answered["buckets"]
        ]
    return found


def rollups() -> list[tuple]:
    """Return every row of every rollup, as it stands."""
    session.commit()
    tables = (UsageHourly, UsageDaily, UsageMonthly)
    return [
        tuple(row)
        for rollup in tables
        for row in session.execute(
            select(rollup.__table__).order_by(*rollup.__table__.primary_key.columns)
        )
    ]


def check_totals(app: Flask, totals: dict) -> None:
    days = buckets(app, "day")
    assert added(days) == totals_of(totals["totals"])
    for name, keys in {
        "by_day_utc": ("day",),
        "by_account": ("account",),
        "by_raw_model_and_day": ("group", "day"),
    }.items():
        assert grouped(days, *keys) == in_our_words(totals[name], depth=len(keys)), name
    aliases = totals["alias_A"]
    priced = [{**each, "group": aliases.get(each["group"], each["group"])} for each in days]
    by_priced = grouped(priced, "group", "day")
    for model, by_day in in_our_words(totals["by_priced_model_and_day"], depth=2).items():
        assert by_priced[model] == by_day
    eastern = grouped(buckets(app, "day", "Asia/Shanghai"), "day")
    assert eastern == in_our_words(totals["by_day_utc_plus_8h"], depth=1)
    by_month = grouped(buckets(app, "month"), "account", "month")
    assert by_month == in_our_words(totals["by_account_and_month"], depth=2)


def in_our_words(sums: dict, *, depth: int) -> dict:
    if depth == 0:
        return totals_of(sums)
    return {key: in_our_words(part, depth=depth - 1) for key, part in sums.items()}


def test_replay_gives_exactly_its_totals(
    app: Flask, totals: dict, trace: list[dict], by_gateway: dict[str, str]
) -> None:
    once = {"accepted": len(trace), "duplicates": 0, "conflicts": 0}
    assert post_all(app, trace, by_gateway) == once
    check_totals(app, totals)
    exact = usage_sample.exact_cost_nanos(trace, totals)
    assert sum(row.cost_nanos for row in session.query(UsageMonthly)) == exact
    before = rollups()

    shuffled = random.Random(2023).sample(trace, len(trace))
    parts = [shuffled[number::CLIENTS] for number in range(CLIENTS)]
    works = [lambda part=part: post_all(app, part, by_gateway) for part in parts]
    answers = in_parallel(app, works)
    assert sum(answer["duplicates"] for answer in answers) == len(trace)
    assert rollups() == before
    assert verify_books() == []


# Where posts of different accounts do run at the same time; SQLite has one writer.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_four_clients_at_once_give_exactly_its_totals(
    app: Flask, totals: dict, trace: list[dict], by_gateway: dict[str, str]
) -> None:
    dice = random.Random(2025)
    # Every record comes from two of the four clients, from each in an order of its own.
    halves = [trace[number::2] for number in range(2)] * 2
    parts = [dice.sample(half, len(half)) for half in halves]
    works = [lambda part=part: post_all(app, part, by_gateway) for part in parts]
    answers = in_parallel(app, works)
    assert sum(answer["accepted"] for answer in answers) == len(trace)
    assert sum(answer["duplicates"] for answer in answers) == len(trace)
    check_totals(app, totals)
    assert verify_books() == []

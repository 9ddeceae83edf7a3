"""A proof that cannot fail proves nothing: each of them finds what it is there for."""

import random
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from app.domain.usage.models import BillingRecord, UsageMonthly
from app.foundation import clock
from app.foundation.database import session, transaction
from tests.databases import on_sqlite
from tests.factories.usage import make_report, record
from tests.gateways.litellm_proxy import Answered, differences
from tests.proofs import trace
from tests.proofs.load import Load, check_records, check_sums, open_load
from tests.proofs.test_races import counted_once
from tests.proofs.test_thirty_days import RESIDENT_MIB_MAX, check_memory

FOUND = pytest.raises(AssertionError)
POSTED = {"request_id": "req-1", "completion_tokens": 1}
OTHER = {"request_id": "req-1", "completion_tokens": 2}


@pytest.fixture
def load(app: Flask) -> Load:
    """Clients to whom three requests were acknowledged; they are there."""
    load = open_load("http://127.0.0.1:1", dice=random.Random(1))
    posted = list(trace.requests_of(load.dice, 3, name="req", now=clock.now()))
    load.acknowledged.update({str(each["request_id"]): each for each in posted})
    put_down(posted)
    return load


def put_down(posted: list[dict]) -> None:
    """Record what was posted, past everything that is proven here."""
    kept = {name: None for name in ("occurred_at",)}
    record([make_report(**{**each, **kept, "provider": None}) for each in posted], now=clock.now())


def change(statement: sa.UpdateBase) -> None:
    with transaction():
        session.execute(statement)


@on_sqlite
class TestCheckRecords:
    def test_is_content_with_what_is_there(self, load: Load) -> None:
        check_records(load)
        check_sums(load)

    def test_finds_what_is_lost(self, load: Load) -> None:
        change(sa.delete(BillingRecord).where(BillingRecord.request_id == "req-1"))
        with FOUND:
            check_records(load)

    def test_finds_what_nobody_has_posted(self, load: Load) -> None:
        load.acknowledged.pop("req-1")
        with FOUND:
            check_records(load)

    @pytest.mark.parametrize("arrived", [1, 2, 3, 4])
    def test_finds_a_batch_that_is_there_by_half(self, load: Load, arrived: int) -> None:
        batch = list(trace.requests_of(load.dice, 5, name="unknown", now=clock.now()))
        load.unknown.append(batch)
        put_down(batch[:arrived])
        with FOUND:
            check_records(load)

    @pytest.mark.parametrize("arrived", [0, 5])
    def test_takes_all_of_a_batch_or_nothing(self, load: Load, arrived: int) -> None:
        batch = list(trace.requests_of(load.dice, 5, name="unknown", now=clock.now()))
        load.unknown.append(batch)
        put_down(batch[:arrived])
        check_records(load)
        assert len(load.acknowledged) == 3 + arrived

    def test_finds_a_sum_that_is_wrong(self, load: Load) -> None:
        change(sa.update(UsageMonthly).values(final_nanos=UsageMonthly.final_nanos + 1))
        with FOUND:
            check_sums(load)


@pytest.mark.parametrize(
    "answered",
    [
        [(POSTED, "accepted"), (POSTED, "accepted")],
        [(POSTED, "duplicate"), (POSTED, "duplicate")],
        [(POSTED, "accepted"), (OTHER, "duplicate")],
        [(POSTED, "accepted"), (POSTED, "conflict")],
        [(POSTED, "accepted"), (OTHER, "accepted")],
        [({"request_id": "broken-1"}, "accepted")],
    ],
)
def test_a_race_is_found_by_what_was_answered(answered: list) -> None:
    with FOUND:
        counted_once(answered)


@pytest.mark.parametrize(
    "held", [lambda n: 100 + n, lambda n: RESIDENT_MIB_MAX + 1], ids=["grows", "is large"]
)
def test_a_process_that_holds_too_much_is_found(held: Callable[[int], float]) -> None:
    check_memory({"web": [100.0] * 200})
    with FOUND:
        check_memory({"worker": [held(number) for number in range(200)]})


def test_what_litellm_bills_wrongly_is_found() -> None:
    one, other = Answered("ada", "gpt-4o", 10, 20), Answered("ben", "gpt-4o", 10, 20)
    assert differences([one, other, one], [one, one, other]) == []
    assert differences([one], []) and differences([], [one])
    assert differences([one], [one, one]) and differences([one], [other])

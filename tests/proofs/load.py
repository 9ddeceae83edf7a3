"""Clients that post without pause, and know what was acknowledged to them and what was not."""

import random
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, cycle

import sqlalchemy as sa

from app.domain.usage.models import BillingRecord, UsageMonthly
from app.foundation import clock
from app.foundation.database import end_reading, session
from app.foundation.secret_keys import KeyKind
from tests.factories.accounts import make_key
from tests.proofs import trace
from tests.proofs.gateway_client import GatewayClient, Record, Unanswered

CLIENTS = 8
BATCH_MAX = 40
PAUSE_SECONDS = 0.05
# Whoever posts without any pause only slows down those that are being started.
BREATH_SECONDS = 0.02
ANSWERED_WITHIN_SECONDS = 60
# How likely a client gives up on what nobody answers, repeats something old, and a customer moves.
GIVES_UP, REPEATS, MOVES = 0.5, 0.1, 0.05
ZONES = ("UTC", "Asia/Kolkata", "America/New_York")
TAKEN = {"accepted", "unpriced"}


@dataclass
class Load:
    """The clients, with what they know; each goes on elsewhere where its server is gone."""

    addresses: Sequence[str]
    key: str
    customers: dict[str, str]
    dice: random.Random
    acknowledged: dict[str, Record] = field(default_factory=dict)
    unknown: list[Sequence[Record]] = field(default_factory=list)
    unanswered: int = 0
    _is_on: threading.Event = field(default_factory=threading.Event)
    _runs: Iterator[int] = field(default_factory=count)

    @contextmanager
    def posting(self) -> Iterator[None]:
        """Let all clients post meanwhile; in the end each of them has its last answer."""
        run = next(self._runs)
        self._is_on.set()
        with ThreadPoolExecutor(CLIENTS) as pool:
            clients = [
                pool.submit(self._post_on, f"{run}-{number}", self.dice.random())
                for number in range(CLIENTS)
            ]
            try:
                yield
            finally:
                self._is_on.clear()
        for client in clients:
            client.result()

    def _post_on(self, name: str, seed: float) -> None:
        """Post new batches; where nobody answers, go on at the next address."""
        dice, numbers = random.Random(seed), count()
        addresses = cycle(dice.sample(self.addresses, len(self.addresses)))
        with GatewayClient(next(addresses), self.key) as client:
            while self._is_on.is_set():
                batch = self._batch(f"{name}-{next(numbers)}", dice)
                gives_up = dice.random() < GIVES_UP
                deadline = time.monotonic() + ANSWERED_WITHIN_SECONDS
                while not self._is_answered(client, batch):
                    assert time.monotonic() < deadline, "nobody answers any more"
                    time.sleep(PAUSE_SECONDS)
                    client.go_to(next(addresses))
                    if gives_up:
                        break
                time.sleep(dice.uniform(0, BREATH_SECONDS))
                if dice.random() < MOVES:
                    self._move(client.address, dice)

    def _batch(self, name: str, dice: random.Random) -> Sequence[Record]:
        size = dice.choice((1, dice.randrange(2, BATCH_MAX)))
        batch = list(trace.requests_of(dice, size, name=name, now=clock.now()))
        if dice.random() < REPEATS and self.acknowledged:
            batch.append(dice.choice(list(self.acknowledged.values())))
        return batch

    def _is_answered(self, client: GatewayClient, batch: Sequence[Record]) -> bool:
        try:
            statuses = client.post(batch)
        except Unanswered:
            self.unanswered += 1
            self.unknown.append(batch)
            return False
        assert set(statuses) <= {*TAKEN, "duplicate"}, statuses
        self.acknowledged.update({str(record["request_id"]): record for record in batch})
        return True

    def _move(self, address: str, dice: random.Random) -> None:
        """Let a customer move to another zone: the worker cuts his hours and days anew."""
        user_id, zone = dice.choice(list(self.customers)), dice.choice(ZONES)
        with GatewayClient(address, self.customers[user_id]) as customer:
            try:
                customer.call("PUT", "/v1/billing/settings", {"timezone": zone})
            except Unanswered:
                self.unanswered += 1


def open_load(*addresses: str, dice: random.Random) -> Load:
    """Open the accounts of the trace, and give the gateway and the customers their keys."""
    now = clock.now()
    trace.open_accounts(now=now)
    customers = {
        name: make_key(KeyKind.CUSTOMER, user_id=name, now=now).text for name in trace.PAYG
    }
    return Load(addresses, make_key(KeyKind.GATEWAY, now=now).text, customers, dice)


def check_records(load: Load) -> None:
    """Hold the records to what was acknowledged: each is there once, and no batch by half."""
    end_reading()
    columns = (BillingRecord.request_id, BillingRecord.user_id, BillingRecord.total_tokens)
    rows = session.execute(sa.select(*columns)).all()
    end_reading()
    there = {request_id: (user_id, tokens) for request_id, user_id, tokens in rows}
    assert len(there) == len(rows), "a request is there twice"
    lost = load.acknowledged.keys() - there.keys()
    assert not lost, f"{len(lost)} acknowledged records are gone: {sorted(lost)[:3]}"
    for batch in load.unknown:
        _learn(load, batch, there.keys())
    load.unknown.clear()
    expected = {
        request_id: (record["user_id"], trace.total_of(record))
        for request_id, record in load.acknowledged.items()
    }
    assert there == expected


def _learn(load: Load, batch: Sequence[Record], there: Sequence[str]) -> None:
    """Learn what became of a batch that nobody has answered: all of it is there, or nothing."""
    new = [record for record in batch if record["request_id"] not in load.acknowledged]
    arrived = [record for record in new if record["request_id"] in there]
    assert len(arrived) in (0, len(new)), f"{len(arrived)} records of a batch of {len(batch)}"
    load.acknowledged.update({str(record["request_id"]): record for record in arrived})


def check_sums(load: Load) -> None:
    """Hold the sums that invoices are made of to the oracle's."""
    sums = sa.select(UsageMonthly.user_id, sa.func.sum(UsageMonthly.final_nanos))
    rows = session.execute(sums.group_by(UsageMonthly.user_id)).all()
    end_reading()
    expected = trace.final_nanos_of(load.acknowledged.values())
    assert {user_id: int(nanos) for user_id, nanos in rows} == expected

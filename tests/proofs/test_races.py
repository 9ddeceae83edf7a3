"""Thirty-two clients replay one trace against each other, and it counts once.

Each posts all of it in an order of its own, a fifth of it again, with requests under ids that are
taken and records that are broken among them: over real HTTP, in batches of any size. Whoever
comes first with an id has it, so the totals are those of what was answered "accepted", and the
oracle works them out by itself.
"""

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from threading import Barrier

import pytest
from flask import Flask

from app.config import Settings
from app.foundation import clock
from app.foundation.secret_keys import KeyKind
from tests.books import check_books
from tests.factories.accounts import make_key
from tests.proofs import trace
from tests.proofs.gateway_client import GatewayClient, Record, Unanswered
from tests.proofs.programs import WebServer, running
from tests.proofs.sizes import sized

CLIENTS = 32
REQUESTS = sized(400, long=5_000)
REPEATED, CONFLICTING, BROKEN = 20, 1, 1
BATCH_MAX = 100
ANSWERS = {"accepted", "unpriced", "duplicate", "conflict", "rejected"}
TAKEN = {"accepted", "unpriced"}

Answered = list[tuple[Record, str]]


def parts_of(whole: Sequence[Record], percent: int, dice: random.Random) -> list[Record]:
    return dice.sample(whole, max(len(whole) * percent // 100, 1))


def postings(requests: Sequence[Record], dice: random.Random) -> list[Record]:
    """Return what each client posts: the trace, and what must not be counted beside it."""
    conflicting = parts_of(requests, CONFLICTING, dice)
    wrong = parts_of(requests, BROKEN, dice)
    return [
        *requests,
        *parts_of(requests, REPEATED, dice),
        *(trace.in_conflict_with(record) for record in conflicting),
        *(trace.broken(record, dice) for record in wrong),
    ]


def batches_of(records: Sequence[Record], dice: random.Random) -> Iterator[Sequence[Record]]:
    start = 0
    while start < len(records):
        size = dice.choice((1, dice.randrange(2, BATCH_MAX)))
        yield records[start : start + size]
        start += size


def replay(server: WebServer, key: str, posted: Sequence[Record], number: int) -> Answered:
    """Post everything in an order of this client's own; what nobody answered is posted again."""
    dice = random.Random(number)
    answered: Answered = []
    with GatewayClient(server.address, key) as client:
        for batch in batches_of(dice.sample(posted, len(posted)), dice):
            while (statuses := tried(client, batch)) is None:
                pass
            answered += zip(batch, statuses, strict=True)
    return answered


def tried(client: GatewayClient, batch: Sequence[Record]) -> list[str] | None:
    try:
        return client.post(batch)
    except Unanswered:
        return None


def replay_all(server: WebServer, key: str, posted: Sequence[Record]) -> Answered:
    start = Barrier(CLIENTS)

    def client(number: int) -> Answered:
        start.wait()
        return replay(server, key, posted, number)

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [each for answered in pool.map(client, range(CLIENTS)) for each in answered]


def counted_once(answered: Answered) -> list[Record]:
    """Return what was taken, having held every answer to the one that took its id."""
    by_id: dict[object, Answered] = defaultdict(list)
    for record, status in answered:
        assert status in ANSWERS, (record, status)
        by_id[record["request_id"]].append((record, status))
    taken = []
    for request_id, answers in by_id.items():
        first = [record for record, status in answers if status in TAKEN]
        if str(request_id).startswith("broken-"):
            assert {status for _, status in answers} == {"rejected"}, answers
            continue
        assert len(first) == 1, f"{request_id} was taken {len(first)} times"
        others = {status for record, status in answers if record == first[0]} - TAKEN
        unequal = {status for record, status in answers if record != first[0]}
        assert others <= {"duplicate"} and unequal <= {"conflict"}, answers
        taken += first
    return taken


def asked(server: WebServer, user_id: str, path: str) -> dict:
    key = make_key(KeyKind.CUSTOMER, user_id=user_id, now=clock.now())
    with GatewayClient(server.address, key.text) as client:
        status, answered = client.call("GET", f"/v1/billing{path}")
    assert status == 200, answered
    return json.loads(answered, parse_float=Decimal)


def usage_there(server: WebServer, user_id: str) -> dict:
    since, until = (clock.now() - trace.SPAN).date(), clock.now().date() + timedelta(days=1)
    days = asked(server, user_id, f"/usage?from={since}&to={until}&granularity=day")
    found = {}
    for bucket in days["buckets"]:
        sums = {name: bucket[name] for name in ("requests", *trace.COUNTS)}
        found[user_id, bucket["group"], bucket["start"][:10]] = (sums, Decimal(bucket["cost"]))
    return found


def check_totals(server: WebServer, taken: Iterable[Record]) -> None:
    """Hold what customers are shown against what the oracle says."""
    taken = list(taken)
    expected = {}
    for key, sums in trace.usage_of(taken).items():
        cost = trace.usd(sums.pop("cost_nanos"))
        expected[key] = ({name: sums[name] for name in ("requests", *trace.COUNTS)}, cost)
    users = (*trace.PAYG, *trace.PLANNED)
    shown = {key: value for user in users for key, value in usage_there(server, user).items()}
    assert shown == expected
    final, tokens = trace.final_nanos_of(taken), trace.tokens_of(taken)
    for user in users:
        stats = asked(server, user, "/stats")
        quota = trace.QUOTA if user in trace.PLANNED else 0
        assert Decimal(stats["total_cost"]) == trace.usd(final[user]), user
        assert stats["tokens_used"] == tokens[user]
        assert stats["tokens_remaining"] == max(quota - tokens[user], 0)


@pytest.fixture
def key(app: Flask) -> str:
    """The key of the gateway; the accounts stand as the test begins."""
    trace.open_accounts(now=clock.now())
    return make_key(KeyKind.GATEWAY, now=clock.now()).text


def test_what_thirty_two_clients_post_counts_once(
    key: str, settings: Settings, tmp_path: Path
) -> None:
    dice = random.Random(32)
    requests = list(trace.requests_of(dice, REQUESTS, name="race", now=clock.now()))
    posted = postings(requests, dice)
    server = WebServer(settings, tmp_path)
    with running(server):
        answered = replay_all(server, key, posted)
        taken = counted_once(answered)
        assert len(answered) == CLIENTS * len(posted)
        assert {record["request_id"] for record in taken} == {r["request_id"] for r in requests}
        check_totals(server, taken)
    check_books()

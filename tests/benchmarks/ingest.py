"""Ingest over HTTP, against what the database alone does with the very same rows."""

from collections.abc import Iterator, Sequence
from statistics import median

import sqlalchemy as sa

from tests.benchmarks.bare import PostedRows
from tests.benchmarks.gateway import Gateway, open_accounts
from tests.benchmarks.load import Answered, request_bytes, send_all
from tests.benchmarks.measuring import Figure
from tests.benchmarks.servers import (
    empty_server,
    largest_process_mib,
    migrated_app,
    migrated_app_on_sqlite,
    web_server,
)

BATCHES = 40
# The machine's own speed moves by half within a minute: what is compared is done in turn.
ROUNDS = 3
HUNDREDS = 200
QUESTIONS = 2_000
# Until then, every batch meets accounts, models and keys for the first time.
WARM_UP = 25


def measure(server: sa.URL) -> Iterator[Figure]:
    """Post batches and single records, then put the same rows back without us."""
    with migrated_app(server) as app:
        key = open_accounts()
        with web_server(app) as (base_url, pid):
            gateway = Gateway(base_url, key)
            gateway.post_batches(1_000, connections=4, number=WARM_UP)
            in_turn = [_one_client_and_copy(gateway) for _ in range(ROUNDS)]
            four = gateway.post_batches(1_000, connections=4, number=BATCHES)
            hundreds = gateway.post_batches(100, connections=8, number=HUNDREDS)
            eight = gateway.post_singles(connections=8)
            spread = gateway.post_batches(100, connections=4, number=HUNDREDS // 2)
            hot = gateway.post_batches(100, connections=4, number=HUNDREDS // 2, accounts=1)
            with empty_server() as empty:
                asked = [_questions_and_empty(gateway, empty) for _ in range(ROUNDS)]
            memory = largest_process_mib(pid)
            rows = PostedRows()
            singly = [_singles_and_bare(gateway) for _ in range(ROUNDS)]
        yield from _of_one_client(in_turn)
        yield from _against_the_database(rows, four, hundreds)
        yield from _singles(eight, singly)
    ratio = hot.per_second / spread.per_second
    yield Figure("batches of 100, one hot account ÷ spread over 1,000", ratio, "", at_least=0.7)
    yield from _on_sqlite(1_000 * four.per_second)
    yield from _questions(asked)
    yield Figure("one web process after the load", memory, "MiB", at_most=200)


def _one_client_and_copy(gateway: Gateway) -> tuple[float, float]:
    """Return how many rows a second one client posts, and how many COPY takes right after it."""
    posted = gateway.post_batches(1_000, connections=1, number=BATCHES // 2)
    return 1_000 * posted.per_second, PostedRows().copied_per_second(1_000)


def _of_one_client(in_turn: Sequence[tuple[float, float]]) -> Iterator[Figure]:
    one = median(posted for posted, _copied in in_turn)
    ratio = median(posted / copied for posted, copied in in_turn)
    yield Figure("batches of 1,000 over HTTP, 1 client", one, "rows/s")
    yield Figure("batches of 1,000, 1 client ÷ raw COPY", ratio, "", at_least=0.25)


def _against_the_database(
    rows: PostedRows, thousands: Answered, hundreds: Answered
) -> Iterator[Figure]:
    copied = rows.copied_per_second(1_000)
    thousand, hundred = (rows.inserted_per_second(size) for size in (1_000, 100))
    ours = 1_000 * thousands.per_second
    yield Figure("batches of 1,000 over HTTP, 4 clients", ours, "rows/s")
    yield Figure("raw COPY of the same rows, 1 connection", copied, "rows/s")
    yield Figure("batches of 1,000, 4 clients ÷ raw COPY", ours / copied, "", at_least=0.4)
    yield Figure("bare set-based inserts of 1,000, 4 writers", thousand, "rows/s")
    yield Figure("batches of 1,000 ÷ bare inserts", ours / thousand, "", at_least=0.6)
    ours = 100 * hundreds.per_second
    yield Figure("batches of 100 over HTTP, 8 clients", ours, "rows/s")
    yield Figure("bare set-based inserts of 100, 4 writers", hundred, "rows/s")
    yield Figure("batches of 100 ÷ bare inserts", ours / hundred, "", at_least=0.55)


def _singles_and_bare(gateway: Gateway) -> tuple[Answered, float]:
    """Return single posts, and how many rows a second are put back singly right after them."""
    posted = gateway.post_singles(connections=32)
    return posted, PostedRows().inserted_alone_per_second()


def _singles(eight: Answered, in_turn: Sequence[tuple[Answered, float]]) -> Iterator[Figure]:
    middle = sorted((each for each, _bare in in_turn), key=lambda each: each.percentile_ms(99))
    ratio = median(posted.per_second / bare for posted, bare in in_turn)
    yield from _of_singles("single posts, 8 connections", eight)
    yield from _of_singles("single posts, 32 connections", middle[ROUNDS // 2], p99_at_most=25)
    bare = median(bare for _posted, bare in in_turn)
    yield Figure("bare inserts of one row, 4 writers", bare, "rows/s")
    yield Figure("single posts ÷ bare inserts, in turn", ratio, "", at_least=0.7)


def _of_singles(
    name: str, answered: Answered, *, p99_at_most: float | None = None
) -> Iterator[Figure]:
    yield Figure(name, answered.per_second, "posts/s")
    yield Figure(f"{name}, p50", answered.percentile_ms(50), "ms")
    yield Figure(f"{name}, p99", answered.percentile_ms(99), "ms", at_most=p99_at_most)


def _on_sqlite(on_postgresql: float) -> Iterator[Figure]:
    with migrated_app_on_sqlite() as app:
        key = open_accounts()
        with web_server(app) as (base_url, _pid):
            gateway = Gateway(base_url, key)
            gateway.post_batches(1_000, connections=4, number=WARM_UP)
            batches = gateway.post_batches(1_000, connections=4, number=BATCHES // 2)
            hundreds = gateway.post_batches(100, connections=8, number=HUNDREDS // 2)
            eight, many = (gateway.post_singles(connections=number) for number in (8, 32))
    ours = 1_000 * batches.per_second
    yield Figure("batches of 1,000 on SQLite, 4 clients", ours, "rows/s")
    yield Figure("batches on SQLite ÷ PostgreSQL", ours / on_postgresql, "", at_least=0.3)
    hundred = 100 * hundreds.per_second
    yield Figure("batches of 100 on SQLite, 8 clients", hundred, "rows/s")
    yield from _of_singles("single posts on SQLite, 8 connections", eight)
    yield from _of_singles("single posts on SQLite, 32 connections", many)


def _questions_and_empty(gateway: Gateway, empty_url: str) -> tuple[float, float]:
    """Return how many questions a second are answered, and how many empty calls after them."""
    asked = gateway.ask_entitlements(QUESTIONS)
    requests = [request_bytes("GET", "/")] * QUESTIONS
    empty = send_all(empty_url, requests, connections=8, seconds_max=8)
    return asked.per_second, empty.per_second


def _questions(in_turn: Sequence[tuple[float, float]]) -> Iterator[Figure]:
    asked, empty = (median(each) for each in zip(*in_turn, strict=True))
    ratio = median(asked / empty for asked, empty in in_turn)
    yield Figure("entitlements, 8 connections", asked, "asked/s")
    yield Figure("an empty Flask endpoint, same server", empty, "asked/s")
    yield Figure("entitlement ÷ empty endpoint, in turn", ratio, "", at_least=0.5)

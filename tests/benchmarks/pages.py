"""Pages: those of an account with very many records against those of one with ten thousand."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.benchmarks import history
from tests.benchmarks.measuring import Figure, is_long, medians_in_turn
from tests.benchmarks.servers import migrated_app

SMALL, LARGE, HUGE = 10_000, 1_000_000, 10_000_000
DAYS = timedelta(days=90)
RUNS = 40
PASSWORD = "a password for the bench"
RECORDS = "/usage/records"
# By name: the address, and how much longer it may take however long the history is.
PAGES = {
    "overview": ("/", 1.2),
    "usage": ("/usage", 1.2),
    "usage by hour": ("/usage?range=7d&granularity=hour&group_by=api_key", 1.2),
    "records page": (RECORDS, 1.5),
}
CSV = "/usage/records.csv"


def measure(server: sa.URL) -> Iterator[Figure]:
    """Time the pages of all accounts in turn, in one process, through the whole app."""
    sizes = (SMALL, LARGE, HUGE) if is_long() else (SMALL, LARGE)
    now = datetime.now(UTC)
    with migrated_app(server) as app:
        clients = {}
        for size in sizes:
            history.open_accounts(f"rows{size}-", 1, now=now - DAYS, password=PASSWORD)
            history.use(f"rows{size}-", each=size, since=now - DAYS, until=now)
            clients[size] = _signed_in(app, f"rows{size}-0@example.com")
        for name, (address, most) in PAGES.items():
            asked = {size: _page(client, address) for size, client in clients.items()}
            yield from _compared(name, asked, at_most=most)
        first_bytes = {size: _first_byte(client) for size, client in clients.items()}
        yield from _compared("first byte of the records' CSV", first_bytes, at_most=1.5)


def _compared(
    name: str, asked: dict[int, Callable[[], object]], *, at_most: float
) -> Iterator[Figure]:
    taken = medians_in_turn(asked, runs=RUNS)
    for size, seconds in taken.items():
        yield Figure(f"{name}, {size:,} records", seconds * 1000, "ms")
    for size in list(taken)[1:]:
        ratio = taken[size] / taken[SMALL]
        yield Figure(f"{name}, {size:,} ÷ {SMALL:,}", ratio, "", at_most=at_most)


def _signed_in(app: Flask, email: str) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    assert client.post("/login", data={"email": email, "password": PASSWORD}).status_code == 302
    return client


def _page(client: FlaskClient, address: str) -> Callable[[], object]:
    # The records alone are a part of a page, and come only to whoever asks for a part.
    headers = {"HX-Request": "true"} if address == RECORDS else {}
    assert client.get(address, headers=headers).status_code == 200
    return lambda: client.get(address, headers=headers)


def _first_byte(client: FlaskClient) -> Callable[[], object]:
    def read() -> bytes:
        answer = client.get(CSV)
        chunks = answer.iter_encoded()
        # The line of names comes before anything is read.
        begun = next(chunks) + next(chunks)
        answer.close()
        return begun

    assert b"\n" in read()
    return read

"""Ingest: batches over HTTP against a raw COPY into the same table with the same indexes."""

import http.client
import json
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Flask

from app.domain.accounts import operations as accounts
from app.domain.usage.models import BillingRecord
from app.foundation.database import db, session, transaction
from app.foundation.secret_keys import KeyKind
from app.workflows.sign_up import sign_up
from tests.benchmarks.measuring import Figure
from tests.benchmarks.servers import largest_process_mib, migrated_app, web_server

ACCOUNTS = 1000
BATCH = 1000
BATCHES = 30
# Until then, every batch meets accounts, models and keys for the first time.
WARM_UP = 25
MODELS = ("gpt-4", "gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "gemini-2.5-flash")


def measure(server: sa.URL) -> Iterator[Figure]:
    """Post batches with one client, then COPY the very same rows into an emptied table."""
    with migrated_app(server) as app:
        key = _world()
        with web_server(app) as (base_url, pid):
            ours = _post_batches(base_url, key)
            memory = largest_process_mib(pid)
        raw = _copy(app)
    yield Figure("batches of 1,000 over HTTP, one client", ours, "rows/s")
    yield Figure("raw COPY into the same table with its indexes", raw, "rows/s")
    yield Figure("batches over HTTP ÷ raw COPY", ours / raw, "", at_least=0.25)
    yield Figure("one web process after the load", memory, "MiB", at_most=200)


def _world() -> str:
    now = datetime.now(UTC)
    with transaction():
        for number in range(ACCOUNTS):
            sign_up(f"bench{number}@example.com", user_id=f"bench-{number}", now=now)
        return accounts.make_key(KeyKind.GATEWAY, name="bench", now=now).text


def _post_batches(base_url: str, key: str) -> float:
    address = urlsplit(base_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    bodies = [_batch(number) for number in range(WARM_UP + BATCHES)]
    started = time.perf_counter()
    for number, body in enumerate(bodies):
        if number == WARM_UP:
            started = time.perf_counter()
        connection.request("POST", "/v1/billing/usage", body, headers)
        answer = json.loads(connection.getresponse().read())
        assert answer["accepted"] == BATCH, answer
    seconds = time.perf_counter() - started
    connection.close()
    return BATCH * BATCHES / seconds


def _batch(number: int) -> bytes:
    drawn = random.Random(number)
    now = datetime.now(UTC)
    records = [
        {
            # Few accounts use much and many use little.
            "user_id": f"bench-{int(ACCOUNTS * drawn.random() ** 3)}",
            "request_id": f"bench-{number}-{index}-{drawn.getrandbits(48):x}",
            "model": drawn.choice(MODELS),
            "provider": "openai",
            "prompt_tokens": drawn.randrange(20, 4000),
            "completion_tokens": drawn.randrange(5, 900),
            "occurred_at": (now - timedelta(seconds=drawn.randrange(3600))).isoformat(),
            "api_key_alias": drawn.choice(("prod", "staging", "batch")),
        }
        for index in range(BATCH)
    ]
    return json.dumps({"records": records}).encode()


def _copy(app: Flask) -> float:
    """Take the posted rows out and put them back by COPY; return rows a second."""
    columns = ", ".join(column.name for column in BillingRecord.__table__.columns)
    session.rollback()
    engine: sa.Engine = db.engine
    with engine.connect() as connection:
        raw = connection.connection.cursor()
        with raw.copy(f"COPY (SELECT {columns} FROM billing_records) TO STDOUT") as copied:
            rows = b"".join(bytes(block) for block in copied)
        raw.execute("TRUNCATE billing_records, usage_corrections")
        connection.connection.commit()
        started = time.perf_counter()
        # The same transactions: one for every thousand rows, each durable before the next.
        lines = rows.splitlines(keepends=True)
        for start in range(0, len(lines), BATCH):
            statement = f"COPY billing_records ({columns}) FROM STDIN"
            with raw.copy(statement) as copying:
                copying.write(b"".join(lines[start : start + BATCH]))
            connection.connection.commit()
        return len(lines) / (time.perf_counter() - started)

"""The books: how long it takes to close a month, and to verify what was recorded."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from flask import Flask

from app.domain.invoices.operations import Seller
from app.foundation.database import transaction
from app.foundation.periods import BillingMonth
from app.workflows.close_month import close_month
from app.workflows.find_months_to_close import note_closed_for_all
from app.workflows.keep_checkpoint import keep_checkpoint
from app.workflows.verify_books import verify_books, verify_books_in_full
from tests.benchmarks import history
from tests.benchmarks.measuring import Figure, is_long
from tests.benchmarks.servers import environment_of, highest_mib, migrated_app
from tests.databases import ROOT

SELLER = Seller(name="Bench", address="1 Main St", country="DE", vat_id="DE123456789")
# Half a dollar each: two of them make an invoice.
NANOS = 500_000_000
RECORDS, ACCOUNTS, DAYS = 1_000_000, 1_000, timedelta(days=90)
CLOSED, CLOSED_WHEN_LONG, RECORDS_OF_EACH = 5_000, 100_000, 2
HOUR = timedelta(hours=1)
LOOK_SECONDS = 0.05


def measure(server: sa.URL) -> Iterator[Figure]:
    """Close the month of many accounts; verify a million records with and without a checkpoint."""
    yield from _closing(server, CLOSED_WHEN_LONG if is_long() else CLOSED)
    yield from _verifying(server)


def _closing(server: sa.URL, number: int) -> Iterator[Figure]:
    month = BillingMonth.of(datetime.now(UTC)).plus(-1)
    since, until = month.period.starts_at, month.period.ends_at
    with migrated_app(server) as app:
        history.open_accounts("closed-", number, now=since)
        history.use("closed-", each=RECORDS_OF_EACH, since=since, until=until, nanos=NANOS)
        seconds, used, memory = _run_close(app, month)
    yield Figure(f"close of a month of {number:,} accounts", seconds, "s", at_most=60)
    yield Figure("processor time of that process", used.ru_utime + used.ru_stime, "s")
    yield Figure("memory of that process at its highest", memory, "MiB", at_most=300)


def _run_close(app: Flask, month: BillingMonth) -> tuple[float, resource.struct_rusage, float]:
    """Close the month as an operator does; return the seconds, and what the process used."""
    command = [sys.executable, "-m", "app.entrypoints.cli", "close-month", str(month)]
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment_of(app), cwd=ROOT, stdout=subprocess.DEVNULL
    )
    memory, ended = 0.0, 0
    while not ended:
        # Not from rusage: there a new process begins with what its parent had.
        memory = max(memory, highest_mib(process.pid))
        time.sleep(LOOK_SECONDS)
        ended, status, used = os.wait4(process.pid, os.WNOHANG)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, "the close failed"
    return time.perf_counter() - started, used, memory


def _verifying(server: sa.URL) -> Iterator[Figure]:
    now = datetime.now(UTC)
    with migrated_app(server):
        history.open_accounts("verified-", ACCOUNTS, now=now - DAYS)
        each = RECORDS // ACCOUNTS
        history.use("verified-", each=each, since=now - DAYS, until=now)
        month = BillingMonth.of(now - DAYS)
        while month < BillingMonth.of(now):
            _close(month, now=now - 2 * HOUR)
            month = month.plus(1)
        whole = _seconds(verify_books)
        with transaction():
            keep_checkpoint(now=now)
        since = _seconds(verify_books)
        again = _seconds(verify_books_in_full)
    yield Figure(f"verify {RECORDS:,} records of {ACCOUNTS:,} accounts", whole, "s", at_most=30)
    yield Figure("the same in full, beside a checkpoint", again, "s", at_most=30)
    yield Figure("the same with closed months checkpointed", since, "s", at_most=3)


def _close(month: BillingMonth, *, now: datetime) -> None:
    after: str | None = ""
    while after is not None:
        with transaction():
            done = close_month(month, seller=SELLER, actor="bench", now=now, after=after)
            after = done.next_after
            if after is None:
                note_closed_for_all(month, now=now)


def _seconds(verify: Callable[[], list[str]]) -> float:
    started = time.perf_counter()
    assert verify() == []
    return time.perf_counter() - started

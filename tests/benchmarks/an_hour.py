"""The memory of a web process under an hour of load: batches, single posts, questions and pages."""

import os
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from app.domain.usage.models import BillingRecord
from app.foundation.database import session
from tests.benchmarks import history
from tests.benchmarks.gateway import Gateway, open_accounts
from tests.benchmarks.measuring import Figure, is_long
from tests.benchmarks.pages import DAYS, PASSWORD
from tests.benchmarks.servers import largest_process_mib, migrated_app, web_server
from tests.proofs.browsing import Browser

# For how many minutes; a shorter load says less.
MINUTES = int(os.environ.get("MINUTES", "60"))
TOLD_EVERY = 10
# Of each second: it is long that matters here, and the machine may be at work on other things.
SINGLES, QUESTIONS = 30, 30
BATCH, PAGES = 1_000, 2
# Who looks at pages has used this much before.
LOOKER, RECORDS = "looker-", 10_000


def measure(server: sa.URL) -> Iterator[Figure]:
    """Load the server evenly, and look once a minute at how large its largest process is."""
    if not is_long():
        return
    with migrated_app(server) as app:
        key = open_accounts()
        now = datetime.now(UTC)
        history.open_accounts(LOOKER, 1, now=now - DAYS, password=PASSWORD)
        history.use(LOOKER, each=RECORDS, since=now - DAYS, until=now)
        with web_server(app) as (base_url, pid):
            gateway, seen = Gateway(base_url, key), []
            for minute, size in enumerate(_sizes(gateway, base_url, pid), 1):
                seen.append(size)
                if minute % TOLD_EVERY == 0:
                    name = f"one web process after {minute} minutes of load"
                    yield Figure(name, size, "MiB", at_most=250)
        posted = session.scalar(sa.select(sa.func.count()).select_from(BillingRecord))
    yield Figure("records that were posted meanwhile", posted - RECORDS, "rows")
    if MINUTES > 1:
        name = "of its memory, grown from the third quarter to the last"
        yield Figure(name, _grown(seen), "MiB", at_most=5)


def _sizes(gateway: Gateway, base_url: str, pid: int) -> Iterator[float]:
    dice = random.Random(1)
    with Browser(base_url, f"{LOOKER}0@example.com", PASSWORD) as browser:
        for _minute in range(MINUTES):
            ends = time.monotonic() + 60
            while time.monotonic() < ends:
                _load_for_a_second(gateway, browser, dice)
            yield largest_process_mib(pid)


def _load_for_a_second(gateway: Gateway, browser: Browser, dice: random.Random) -> None:
    until = time.monotonic() + 1
    gateway.post_batches(BATCH, connections=1, number=1)
    gateway.post_singles(connections=8, number=SINGLES)
    gateway.ask_entitlements(QUESTIONS)
    for _ in range(PAGES):
        browser.look(dice)
    time.sleep(max(0.0, until - time.monotonic()))


def _grown(sizes: Sequence[float]) -> float:
    """Return by how much it was larger in the last quarter than in the one before it."""
    quarter = max(1, len(sizes) // 4)
    return statistics.mean(sizes[-quarter:]) - statistics.mean(sizes[:-quarter][-quarter:])

"""Starting: from the command to the first answer, and what the server takes before any load."""

import statistics
import time
from collections.abc import Iterator

import sqlalchemy as sa

from tests.benchmarks.measuring import Figure
from tests.benchmarks.servers import largest_process_mib, migrated_app, web_server

STARTS = 3


def measure(server: sa.URL) -> Iterator[Figure]:
    """Start the web server a few times on a database that is migrated."""
    with migrated_app(server) as app:
        taken = []
        for _ in range(STARTS):
            began = time.perf_counter()
            with web_server(app) as (_base_url, pid):
                taken.append(time.perf_counter() - began)
                memory = largest_process_mib(pid)
    yield Figure("start of the web server until it is ready", statistics.median(taken), "s")
    yield Figure("one web process before any load", memory, "MiB")

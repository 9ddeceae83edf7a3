"""LiteLLM's proxy while we are away: what it keeps is billed once we are back, and nothing twice.

Customers go on asking while nobody listens at our address, and while we answer 503 for our
database is away. LiteLLM is configured by the README's lines, and batches as it does by itself.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from tests.databases import text_of
from tests.gateways.litellm_proxy import (
    CUSTOMERS,
    REPEAT_SECONDS,
    Answered,
    billed,
    call,
    differences,
    litellm,
)
from tests.journeys.installation import Installation
from tests.proofs.postgresql import Postgresql, own_postgresql

# So many ask before and after, and while we are away, one after the other.
AROUND, MEANWHILE, AT_ONCE = 20, 60, 32
# With the README's lines LiteLLM sends a batch again for 1 + 2 + 4 … + 64 seconds.
TRIES_SECONDS = 127
MORE_SECONDS, LOOK_EVERY_SECONDS = 15, 1
# As the README says.
ENVIRONMENT = {"LOGGING_WORKER_MAX_TIME_PER_COROUTINE": "150"}
Act = Callable[[], object]


class WebServer:
    """Our web server, which can be stopped and started again."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._running = ExitStack()

    def start(self) -> None:
        """Run it, and wait until it answers."""
        self._running.enter_context(self._installation.programs("serve"))
        self._installation.wait_until_ready()

    def stop(self) -> None:
        """Let nobody listen at our address."""
        self._running.close()


def outlive(program: str, *, seconds: int) -> list[str]:
    """Be away for so long in either way, and return what is not billed as it was used."""
    with _installation() as (folder, installation, database):
        server = WebServer(installation)
        with _serving(server):
            owners = {f"sk-{name}": installation.customer(name).user_id for name in CUSTOMERS}
            with (
                litellm(program, folder, installation, owners, ENVIRONMENT) as address,
                ThreadPoolExecutor(AT_ONCE) as pool,
            ):
                asking = _Asking(address, owners, pool)
                ways: dict[str, tuple[Act, Act]] = {
                    "nobody listened": (server.stop, server.start),
                    "the database was away": (database.kill, database.start),
                }
                longest = 0.0
                for way, (leave, come_back) in ways.items():
                    away_seconds = _be_away(asking, leave, come_back, seconds=seconds)
                    _wait_for_all(installation, asking.answered())
                    _tell(way, away_seconds, asking.answered(), billed(installation))
                    longest = max(longest, away_seconds)
        assert installation.broken_invariants() == []
        return _wrong(asking.answered(), billed(installation), away_seconds=longest)


@contextmanager
def _serving(server: WebServer) -> Iterator[None]:
    """Run the server, and stop it in the end, however often it was stopped meanwhile."""
    server.start()
    try:
        yield
    finally:
        server.stop()


@contextmanager
def _installation() -> Iterator[tuple[Path, Installation, Postgresql]]:
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="billing-away-")))
        database = running.enter_context(own_postgresql())
        made = Installation(folder, database_url=text_of(database.url))
        installation = running.enter_context(closing(made))
        installation.billing("db", "upgrade")
        installation.open()
        running.enter_context(installation.programs("sandbox", "worker"))
        yield folder, installation, database


class _Asking:
    """Customers of the proxy, and what they got; none waits for another's answer."""

    def __init__(self, address: str, owners: Mapping[str, str], pool: Executor) -> None:
        self._address, self._owners, self._pool = address, owners, pool
        self._asked: list[Future[Answered | None]] = []

    def ask(self, number: int, *, seconds: int = 0) -> None:
        """Let so many ask, spread over a time."""
        for _ in range(number):
            asked = (self._address, len(self._asked), self._owners)
            self._asked.append(self._pool.submit(call, asked))
            time.sleep(seconds / number)

    def answered(self) -> list[Answered]:
        """Return what was answered, once all is that was asked."""
        return [got for one in self._asked if (got := one.result()) is not None]


def _be_away(asking: _Asking, leave: Act, come_back: Act, *, seconds: int) -> float:
    """Be away, and return for how long it was: nobody leaves or comes back at once."""
    asking.ask(AROUND)
    asking.answered()
    left_at = time.monotonic()
    with ThreadPoolExecutor(1) as beside:
        # A server that ends in order takes its time, and listens no more from the first.
        leaving = beside.submit(leave)
        asking.ask(MEANWHILE, seconds=seconds)
        leaving.result()
    come_back()
    away_seconds = time.monotonic() - left_at
    asking.ask(AROUND)
    return away_seconds


def _wait_for_all(installation: Installation, answered: Sequence[Answered]) -> None:
    """Wait until all have come, or until those that have not come will not."""
    deadline = time.monotonic() + TRIES_SECONDS + MORE_SECONDS
    while len(billed(installation)) < len(answered) and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_SECONDS)
    # Whatever it sends once more has time to arrive.
    time.sleep(REPEAT_SECONDS)


def _tell(
    way: str, seconds: float, answered: Sequence[Answered], recorded: Sequence[Answered]
) -> None:
    all_of_them = f"{len(recorded)} of {len(answered)} are billed"
    sys.stdout.write(f"After {seconds:.0f} seconds in which {way}, {all_of_them}.\n")
    sys.stdout.flush()


def _wrong(
    answered: Sequence[Answered], recorded: Sequence[Answered], *, away_seconds: float
) -> list[str]:
    if away_seconds < TRIES_SECONDS:
        return differences(answered, recorded)
    # What LiteLLM has given up is lost; all the same nobody pays for more than he used.
    kept = Counter(answered) & Counter(recorded)
    return differences(list(kept.elements()), recorded)

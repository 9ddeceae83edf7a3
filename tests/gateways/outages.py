"""LiteLLM's proxy while we are away: what it keeps is billed once we are back, and nothing twice.

Customers go on asking while nobody listens at our address, and while we answer 503 for our
database is away. LiteLLM is configured by the README's lines, and batches as it does by itself.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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
AROUND, MEANWHILE, AT_ONCE = 20, 60, 4
# With the README's lines LiteLLM sends a batch again for 1 + 2 + 4 + 8 + 16 seconds.
TRIES_SECONDS = 31
MORE_SECONDS, LOOK_EVERY_SECONDS = 15, 1
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
            with litellm(program, folder, installation, owners, {}) as address:
                asking = _Asking(address, owners)
                ways: dict[str, tuple[Act, Act]] = {
                    "nobody listened": (server.stop, server.start),
                    "the database was away": (database.kill, database.start),
                }
                for way, (leave, come_back) in ways.items():
                    _be_away(asking, leave, come_back, seconds=seconds)
                    _wait_for_all(installation, asking.answered)
                    _tell(way, seconds, asking.answered, billed(installation))
        assert installation.broken_invariants() == []
        return _wrong(asking.answered, billed(installation), seconds=seconds)


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
    """Customers of the proxy, and what they got."""

    def __init__(self, address: str, owners: Mapping[str, str]) -> None:
        self._address, self._owners = address, owners
        self._asked = 0
        self.answered: list[Answered] = []

    def ask(self, number: int, *, seconds: float = 0) -> None:
        """Let so many ask, spread over a time."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            asked = []
            for _ in range(number):
                self._asked += 1
                asked.append(pool.submit(call, (self._address, self._asked, self._owners)))
                time.sleep(seconds / number)
        self.answered += [got for one in asked if (got := one.result()) is not None]


def _be_away(asking: _Asking, leave: Act, come_back: Act, *, seconds: int) -> None:
    asking.ask(AROUND)
    leave()
    asking.ask(MEANWHILE, seconds=seconds)
    come_back()
    asking.ask(AROUND)


def _wait_for_all(installation: Installation, answered: Sequence[Answered]) -> None:
    """Wait until all have come, or until those that have not come will not."""
    deadline = time.monotonic() + TRIES_SECONDS + MORE_SECONDS
    while len(billed(installation)) < len(answered) and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_SECONDS)
    # Whatever it sends once more has time to arrive.
    time.sleep(REPEAT_SECONDS)


def _tell(
    way: str, seconds: int, answered: Sequence[Answered], recorded: Sequence[Answered]
) -> None:
    all_of_them = f"{len(recorded)} of {len(answered)} are billed"
    sys.stdout.write(f"After {seconds} seconds in which {way}, {all_of_them}.\n")
    sys.stdout.flush()


def _wrong(
    answered: Sequence[Answered], recorded: Sequence[Answered], *, seconds: int
) -> list[str]:
    if seconds < TRIES_SECONDS:
        return differences(answered, recorded)
    # What LiteLLM has given up is lost; all the same nobody pays for more than he used.
    kept = Counter(answered) & Counter(recorded)
    return differences(list(kept.elements()), recorded)

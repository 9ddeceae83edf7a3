"""What tests of the command line may ask for: to call it, and a server it can talk to."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

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

"""The commands of `billing` are found by their names, and start with what they need."""

import subprocess
import sys

import click
import pytest

import app
from app.application import create_app
from app.entrypoints.cli import main
from tests.databases import ROOT

LOADED = "import sys, {}; print(*(name for name in {!r} if name in sys.modules))"
HEAVY = ("app.application", "app.domain", "app.wiring", "alembic", "stripe", "prometheus_client")


@pytest.mark.parametrize("name", main.list_commands(click.Context(main)))
def test_each_is_found_by_its_name(name: str) -> None:
    found = main.get_command(click.Context(main), name)
    assert found is not None and found.name == name


def test_one_that_nobody_knows_is_not_found() -> None:
    assert main.get_command(click.Context(main), "serves") is None


@pytest.mark.parametrize(
    ("command", "loaded"),
    # The server gives its place to another program: all that was imported would be imported twice.
    [("serve", "prometheus_client"), ("sandbox", "stripe")],
)
def test_servers_start_without_what_others_need(command: str, loaded: str) -> None:
    program = LOADED.format(f"app.entrypoints.cli.{command}", HEAVY)
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == loaded


def test_the_package_has_the_factory_where_servers_look_for_it() -> None:
    assert app.create_app is create_app
    with pytest.raises(AttributeError, match="has no attribute 'make_app'"):
        app.make_app  # noqa: B018  # asked for, not used

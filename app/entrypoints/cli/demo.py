"""`billing demo`: a world to look at, and traces to replay."""

import click

from app.config import read_settings
from app.entrypoints.cli.demo_loading import load_demo
from app.entrypoints.cli.errors import Failed
from app.entrypoints.cli.replay import replay
from app.foundation import clock


@click.group()
def demo() -> None:
    """Load the demo, or replay a usage trace."""


demo.add_command(replay)


@demo.command()
@click.option("--url", help="The server's address.  [default: BASE_URL, or this machine's PORT]")
def load(*, url: str | None) -> None:
    """Load the demo through a running server, or bring it up to today.

    It is refused where real accounts are. The logins are written to demo.json in INSTANCE_DIR.
    """
    loaded, tally = load_demo(url=url or read_settings().base_url, now=clock.now())
    tally.show()
    if not tally.is_clean:
        raise Failed("The server did not take all of the demo's usage.")
    click.echo(f"The demo is at {loaded.base_url}")

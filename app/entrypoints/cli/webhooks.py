"""`billing webhooks`: the events that payment providers have sent."""

import click

from app.domain.payments import inbox, queries
from app.entrypoints.cli.installation import installation
from app.entrypoints.cli.tables import table
from app.entrypoints.queueing import nudge
from app.foundation import clock
from app.foundation.database import transaction

STATUSES = (inbox.WAITING, inbox.PROCESSED, inbox.IGNORED)


@click.group()
def webhooks() -> None:
    """Look at the events that payment providers have sent, and replay them."""


@webhooks.command("list")
@click.option("--status", type=click.Choice(STATUSES), help="Only those of this status.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many."
)
def list_events(*, status: str | None, limit: int) -> None:
    """List the newest events: what came, what became of it, and what is in the way."""

"""`billing webhooks`: the events that payment providers have sent."""

import click

from app.domain.payments import inbox, queries
from app.domain.payments.views import EventView
from app.entrypoints.cli.installation import installation
from app.entrypoints.cli.tables import print_table
from app.entrypoints.gateways import DEFAULT_PROVIDER
from app.entrypoints.queueing import nudge
from app.foundation import clock
from app.foundation.database import transaction

ACTOR = "operator:command line"
HEADINGS = ("EVENT", "PROVIDER", "TYPE", "STATUS", "TRIES", "RECEIVED", "REMARK")
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
    with installation():
        print_table(HEADINGS, [_row(event) for event in queries.events(status=status, limit=limit)])


@webhooks.command()
@click.argument("event_id")
@click.option("--provider", default=DEFAULT_PROVIDER, show_default=True, help="Who has sent it.")
def replay(event_id: str, *, provider: str) -> None:
    """Look into EVENT_ID once more, whatever was made of it before; it has no effect twice."""
    with installation():
        with transaction():
            inbox.replay(provider, event_id, actor=ACTOR, now=clock.now())
        nudge()
    click.echo(f"The worker will look into {event_id} again.")


def _row(event: EventView) -> tuple[str, ...]:
    return (
        event.event_id,
        event.provider,
        event.event_type,
        event.status,
        str(event.attempts),
        f"{event.received_at:%Y-%m-%d %H:%M:%S}",
        event.ignored_because or event.last_error or "",
    )

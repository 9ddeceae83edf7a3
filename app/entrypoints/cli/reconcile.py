"""`billing reconcile`: ask the payment providers about whatever they have not told us."""

import click

from app.entrypoints.cli.installation import installation
from app.entrypoints.gateways import gateways
from app.foundation import clock
from app.workflows.reconcile_payments import reconcile_payments


@click.command()
def reconcile() -> None:
    """Ask about undecided payments, refunds and missed events now; the worker does it, too."""
    with installation() as settings:
        came_to = reconcile_payments(
            gateways=gateways(), base_url=settings.base_url, now=clock.now()
        )
    click.echo(f"{came_to.attempts_asked} payments asked about")
    click.echo(f"{came_to.refunds_asked} refunds asked about")
    unanswered = came_to.attempts_unanswered + came_to.refunds_unanswered
    click.echo(f"{unanswered} without an answer")
    click.echo(f"{came_to.events_found} missed events found")

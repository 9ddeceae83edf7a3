"""`billing close-month`: invoices a month's usage."""

import gc

import click

from app.config import Settings
from app.entrypoints.cli.actor import ACTOR
from app.entrypoints.cli.installation import installation
from app.entrypoints.cli.months import month_of
from app.entrypoints.selling import seller_of
from app.foundation import clock
from app.foundation.database import transaction
from app.foundation.periods import BillingMonth
from app.workflows.close_month import close_month as close_some
from app.workflows.find_months_to_close import note_closed_for_all


@click.command("close-month")
@click.argument("month", metavar="YYYY-MM")
def close_month(month: str) -> None:
    """Invoice every account's usage of a month that is over.

    It may be interrupted and run again: whoever has his invoice is passed over.
    """
    with installation() as settings:
        issued, carried = _close(month_of(month), settings)
        click.echo(f"{month}: issued invoices: {issued}, small amounts carried: {carried}.")


def _close(month: BillingMonth, settings: Settings) -> tuple[int, int]:
    issued, carried, after = 0, 0, ""
    seller = seller_of(settings)
    # What is imported stays: looking for garbage among it took a quarter of the time.
    gc.freeze()
    while True:
        with transaction():
            now = clock.now()
            done = close_some(month, seller=seller, actor=ACTOR, now=now, after=after)
            if done.next_after is None:
                note_closed_for_all(month, now=now)
        issued, carried = issued + done.issued_count, carried + done.carried_count
        if done.next_after is None:
            return issued, carried
        after = done.next_after

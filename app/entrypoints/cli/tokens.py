"""`billing tokens`: extra tokens given and taken away by hand."""

import click

from app.entrypoints.cli.actor import ACTOR
from app.entrypoints.cli.installation import installation
from app.foundation import clock
from app.foundation.database import transaction
from app.workflows.adjust_tokens import adjust_tokens


@click.group()
def tokens() -> None:
    """Adjust customers' extra tokens."""


# A number below 0 begins like an option, and is none.
@tokens.command(context_settings={"ignore_unknown_options": True})
@click.option("--id", "user_id", required=True, help="The customer's id.")
@click.option("--reason", required=True, help="Why; the customer reads it in his ledger.")
@click.argument("tokens_count", metavar="N", type=int)
def adjust(*, user_id: str, reason: str, tokens_count: int) -> None:
    """Give a customer N extra tokens, or take them away if N is below 0."""
    with installation(), transaction():
        movement = adjust_tokens(user_id, tokens_count, reason=reason, actor=ACTOR, now=clock.now())
    click.echo(f"{user_id} has {movement.balance_after:,} extra tokens.")

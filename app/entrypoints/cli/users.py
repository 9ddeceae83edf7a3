"""`billing users`: accounts of customers and operators, and the tax ids that were checked."""

import json
import secrets

import click

from app.domain.accounts import operations, queries
from app.domain.accounts.models import Role
from app.entrypoints.cli.installation import installation
from app.foundation import clock
from app.foundation.database import transaction
from app.workflows.sign_up import sign_up

PASSWORD_BYTES = 15
ACTOR = "operator:command line"


@click.group()
def users() -> None:
    """Open accounts; approve tax ids."""


@users.command()
@click.option("--id", "user_id", required=True, help="The id the gateway knows the customer by.")
@click.option("--email", required=True, help="The mail address to sign in with.")
@click.option("--password", help="At least 8 characters; without it, one is made and printed.")
@click.option("--operator", is_flag=True, help="Open an operator's account, not a customer's.")
def create(*, user_id: str, email: str, password: str | None, operator: bool) -> None:
    """Open an account, and print it as one JSON object.

    A password that was made here is part of it: this is the only time it is seen.
    """
    made = None if password is not None else secrets.token_urlsafe(PASSWORD_BYTES)
    role = Role.OPERATOR if operator else Role.CUSTOMER
    with installation(), transaction():
        account = sign_up(
            email, user_id=user_id, password=made or password, role=role, now=clock.now()
        )
    opened: dict[str, object] = {
        "user_id": account.id,
        "email": account.email,
        "role": account.role,
        "number": account.number,
    }
    click.echo(json.dumps(opened if made is None else {**opened, "password": made}))


@users.command("approve-tax-id")
@click.option("--id", "user_id", required=True, help="The id of the customer's account.")
def approve_tax_id(*, user_id: str) -> None:
    """Note that you have checked a customer's tax id, and print it as one JSON object.

    From then on the charge may be reversed. It ends when the customer changes id or country.
    """
    with installation(), transaction():
        account = queries.account(user_id)
        chosen = operations.approve_tax_id(account, actor=ACTOR, now=clock.now())
    approved = {"user_id": user_id, "tax_id": chosen.tax_id, "country": chosen.country}
    click.echo(json.dumps(approved))

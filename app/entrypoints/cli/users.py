"""`billing users`: accounts of customers and operators."""

import json
import secrets

import click

from app.domain.accounts.models import Role
from app.entrypoints.cli.installation import installation
from app.foundation import clock
from app.foundation.database import transaction
from app.workflows.sign_up import sign_up

PASSWORD_BYTES = 15


@click.group()
def users() -> None:
    """Open accounts."""


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

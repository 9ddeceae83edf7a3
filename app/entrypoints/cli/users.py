"""`billing users`: accounts of customers and operators, and the tax ids that were checked."""

import json
import secrets

import click

from app.domain.accounts import operations, queries, standing
from app.domain.accounts.models import Role
from app.domain.accounts.rules import check_reason
from app.entrypoints.cli.actor import ACTOR
from app.entrypoints.cli.errors import Failed
from app.entrypoints.cli.installation import installation
from app.entrypoints.sealing import seal
from app.foundation import clock
from app.foundation.database import transaction
from app.foundation.money import minor_from_usd, usd_from_minor
from app.workflows.change_second_factor import remove_factor
from app.workflows.confirm_email_change import confirm_for_old_address
from app.workflows.sign_up import sign_up

PASSWORD_BYTES = 15


@click.group()
def users() -> None:
    """Open accounts, approve tax ids and decide about customers."""


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
        account = queries.account_in_use(user_id)
        chosen = operations.approve_tax_id(account, actor=ACTOR, now=clock.now())
    approved = {"user_id": user_id, "tax_id": chosen.tax_id, "country": chosen.country}
    click.echo(json.dumps(approved))


@users.command()
@click.option("--id", "user_id", required=True, help="The customer's id.")
@click.option("--reason", required=True, help="Why; it is kept in the journal.")
def suspend(*, user_id: str, reason: str) -> None:
    """Tell the gateway not to serve a customer, until `users resume`."""
    with installation(), transaction():
        account = standing.lock_customer(user_id)
        standing.suspend(account, reason=reason, actor=ACTOR, now=clock.now())
    click.echo(f"{user_id} is suspended.")


@users.command()
@click.option("--id", "user_id", required=True, help="The customer's id.")
@click.option("--reason", required=True, help="Why; it is kept in the journal.")
def resume(*, user_id: str, reason: str) -> None:
    """Let a suspended customer go on, whatever he was suspended for."""
    with installation(), transaction():
        account = standing.lock_customer(user_id)
        standing.resume(account, reason=reason, actor=ACTOR, now=clock.now())
    click.echo(f"{user_id} may go on.")


@users.command("remove-factor")
@click.option("--id", "user_id", required=True, help="The id of the account.")
@click.option("--reason", required=True, help="How you know who asks; it is kept in the journal.")
def remove_second_factor(*, user_id: str, reason: str) -> None:
    """Let somebody sign in without a code who has lost phone and recovery codes."""
    with installation(), transaction():
        account, said = queries.account_in_use(user_id), check_reason(reason)
        was_on = remove_factor(account, reason=said, actor=ACTOR, now=clock.now())
    click.echo(f"{user_id} signs in without a code." if was_on else f"{user_id} had none.")


@users.command("confirm-email")
@click.option("--id", "user_id", required=True, help="The id of the account.")
@click.option("--email", required=True, help="The address that is wanted.")
@click.option("--reason", required=True, help="How you know who asks; both addresses are told it.")
def confirm_email(*, user_id: str, email: str, reason: str) -> None:
    """Confirm another address for somebody who has lost the mailbox of the old one.

    The new one must have confirmed; the old one can undo it for 14 days.
    """
    with installation(), transaction():
        account = confirm_for_old_address(
            queries.account_in_use(user_id),
            email=email.strip().lower(),
            reason=check_reason(reason),
            actor=ACTOR,
            seal=seal(),
            now=clock.now(),
        )
        signs_in_with = account.email
    click.echo(f"{user_id} signs in with {signs_in_with} from now on.")


@users.command("credit-limit")
@click.option("--id", "user_id", required=True, help="The customer's id.")
@click.argument("limit", metavar="USD|default")
def credit_limit(*, user_id: str, limit: str) -> None:
    """Set how much a customer may owe; `default` is the usual limit again."""
    minor = None if limit == "default" else _minor(limit)
    with installation(), transaction():
        account = standing.lock_customer(user_id)
        standing.set_credit_limit(account, minor, actor=ACTOR, now=clock.now())
    told = "the usual limit" if minor is None else f"{usd_from_minor(minor):.2f} USD"
    click.echo(f"{user_id} may owe {told}.")


def _minor(usd: str) -> int:
    try:
        return minor_from_usd(usd)
    except ValueError as error:
        raise Failed(f"The limit is not valid: {error}.") from error

"""`billing keys`: secret keys of customers, gateways and operators."""

import click

from app.domain.accounts import operations, queries, security_journal
from app.domain.accounts.models import Role
from app.domain.accounts.security_journal import Event
from app.entrypoints.cli.errors import Failed
from app.entrypoints.cli.installation import installation
from app.foundation import clock
from app.foundation.database import transaction
from app.foundation.secret_keys import KeyKind, SecretKey

NAME = "command line"
ACTOR = "operator:command line"


@click.group()
def keys() -> None:
    """Make secret keys."""


@keys.command()
@click.option("--user", help="Make a customer's key for this user id.")
@click.option("--gateway", help="Make a gateway's key of this name.")
@click.option("--operator", help="Make an operator's key for this user id.")
@click.option(
    "--attribute-to",
    metavar="USER",
    help="Whom a gateway's key bills for LiteLLM's, OpenMeter's and Lago's events.",
)
@click.option(
    "--attribute-by",
    metavar="FIELD",
    multiple=True,
    help="Which of their fields may name the account instead; once for each format.",
)
@click.option("--name", default=NAME, show_default=True, help="What the key's owner sees it as.")
def create(
    *,
    user: str | None,
    gateway: str | None,
    operator: str | None,
    attribute_to: str | None,
    attribute_by: tuple[str, ...],
    name: str,
) -> None:
    """Make a key and print it alone: it is never shown again. Say for whom, once.

    Events in the formats of others name their customer in many ways, most of them chosen by the
    caller. Without --attribute-to and --attribute-by, a gateway's key believes only LiteLLM's
    user_api_key_user_id. FIELD is one of user_api_key_user_id, user_api_key_alias,
    user_api_key_team_id, user_api_key_end_user_id, end_user, metadata.NAME (LiteLLM); subject,
    data.NAME (OpenMeter); external_subscription_id, properties.NAME (Lago).
    """
    if sum(owner is not None for owner in (user, gateway, operator)) != 1:
        raise click.UsageError("Say for whom: one of --user, --gateway and --operator.")
    if gateway is None and (attribute_to is not None or attribute_by):
        raise click.UsageError("Only a gateway's key takes --attribute-to and --attribute-by.")
    with installation(), transaction():
        if gateway is not None:
            key = operations.make_gateway_key(
                gateway, attribute_to=attribute_to, attribute_by=attribute_by, now=clock.now()
            )
        elif user is not None:
            key = _key_of(user, Role.CUSTOMER, KeyKind.CUSTOMER, name=name)
        else:
            key = _key_of(operator or "", Role.OPERATOR, KeyKind.OPERATOR, name=name)
    click.echo(key.text)


def _key_of(user_id: str, role: Role, kind: KeyKind, *, name: str) -> SecretKey:
    account = queries.account_in_use(user_id)
    if account.role != role:
        raise Failed(f"The account {user_id} has the role {account.role}, not {role}.")
    now = clock.now()
    made = operations.make_key(kind, name=name, user_id=account.id, now=now)
    security_journal.note_by_operator(
        Event.KEY_MADE, account, actor=ACTOR, now=now, details={"key": name.strip()}
    )
    return made

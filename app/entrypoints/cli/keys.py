"""`billing keys`: secret keys of customers, gateways and operators."""

from datetime import datetime

import click

from app.domain.accounts import key_lists, queries
from app.domain.accounts.devices import Visitor
from app.domain.accounts.key_lists import KeyView
from app.domain.accounts.key_rules import KeyTerms, Overlap, Scope
from app.domain.accounts.models import Account, Role
from app.domain.accounts.security_journal import Doer
from app.entrypoints.cli.actor import ACTOR
from app.entrypoints.cli.errors import Failed
from app.entrypoints.cli.installation import installation
from app.entrypoints.cli.moments import Moment
from app.entrypoints.cli.tables import print_table
from app.entrypoints.queueing import nudge
from app.foundation import clock
from app.foundation.database import transaction
from app.foundation.secret_keys import KeyKind
from app.workflows.change_keys import make_key, replace_key, revoke_key

NAME = "command line"
BY = Doer(ACTOR, Visitor("The operator", "–"))
HEADINGS = ("KEY", "NAME", "OF", "MAY", "STATE", "MADE", "LAST USED", "ENDS", "ONLY FOR")


@click.group()
def keys() -> None:
    """Make secret keys, look at them, replace and revoke them."""


@keys.command()
@click.option("--user", help="Make a customer's key for this user id.")
@click.option("--gateway", help="Make a gateway's key of this name.")
@click.option("--operator", help="Make an operator's key for this user id.")
@click.option(
    "--scope",
    type=click.Choice([scope.value for scope in Scope]),
    default=Scope.WRITE.value,
    show_default=True,
    help="What it may do; to report usage is to write.",
)
@click.option("--expires", type=Moment(), help="When it ends.  [default: never]")
@click.option(
    "--limit-to",
    metavar="USER",
    multiple=True,
    help="An account that a gateway's key is for; repeatable.  [default: all]",
)
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
    scope: str,
    expires: datetime | None,
    limit_to: tuple[str, ...],
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
    if gateway is None and (limit_to or attribute_to is not None or attribute_by):
        raise click.UsageError(
            "Only a gateway's key takes --limit-to, --attribute-to and --attribute-by."
        )
    terms = KeyTerms(
        name=name if gateway is None else gateway,
        scope=Scope(scope),
        expires_at=expires,
        limited_to=limit_to,
        attribute_to=attribute_to,
        attribute_by=attribute_by,
    )
    with installation():
        click.echo(_made(terms, user=user, operator=operator))


@keys.command("list")
@click.option("--user", help="Only those of this account.")
def list_keys(*, user: str | None) -> None:
    """List the keys, newest first, those that have ended too; never a secret."""
    with installation():
        account = None if user is None else queries.account(user)
        found = key_lists.all_keys(of=account, now=clock.now())
        print_table(HEADINGS, [_row(key) for key in found])


@keys.command()
@click.argument("key")
@click.option(
    "--overlap",
    type=click.Choice([overlap.value for overlap in Overlap]),
    default=Overlap.DAY.value,
    show_default=True,
    help="How long the old key works on beside the new one.",
)
def replace(key: str, *, overlap: str) -> None:
    """Make a key of the same terms in place of KEY, and print it alone.

    KEY is how it begins, as `keys list` shows it.
    """
    with installation():
        with transaction():
            now = clock.now()
            old = key_lists.key_that_begins(key, now=now)
            made = replace_key(old.id, overlap=Overlap(overlap), by=BY, now=now)
        nudge()
    click.echo(made.text)


@keys.command()
@click.argument("key")
def revoke(key: str) -> None:
    """Revoke KEY, given as `keys list` shows it: programs that use it get 401 at once."""
    with installation(), transaction():
        now = clock.now()
        found = key_lists.key_that_begins(key, now=now)
        revoke_key(found.id, by=BY, now=now)
    click.echo(f"{found.prefix} is refused from now on.")


def _made(terms: KeyTerms, *, user: str | None, operator: str | None) -> str:
    with transaction():
        kind, owner = KeyKind.GATEWAY, None
        if user is not None:
            kind, owner = KeyKind.CUSTOMER, _account_of(user, Role.CUSTOMER)
        elif operator is not None:
            kind, owner = KeyKind.OPERATOR, _account_of(operator, Role.OPERATOR)
        made = make_key(kind, terms, owner=owner, by=BY, now=clock.now())
    nudge()
    return made.text


def _account_of(user_id: str, role: Role) -> Account:
    account = queries.account_in_use(user_id)
    if account.role != role:
        raise Failed(f"The account {user_id} has the role {account.role}, not {role}.")
    return account


def _row(key: KeyView) -> tuple[str, ...]:
    return (
        key.prefix,
        key.name,
        key.user_id or "gateway",
        key.scope,
        key.state.replace("_", " "),
        _moment(key.created_at),
        _moment(key.last_used_at),
        _moment(key.ends_at),
        ", ".join(key.limited_to) or "–",
    )


def _moment(moment: datetime | None) -> str:
    return "–" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"

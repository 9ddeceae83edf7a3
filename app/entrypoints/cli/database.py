"""`billing db`: the schema, up and down."""

import logging

import click
import flask_migrate
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from app.entrypoints.cli.errors import Failed
from app.entrypoints.cli.installation import MIGRATIONS, unprepared_installation


@click.group()
def db() -> None:
    """Bring the database's schema up to date, or back."""


@db.command()
def upgrade() -> None:
    """Bring the database to the newest schema; what is there stays."""
    upgrade_schema()
    click.echo("The database has the newest schema.")


@db.command()
@click.argument("revision")
def downgrade(revision: str) -> None:
    """Take the schema back to REVISION ("base" for none): what came after it is lost."""
    try:
        ScriptDirectory(str(MIGRATIONS)).get_revision(revision)
    except CommandError as error:
        raise Failed(f"There is no revision {revision}.") from error
    with unprepared_installation():
        flask_migrate.downgrade(directory=str(MIGRATIONS), revision=revision)
    click.echo(f"The database stands at {revision}.")


def upgrade_schema() -> None:
    """Bring the database to the newest schema."""
    # Alembic tells of each step; whoever asked for the result reads only the result.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with unprepared_installation():
        flask_migrate.upgrade(directory=str(MIGRATIONS))

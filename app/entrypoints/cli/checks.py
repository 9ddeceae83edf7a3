"""`billing check-config` and `billing verify`: is everything as it should be?"""

import re

import click

from app.config import read_settings
from app.domain.usage import checkpoints
from app.entrypoints.cli.errors import Failed
from app.entrypoints.cli.installation import installation, opened
from app.foundation import clock, readiness
from app.foundation.database import transaction
from app.workflows.keep_checkpoint import keep_checkpoint
from app.workflows.verify_books import verify_books, verify_books_in_full

PASSWORD = re.compile(r"(://[^:/@]*):[^@]*@")


@click.command("check-config")
def check_config() -> None:
    """Check the settings and the database, and print what they come to, without secrets."""
    settings = read_settings(leaves_nothing=True)
    click.echo(f"mode      {'production' if settings.production else 'development'}")
    click.echo(f"address   {settings.base_url} (port {settings.port})")
    click.echo(f"instance  {settings.instance_dir}")
    click.echo(f"database  {shown_url(settings.database_url)}")
    if settings.missing_database is not None:
        click.echo("The settings are complete; the database is yet to be made: billing db upgrade")
        return
    with opened(settings):
        if not readiness.answers():
            raise Failed("DATABASE_URL: the database cannot be reached.")
    click.echo("The settings are complete, and the database answers.")


@click.command()
@click.option("--full", is_flag=True, help="Add up the records of verified months again, too.")
@click.option("--anew", is_flag=True, help="Forget what was verified, and begin again.")
def verify(full: bool, anew: bool) -> None:  # noqa: FBT001  # click passes flags like this
    """Check the books: print one line for each sum that is not what it must be.

    Months that were closed and found right are taken as they were then; see --full.
    """
    with installation():
        if anew:
            with transaction():
                checkpoints.forget()
        broken = verify_books_in_full() if full or anew else verify_books()
        if not broken:
            with transaction():
                keep_checkpoint(now=clock.now())
    for line in broken:
        click.echo(line)
    if broken:
        raise SystemExit(Failed.exit_code)
    click.echo("The books are right.")


def shown_url(database_url: str) -> str:
    """Return the address of a database without its password."""
    return PASSWORD.sub(r"\1:…@", database_url)

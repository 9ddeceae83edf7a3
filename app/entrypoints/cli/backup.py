"""`billing backup` and `billing restore`: the whole database, into a file and out of it."""

from pathlib import Path

import click

from app import wiring
from app.config import read_settings
from app.entrypoints.cli.errors import Failed
from app.entrypoints.cli.installation import MIGRATIONS, unprepared_installation
from app.foundation import readiness
from app.foundation.database import end_reading

FILE = click.Path(dir_okay=False, path_type=Path)

NOTHING_THERE = "The database is empty: there is nothing to back up."


@click.command()
@click.argument("file", type=FILE)
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
def backup(*, file: Path, force: bool) -> None:
    """Back the database up into FILE, as of one moment, while everything goes on.

    A SQLite database becomes a SQLite file, which is checked; PostgreSQL's becomes an archive of
    pg_dump (PG_DUMP names the program). Only you may read FILE.
    """
    if read_settings(leaves_nothing=True).missing_database is not None:
        raise Failed(NOTHING_THERE)
    with unprepared_installation() as settings:
        # Before a file is made of it: is there a database at all?
        if readiness.is_empty():
            raise Failed(NOTHING_THERE)
        end_reading()
        wiring.back_up(settings.database_url, file, replace=force, pg_dump=settings.pg_dump)
    click.echo(f"The database is backed up in {file} ({file.stat().st_size:,} bytes).")


@click.command()
@click.argument("file", type=FILE)
def restore(*, file: Path) -> None:
    """Fill an empty database from FILE, which `billing backup` has made.

    Let nothing else run meanwhile. PostgreSQL's pg_restore is looked for beside pg_dump.
    """
    with unprepared_installation() as settings:
        if not readiness.is_empty():
            raise Failed("The database is not empty: restore into a new one.")
        end_reading()
        wiring.restore_backup(settings.database_url, file, pg_dump=settings.pg_dump)
        is_newest = readiness.is_migrated(MIGRATIONS)
    click.echo(f"The database is restored from {file}.")
    if not is_newest:
        click.echo("It does not have the newest schema. Run: billing db upgrade")

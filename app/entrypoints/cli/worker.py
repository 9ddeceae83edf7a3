"""`billing worker`: what is done without anybody waiting for it."""

import runpy
import sys

import click

from app.entrypoints.cli.installation import installation

MODULE = "app.entrypoints.jobs"


@click.command()
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Jobs that are done at the same time.",
)
def worker(*, threads: int) -> None:
    """Work off what was promised, and what the schedule asks for, until told to end.

    Several workers may run beside each other, on several machines with REDIS_URL.
    """
    with installation():
        # Whatever is wrong with the settings or the schema is told before anything starts.
        pass
    # The worker goes on as this process, with its signals and all that is imported.
    sys.argv = [MODULE, str(threads)]
    runpy.run_module(MODULE, run_name="__main__")

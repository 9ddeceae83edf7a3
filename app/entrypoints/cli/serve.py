"""`billing serve`: the web server."""

import os
import shutil
import sys
from pathlib import Path

import click

from app.config import PORT_MAX, Settings, read_settings
from app.entrypoints.cli.errors import Failed
from app.entrypoints.counting import FOLDER

MODULE = "app.entrypoints.web_server"
# SQLite has one writer, and a second process would only wait for it.
WORKERS_ON_SQLITE = 1
WORKERS = 2
THREADS = 32


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(1, PORT_MAX), help="The port to listen on.  [default: PORT]"
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help=f"Processes that answer.  [default: {WORKERS}, on SQLite {WORKERS_ON_SQLITE}]",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 256),
    default=THREADS,
    show_default=True,
    help="Requests that each process answers at the same time.",
)
def serve(*, host: str, port: int | None, workers: int | None, threads: int) -> None:
    """Serve the dashboard and the API until told to end; requests under way are finished."""
    if port is not None:
        # The workers read the settings themselves, and make links of them.
        os.environ["PORT"] = str(port)
    settings = read_settings()
    on_sqlite = settings.database_url.startswith("sqlite:")
    processes = workers or (WORKERS_ON_SQLITE if on_sqlite else WORKERS)
    # Nothing listens yet: that takes the server a moment, and it says nothing then.
    click.echo(f"Starting the web server on http://{host}:{settings.port}")
    os.environ[FOLDER] = str(_empty_folder_for_counts(settings))
    sys.stdout.flush()
    # The server takes this process's place, and its signals. What counts its requests has to find
    # its folder when it is imported, and has been imported here already.
    arguments = [host, str(settings.port), str(processes), str(threads)]
    os.execv(sys.executable, [sys.executable, "-P", "-m", MODULE, *arguments])  # noqa: S606  # nosec B606  # ours


def _empty_folder_for_counts(settings: Settings) -> Path:
    """Return where the processes of this server count together, from nothing."""
    # By port: another server of this installation goes on counting in a folder of its own.
    folder = settings.instance_dir / "metrics" / str(settings.port)
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise Failed(f"INSTANCE_DIR: {folder} cannot be made ({error.strerror}).") from error
    return folder

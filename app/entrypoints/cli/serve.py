"""`billing serve`: the web server."""

import os

import click
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from app.config import PORT_MAX, read_settings

# SQLite has one writer, and a second process would only wait for it.
WORKERS_ON_SQLITE = 1
WORKERS = 2
THREADS = 8
# What a request may still take when the server is told to end.
KILL_AFTER_SECONDS = 10


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
    click.echo(f"Serving on http://{host}:{settings.port}")
    server = Granian(
        "app.wsgi:application",
        address=host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=workers or (WORKERS_ON_SQLITE if on_sqlite else WORKERS),
        blocking_threads=threads,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_AFTER_SECONDS,
        log_level=LogLevels.debug if settings.log_level == "DEBUG" else LogLevels.error,
    )
    server.serve()

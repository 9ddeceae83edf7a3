"""`python -m app.entrypoints.web_server`: the web server as a program of its own."""

import os
import sys

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

import app.application  # noqa: F401  # what answers is forked, and shares what is imported here
from app.config import read_settings
from app.entrypoints.downloading import THREADS
from app.foundation.logs import write_logs

# What a request may still take when the server is told to end.
KILL_AFTER_SECONDS = 10
# What the server itself has to say goes where our own lines go.
LOGGERS = {"_granian": {"handlers": [], "propagate": True}}


def main(host: str, port: str, workers: str, threads: str) -> None:
    """Serve until told to end; requests under way are finished."""
    settings = read_settings()
    write_logs(level=settings.logs.level, as_json=settings.logs.as_json)
    # The processes that answer leave some of their threads to whoever downloads nothing.
    os.environ[THREADS] = threads
    server = Granian(
        "app.wsgi:application",
        address=host,
        port=int(port),
        interface=Interfaces.WSGI,
        workers=int(workers),
        blocking_threads=int(threads),
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_AFTER_SECONDS,
        log_level=LogLevels.debug if settings.logs.level == "DEBUG" else LogLevels.error,
        log_dictconfig={"loggers": LOGGERS},
    )
    server.serve()


if __name__ == "__main__":
    main(*sys.argv[1:])

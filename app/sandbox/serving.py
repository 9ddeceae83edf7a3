"""Runs the sandbox: one process, a thread for each connection, on this machine only."""

import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from app.sandbox import create_sandbox
from app.sandbox.core import EXTENSION, Sandbox
from app.sandbox.courier import Courier
from app.sandbox.settings import SandboxSettingError, SandboxSettings

# How long it takes at most until the server notices that it is to end.
POLL_SECONDS = 0.1
BACKLOG = 128

logger = logging.getLogger(__name__)


class QuietHandler(WSGIRequestHandler):
    """Speaks HTTP, and mentions requests only to those who want to know."""

    # Several clients keep their connections; each has its thread.
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        """Log a request, without what was in it."""
        logger.debug(message, *args)


def serve(settings: SandboxSettings) -> None:
    """Run the sandbox until the process is told to end."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), running(settings) as url:
        logger.info("The payment sandbox listens at %s; no real money moves.", url)
        threading.Event().wait()


@contextmanager
def running(settings: SandboxSettings, *, clock: Callable[[], float] = time.time) -> Iterator[str]:
    """Run the sandbox beside other work, and give its address; port 0 takes a free one."""
    app = create_sandbox(settings, clock=clock)
    sandbox: Sandbox = app.extensions[EXTENSION]
    try:
        with _listening(app, settings) as server:
            sandbox.address = f"http://{_in_url(settings.host)}:{server.port}"
            with _delivering(sandbox):
                yield sandbox.address
    finally:
        sandbox.storage.close()


@contextmanager
def _listening(app: Flask, settings: SandboxSettings) -> Iterator[BaseWSGIServer]:
    # Bound here: werkzeug would end the whole program over a port that is taken.
    with _bound(settings) as listener:
        server = make_server(
            settings.host,
            settings.port,
            app,
            threaded=True,
            request_handler=QuietHandler,
            fd=listener.fileno(),
        )
    thread = threading.Thread(
        target=server.serve_forever, args=(POLL_SECONDS,), name="sandbox-server"
    )
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _bound(settings: SandboxSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    address = (settings.host, settings.port)
    try:
        return socket.create_server(address, family=family, backlog=BACKLOG)
    except OSError as error:
        message = f"The sandbox cannot listen at port {settings.port}: {error.strerror}."
        raise SandboxSettingError(message) from error


@contextmanager
def _delivering(sandbox: Sandbox) -> Iterator[None]:
    courier = Courier(sandbox)
    courier.start()
    try:
        yield
    finally:
        courier.stop()


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host

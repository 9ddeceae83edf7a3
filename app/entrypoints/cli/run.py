"""`billing run`: everything on one machine, until Ctrl-C."""

import socket
import time
from http.client import HTTPConnection, HTTPException
from typing import NoReturn

import click

from app.config import Settings, read_settings
from app.domain.accounts.errors import RealAccountsPresent
from app.entrypoints.cli.database import upgrade_schema
from app.entrypoints.cli.demo_file import FILE_NAME, Demo
from app.entrypoints.cli.demo_loading import load_demo, move_demo
from app.entrypoints.cli.errors import Failed
from app.entrypoints.cli.programs import Ended, Program, Programs, running_programs
from app.foundation import clock

HOST = "127.0.0.1"
READY_WITHIN_SECONDS = 60
LOOK_EVERY_SECONDS = 0.1
ANSWER_WITHIN_SECONDS = 5
OK = 200
DEMO_STANDS = "The demo is there already; beside real accounts it stays as it is."
WEB_SERVER = Program("The web server", ["serve", "--host", HOST])
WORKER = Program("The worker", ["worker"])
SANDBOX = Program("The payment sandbox", ["sandbox"])


@click.command()
def run() -> None:
    """Run the whole installation until Ctrl-C: migrate, serve, work, load the demo.

    Without STRIPE_API_KEY, a local payment sandbox runs beside it: no real money moves.

    Without DATABASE_URL it works on a SQLite database of its own in INSTANCE_DIR, with the demo in
    it. A database given by DATABASE_URL is only migrated, unless DEMO=1 asks for the demo there.
    """
    settings = read_settings()
    _check_port(settings.port)
    if settings.uses_sandbox:
        _check_port(settings.sandbox_port)
    try:
        with running_programs() as programs:
            _run(programs, settings)
    except Ended:
        click.echo("Ended.")


def _run(programs: Programs, settings: Settings) -> NoReturn:
    address = f"http://{HOST}:{settings.port}"
    upgrade_schema()
    for program in _programs(settings):
        programs.start(program)
    _wait_until_ready(programs, settings.port)
    demo = _demo(programs, address) if settings.demo else None
    click.echo(_announcement(address, demo, settings))
    programs.wait()


def _programs(settings: Settings) -> tuple[Program, ...]:
    """Return what runs beside each other."""
    return (WEB_SERVER, WORKER, SANDBOX) if settings.uses_sandbox else (WEB_SERVER, WORKER)


def _announcement(address: str, demo: Demo | None, settings: Settings) -> str:
    lines = [f"Oblivious Billing is ready at {address} – Ctrl-C ends it."]
    if demo is not None:
        lines += [
            f"  customer  {demo.customer.email}  password {demo.customer.password}",
            f"  operator  {demo.operator.email}  password {demo.operator.password}",
            f"  the keys stand in {settings.instance_dir / FILE_NAME}",
        ]
    return "\n".join(lines)


def _demo(programs: Programs, address: str) -> Demo | None:
    """Bring the demo up to now; beside real accounts it stays as it is."""
    try:
        demo, tally = load_demo(url=address, now=clock.now(), while_waiting=programs.check)
    except RealAccountsPresent as refusal:
        known = move_demo(address)
        click.echo(DEMO_STANDS if known else refusal.message)
        return known
    if not tally.is_clean:
        tally.show()
    return demo


def _check_port(port: int) -> None:
    with socket.socket() as listener:
        # As the server does it: what the last one left waiting is no obstacle.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise Failed(
                f"Port {port} cannot be used ({error.strerror}); choose another: PORT=8001 make run"
            ) from error


def _wait_until_ready(programs: Programs, port: int) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while not _is_ready(port):
        programs.check()
        if time.monotonic() > deadline:
            raise Failed(f"The web server is not ready after {READY_WITHIN_SECONDS} seconds.")
        time.sleep(LOOK_EVERY_SECONDS)


def _is_ready(port: int) -> bool:
    connection = HTTPConnection(HOST, port, timeout=ANSWER_WITHIN_SECONDS)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()

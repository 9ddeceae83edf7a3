"""Runs work of ours in processes of their own, which are killed without saying goodbye.

A step is what lasts beyond its process: a transaction's commit, a call over the network. Whoever
dies between two of them dies somewhere a program can be stopped, and nothing else counts: what
has happened in between is gone with the process.
"""

import multiprocessing
import os
import re
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import configure_mappers

from app.foundation import database

WAIT_SECONDS = 60
THE_END = "the end"
WRITES = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)")
# What providers call their things, different each time.
ID = re.compile(r"(?<=/)(?=[^/]*\d)[^/]{8,}")
# Forked from a process that has imported everything already, and has no threads: a death takes
# a moment only.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__, "tests.properties.our_processes", "tests.forking"])

configure_mappers()


def run_until_killed(work: Callable[..., object], *arguments: object) -> None:
    """Run work that kills its process, and assert that it has."""
    _, exit_code = _run(work, arguments, dies_before=None)
    assert exit_code == -signal.SIGKILL


def steps_of(work: Callable[..., object], *arguments: object) -> list[str]:
    """Run the work to its end, and return its steps by name; the last of them is the end."""
    steps, exit_code = _run(work, arguments, dies_before=None)
    assert exit_code == 0
    return steps


def kill_before(step: int, work: Callable[..., object], *arguments: object) -> list[str]:
    """Run the work until it comes to a step, where it is killed; return the steps it came to."""
    steps, exit_code = _run(work, arguments, dies_before=step)
    assert exit_code == -signal.SIGKILL
    return steps


def die() -> None:
    """Kill this process; nothing of it runs any more, no `finally` and no rollback."""
    os.kill(os.getpid(), signal.SIGKILL)


def _run(
    work: Callable[..., object], arguments: Sequence[object], *, dies_before: int | None
) -> tuple[list[str], int]:
    ours, theirs = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=_live, args=(work, arguments, dies_before, theirs))
    with ours:
        process.start()
        theirs.close()
        told = list(_heard(ours))
        process.join(WAIT_SECONDS)
    exit_code = process.exitcode
    if exit_code is None:
        process.kill()
    failure = next((text for is_step, text in told if not is_step), None)
    assert failure is None, failure
    assert exit_code is not None, "the process goes on and on"
    return [step for _, step in told], exit_code


def _heard(ours: Connection) -> Iterator[tuple[bool, str]]:
    """Return what the process says until it is gone."""
    try:
        while ours.poll(WAIT_SECONDS):
            yield ours.recv()
    except EOFError:
        return


def _live(
    work: Callable[..., object],
    arguments: Sequence[object],
    dies_before: int | None,
    theirs: Connection,
) -> None:
    steps = _Steps(theirs, dies_before)
    try:
        steps.look()
        work(*arguments)
        steps.reach(THE_END)
    except BaseException:
        theirs.send((False, traceback.format_exc()))
        raise SystemExit(1) from None


class _Steps:
    """Tells of each step before it is taken, and dies where it is to die."""

    def __init__(self, theirs: Connection, dies_before: int | None) -> None:
        self._theirs, self._left = theirs, dies_before

    def reach(self, name: str) -> None:
        """Be about to take a step."""
        self._theirs.send((True, name))
        if self._left == 0:
            die()
        if self._left is not None:
            self._left -= 1

    def look(self) -> None:
        """Look at everything that this process commits and sends, as long as it lives."""
        written: list[str] = []
        send = HTTPAdapter.send

        def note_statement(*event_arguments: object) -> None:
            found = WRITES.match(str(event_arguments[2]))
            if found and found[1] not in written:
                written.append(found[1])

        def note_commit(*_: object) -> None:
            # Whoever has only read makes nothing permanent.
            if database._writing.get():
                self.reach(f"commit of {', '.join(written) or 'nothing'}")
            written.clear()

        def note_call(
            adapter: HTTPAdapter, request: requests.PreparedRequest, *given: object, **named: object
        ) -> requests.Response:
            path = ID.sub("…", urlsplit(request.url or "").path)
            self.reach(f"{request.method} {path}")
            return send(adapter, request, *given, **named)

        event.listen(Engine, "before_cursor_execute", note_statement)
        event.listen(Engine, "commit", note_commit)
        HTTPAdapter.send = note_call

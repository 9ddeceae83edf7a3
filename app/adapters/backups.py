"""Backups: the whole database as one file, and from it into an empty database.

SQLite is copied by its own backup call, page by page as of one moment, while others write.
PostgreSQL is left to its own programs, `pg_dump` and `pg_restore`.
"""

import os
import shutil
import sqlite3
import subprocess  # nosec B404  # for the one program below
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import URL, make_url

from app.foundation.errors import Kind, Refusal
from app.foundation.redaction import redacted

FIRST_BYTES = {"sqlite": b"SQLite format 3\0", "postgresql": b"PGDMP"}


def back_up(database_url: str, file: Path, *, replace: bool, pg_dump: str) -> None:
    """Write the database into a file that only we may read. Raises Refusal.

    A file that is there already stays as it is, unless it is to be replaced.
    """
    if file.exists() and not replace:
        raise _taken(file)
    url = make_url(database_url)
    with _unfinished(file) as unfinished:
        if url.get_backend_name() == "sqlite":
            _copy_sqlite(_sqlite_file(url), unfinished)
        else:
            program = _program(pg_dump)
            _run([program, "--format=custom", f"--file={unfinished}"], url)
        _keep(unfinished, file, replace=replace)


def restore(database_url: str, file: Path, *, pg_dump: str) -> None:
    """Fill a database that is empty from a backup; all of it or nothing. Raises Refusal."""
    url = make_url(database_url)
    _check_kind(file, url.get_backend_name())
    if url.get_backend_name() == "sqlite":
        _check_integrity(file)
        _fill_sqlite(file, _sqlite_file(url))
        return
    program = _program(str(Path(pg_dump).with_name("pg_restore")))
    # Who owned what, and who might read it, is the other server's business.
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    _run([program, *options, str(file)], url)


@contextmanager
def _unfinished(file: Path) -> Iterator[Path]:
    """Give a place beside the file, gone in the end: nobody takes half a backup for one."""
    unfinished = file.with_name(f"{file.name}.{os.getpid()}.unfinished")
    try:
        descriptor = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        os.close(descriptor)
        yield unfinished
    except OSError as error:
        raise _failed(f"{file} cannot be written ({error.strerror}).") from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def _keep(unfinished: Path, file: Path, *, replace: bool) -> None:
    """Give the backup its name, once all of it is on the disk."""
    _sync(unfinished)
    if replace:
        unfinished.replace(file)
    else:
        try:
            # Unlike a renaming, a link never takes the place of what came meanwhile.
            os.link(unfinished, file)
        except FileExistsError as error:
            raise _taken(file) from error
    _sync(file.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sqlite_file(url: URL) -> Path:
    if not url.database or url.database == ":memory:":
        raise _failed("A database in memory has no backup.")
    return Path(url.database)


def _copy_sqlite(source: Path, target: Path) -> None:
    with _told_in_words(), closing(_opened(source)) as ours, closing(_opened(target)) as copy:
        # All pages in one step: what is written meanwhile waits in the log beside the file.
        ours.backup(copy)
        # A file that stands alone, and not the first of three.
        copy.execute("PRAGMA journal_mode = DELETE")
    _check_integrity(target)


def _fill_sqlite(file: Path, target: Path) -> None:
    with (
        _told_in_words(),
        closing(_opened(file, "ro")) as backup,
        closing(sqlite3.connect(target)) as empty,
    ):
        backup.backup(empty)


def _check_integrity(file: Path) -> None:
    with _told_in_words(), closing(_opened(file, "ro")) as copy:
        ((verdict,), *_) = copy.execute("PRAGMA integrity_check(1)").fetchall()
    if verdict != "ok":
        raise _failed(f"The backup is damaged: {verdict}.")


def _opened(file: Path, mode: str = "rw") -> sqlite3.Connection:
    """Open a file that is there already."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode={mode}", uri=True)


@contextmanager
def _told_in_words() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _failed(f"SQLite says: {error}.") from error


def _check_kind(file: Path, kind: str) -> None:
    try:
        with file.open("rb") as backup:
            begins = backup.read(16)
    except OSError as error:
        raise _failed(f"{file} cannot be read ({error.strerror}).") from error
    if not begins.startswith(FIRST_BYTES[kind]):
        raise _failed(f"{file} is no backup of a {kind} database.")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        detail = f"{name} cannot be found: install PostgreSQL's client programs, or set PG_DUMP."
        raise _failed(detail)
    return found


def _run(command: Sequence[str], url: URL) -> None:
    """Run one of PostgreSQL's programs on the database; it asks nobody for anything."""
    address, secrets = _address(url)
    done = subprocess.run(  # noqa: S603  # nosec B603  # a program that the operator has named
        [*command, "--no-password", f"--dbname={address}"],
        env={**os.environ, **secrets},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        said = redacted(done.stderr.strip().partition("\n")[0]) or f"exit code {done.returncode}"
        raise _failed(f"{Path(command[0]).name} has failed: {said}")


def _address(url: URL) -> tuple[str, Mapping[str, str]]:
    """Return where the database is, for everyone to see, and the password for the environment."""
    password = url.password or url.query.get("password")
    shown = URL.create(
        "postgresql",
        username=url.username,
        host=url.host,
        port=url.port,
        database=url.database,
        query={name: value for name, value in url.query.items() if name != "password"},
    )
    return shown.render_as_string(), {"PGPASSWORD": str(password)} if password else {}


def _taken(file: Path) -> Refusal:
    return Refusal("backup_exists", f"{file} exists already.", kind=Kind.CONFLICT)


def _failed(message: str) -> Refusal:
    return Refusal("backup_failed", message, kind=Kind.UNAVAILABLE)

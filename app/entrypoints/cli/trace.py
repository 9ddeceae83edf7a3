"""Usage traces: CSV files of requests, as they are published or with our own field names."""

import csv
import gzip
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from app.entrypoints.cli.billing_api import Record
from app.entrypoints.cli.errors import Failed

FIELDS_BY_COLUMN = {
    "Timestamp": "occurred_at",
    "Model": "model",
    "Request tokens": "prompt_tokens",
    "Response tokens": "completion_tokens",
    "Total tokens": "total_tokens",
    "Request Id": "request_id",
}
COUNTS = (
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)
TEXTS = ("user_id", "request_id", "model", "provider", "occurred_at", "api_key_alias")
NEEDED = ("request_id", "model", "prompt_tokens", "completion_tokens")
ACCOUNTS = 10
SERIAL = re.compile(r"([0-9]+)\Z")


def count_records(file: Path) -> int:
    """Return how many records the trace has."""
    with _rows(file) as rows:
        return sum(1 for _ in rows)


def read_records(file: Path, *, user_id: str | None) -> Iterator[Record]:
    """Give the trace's records as the API takes them, one after the other. Raises Failed.

    Without a user id from here or from the file, they are spread over acct-0 … acct-9 by the
    serial number at the end of the request id.
    """
    with _rows(file) as rows:
        for number, row in enumerate(rows, start=2):
            record = _record(row)
            record["user_id"] = user_id or record.get("user_id") or _user_by_serial(record, number)
            yield record


def moment_of(record: Record) -> datetime:
    """Return when the request happened. Raises Failed."""
    text = str(record.get("occurred_at", ""))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Failed(f"{record['request_id']}: {text!r} is no moment.") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


@contextmanager
def _rows(file: Path) -> Iterator[Iterator[Mapping[str, str]]]:
    try:
        with _opened(file) as opened:
            reader = csv.DictReader(opened)
            columns = [FIELDS_BY_COLUMN.get(name, name) for name in reader.fieldnames or ()]
            missing = [name for name in NEEDED if name not in columns]
            if missing:
                raise Failed(f"{file} is no usage trace: it has no column for {missing[0]}.")
            reader.fieldnames = columns
            yield reader
    except OSError as error:
        raise Failed(f"{file} cannot be read: {error.strerror or error}.") from error
    except (EOFError, UnicodeDecodeError, csv.Error) as error:
        raise Failed(f"{file} is not a whole CSV file: {error}.") from error


def _opened(file: Path) -> TextIO:
    if file.suffix == ".gz":
        return gzip.open(file, "rt", encoding="utf-8-sig", newline="")
    return file.open(encoding="utf-8-sig", newline="")


def _record(row: Mapping[str, str]) -> dict[str, object]:
    texts = {name: row[name] for name in TEXTS if row.get(name)}
    counts = {name: _count(row[name]) for name in COUNTS if row.get(name)}
    return {**texts, **counts}


def _count(text: str) -> object:
    # What is no number is posted as it stands: the server says what is wrong with it.
    return int(text) if text.isascii() and text.isdecimal() else text


def _user_by_serial(record: Mapping[str, object], line: int) -> str:
    request_id = str(record.get("request_id", ""))
    serial = SERIAL.search(request_id)
    if serial is None:
        raise Failed(
            f"Line {line}: the request id {request_id!r} ends with no number to tell the account"
            " by; say whose usage it is with --user."
        )
    return f"acct-{int(serial[1]) % ACCOUNTS}"

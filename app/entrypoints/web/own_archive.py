"""All that is a customer's own, as one ZIP that is made while it is sent.

However much there is, only a page of rows and what they pack to is held at a time.
"""

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal

from app.domain.accounts.models import Account
from app.domain.accounts.rules import zone
from app.domain.reporting import own_rows
from app.domain.reporting.own_rows import OwnRow
from app.domain.reporting.own_tables import BY_NAME, LISTS, OwnTable
from app.domain.usage.queries import each_record
from app.entrypoints.moments import as_utc
from app.entrypoints.usage_csv import csv_parts, harmless, plain

# What spreadsheets are asked about; all of it stands in the JSON too, but for the records.
AS_CSV = (
    *("invoices", "invoice_lines", "credit_notes", "payments", "refunds"),
    *("token_ledger", "credit_ledger", "usage_by_month"),
)
ABOUT = (
    "Amounts are in USD, written as texts so that none of their digits is lost; moments are in UTC."
    " Passwords, keys and codes are not in here: we keep nothing that could be read back."
)
PART_BYTES = 64 * 1024


class _Outlet(io.RawIOBase):
    """Where the archive is written to: what was written since is handed on and forgotten."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        """Tell that it can be written to; it cannot be read, nor gone back in."""
        return True

    def write(self, piece: object) -> int:
        """Take a piece."""
        taken = bytes(piece)  # type: ignore[call-overload]  # whatever zipfile gives: bytes of a kind
        self._written += taken
        return len(taken)

    def drain(self, *, least: int = 0) -> Iterator[bytes]:
        """Hand on what there is, if it is enough to be worth it."""
        if len(self._written) > least:
            piece = bytes(self._written)
            self._written.clear()
            yield piece


def archive(account: Account, *, now: datetime) -> Iterator[bytes]:
    """Return the ZIP piece by piece. Not for use inside a transaction."""
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, parts in _files(account, now=now):
            with packed.open(zipfile.ZipInfo(name, now.timetuple()[:6]), "w") as file:
                for part in parts:
                    file.write(part.encode())
                    yield from outlet.drain(least=PART_BYTES)
    yield from outlet.drain()


def _files(account: Account, *, now: datetime) -> Iterator[tuple[str, Iterator[str]]]:
    yield "account.json", _json_parts(account, now=now)
    records = each_record(account, span=None, model=None)
    yield "usage_records.csv", csv_parts(records, zone=zone(account.timezone))
    for name in AS_CSV:
        yield f"{name}.csv", _csv_parts(account, BY_NAME[name])


def _json_parts(account: Account, *, now: datetime) -> Iterator[str]:
    yield f'{{\n"about": {_json(ABOUT)},\n"made_at": {_json(now)}'
    yield f',\n"account": {_json(own_rows.account_row(account))}'
    yield f',\n"settings": {_json(own_rows.settings_row(account))}'
    yield from _json_list("journal", own_rows.each_act(account))
    for table in LISTS:
        yield from _json_list(table.name, own_rows.each_row(account, table))
    yield "\n}\n"


def _json_list(name: str, rows: Iterable[OwnRow]) -> Iterator[str]:
    yield f',\n"{name}": ['
    for number, row in enumerate(rows):
        yield f"{',' if number else ''}\n  {_json(row)}"
    yield "\n]"


def _csv_parts(account: Account, table: OwnTable) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow(own_rows.names_of(table))
    for row in own_rows.each_row(account, table):
        writer.writerow([_cell(value) for value in row.values()])
        yield line.getvalue()
        line.seek(0)
        line.truncate()
    # Where there is no row the heading is still to be said.
    yield line.getvalue()


def _cell(value: object) -> str | int:
    if isinstance(value, bool | Mapping) or (
        value is not None and not isinstance(value, str | int)
    ):
        text = _json(value)
        return harmless(text.strip('"') if text.startswith('"') else text)
    return harmless(value) if isinstance(value, str) else "" if value is None else value


def _json(value: object) -> str:
    return json.dumps(value, default=_told, ensure_ascii=False)


def _told(value: object) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return as_utc(value)
    assert isinstance(value, date), f"nothing of the kind {type(value).__name__} is told"
    return value.isoformat()

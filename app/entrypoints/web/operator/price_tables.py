"""Importing LiteLLM's public price table: a file is looked at first, and written once confirmed.

Between the two the page itself carries the file, packed: no server has to keep it.
"""

import base64
import binascii
import hashlib
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.domain.catalog import queries
from app.domain.catalog.errors import PriceTableTooLarge, PriceTableUnreadable, UnknownModel
from app.domain.catalog.price_changes import PriceChange, PriceImport, PriceTable
from app.entrypoints.queueing import nudge
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.forms import visible
from app.entrypoints.web.operator.desk import actor, show
from app.entrypoints.web.operator.price_forms import PriceTableForm
from app.entrypoints.web.operator.telling import tell
from app.entrypoints.web.signing_in import signed_in_transaction
from app.foundation import clock
from app.foundation.sentences import say
from app.wiring import parse_price_table
from app.workflows.import_prices import import_prices

# The public table has a third of this; packed, it has a tenth.
FILE_BYTES_MAX = 4 * 1024 * 1024
# What a form's field may hold.
PACKED_LENGTH_MAX = 450_000
NAME_LENGTH_MAX = 60
ROWS_MAX = 100
REASONS_MAX = 20
EXAMPLES_MAX = 5
TOO_LARGE = say("A price table that is sent here has at most 4 MB.")

pages = Blueprint("price_tables", __name__)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some entries of a table are left out, or what they are imported without."""

    words: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What importing a table would change, and what of it counts for nothing."""

    changes: PriceImport
    skipped_count: int
    skipped: Sequence[Reason]
    ignored: Sequence[Reason]
    packed: str

    @property
    def writes(self) -> bool:
        """Tell whether anything would be written."""
        return bool(self.changes.new or self.changes.changed)

    @property
    def mark(self) -> str:
        """Return a mark of what was shown: what differs by then is shown first."""
        told = [_told(change) for change in (*self.changes.new, *self.changes.changed)]
        return hashlib.sha256(repr((told, self.changes.kept)).encode()).hexdigest()


@pages.get("/prices/import")
def show_form() -> ResponseReturnValue:
    """Ask for the file."""
    return _page(PriceTableForm(formdata=None))


@pages.post("/prices/import")
def send() -> ResponseReturnValue:
    """Say what the table would change; once that is confirmed, write it."""
    form, preview = PriceTableForm(), None
    fields = {
        PriceTableTooLarge: form.file,
        PriceTableUnreadable: form.file,
        UnknownModel: form.override,
    }
    if form.validate():
        with refusals_shown_on(fields):
            content, name = _sent(form)
            table = parse_price_table(content, name=name)
            preview = _previewed(table, content, form)
            if preview.writes and form.confirmed.data == preview.mark:
                return _imported(table, form)
    return _page(form, preview)


def packed(content: bytes) -> str:
    """Return a file as a field of a form carries it. Raises PriceTableTooLarge."""
    text = base64.b64encode(zlib.compress(content)).decode()
    if len(text) > PACKED_LENGTH_MAX:
        raise PriceTableTooLarge(TOO_LARGE)
    return text


def unpacked(text: str) -> bytes:
    """Return the file that a field carries. Raises PriceTableUnreadable and PriceTableTooLarge."""
    try:
        # No more than a file may have is ever unpacked, whatever was sent.
        content = zlib.decompressobj().decompress(
            base64.b64decode(text, validate=True), FILE_BYTES_MAX + 1
        )
    except (binascii.Error, zlib.error, ValueError) as error:
        raise PriceTableUnreadable(
            say("What was sent is no price table. Choose the file again.")
        ) from error
    if len(content) > FILE_BYTES_MAX:
        raise PriceTableTooLarge(TOO_LARGE)
    return content


def _sent(form: PriceTableForm) -> tuple[bytes, str]:
    """Return the file that was chosen, or else the one that the page carries, and its name."""
    file = request.files.get("file")
    if file is not None and file.filename:
        # A large one was put aside on disk: it is closed here, not whenever it is forgotten.
        with closing(file.stream) as stream:
            content = stream.read(FILE_BYTES_MAX + 1)
        if len(content) > FILE_BYTES_MAX:
            raise PriceTableTooLarge(TOO_LARGE)
        return content, _short(file.filename)
    if form.table.data:
        return unpacked(form.table.data), "JSON"
    raise PriceTableUnreadable(say("Choose a file."))


def _previewed(table: PriceTable, content: bytes, form: PriceTableForm) -> ImportPreview:
    changes = queries.price_import(table.prices, now=clock.now(), override=form.override.data)
    skipped = ((entry.reason, entry.model_id) for entry in table.skipped)
    ignored = ((words, price.model_id) for price in table.prices for words in price.ignored)
    return ImportPreview(
        changes=changes,
        skipped_count=len(table.skipped),
        skipped=_reasons(skipped),
        ignored=_reasons(ignored),
        packed=packed(content),
    )


def _imported(table: PriceTable, form: PriceTableForm) -> ResponseReturnValue:
    override = form.override.data
    with signed_in_transaction():
        done = import_prices(table.prices, actor=actor(), now=clock.now(), override=override)
    nudge()
    counts = {"new": len(done.new), "changed": len(done.changed)}
    tell(
        say(
            "The table is imported: {new:,} new prices and {changed:,} changed ones.",
            counts,
        )
    )
    return redirect(url_for("web.operator.prices.index"), 303)


def _reasons(pairs: Iterable[tuple[str, str]]) -> Sequence[Reason]:
    """Gather the models by what is said of them, what is said most often first."""
    models: Mapping[str, list[str]] = defaultdict(list)
    for words, model_id in pairs:
        models[words].append(model_id)
    often = sorted(models.items(), key=lambda item: -len(item[1]))
    return [
        Reason(words, len(names), tuple(map(_short, names[:EXAMPLES_MAX])))
        for words, names in often[:REASONS_MAX]
    ]


def _short(name: str) -> str:
    return (visible(name) or "")[:NAME_LENGTH_MAX]


def _told(change: PriceChange) -> tuple[object, ...]:
    return (change.model_id, change.terms, change.before, change.replaced_ids)


def _page(form: PriceTableForm, preview: ImportPreview | None = None) -> Response:
    return show(
        "web/operator/prices/import.html",
        "web/operator/prices/_import.html",
        status=422 if form.errors else 200,
        form=form,
        preview=preview,
        rows_max=ROWS_MAX,
    )

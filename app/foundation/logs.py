"""The log: one event a line on stderr, as JSON or to be read, without anything secret."""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

from app.foundation.redaction import redacted

# The request that is being answered, if one is: it stands in each line that is written meanwhile.
request_id: ContextVar[str] = ContextVar("request_id", default="")

# These tell of every call they make, with what went along.
TALKATIVE = ("alembic", "huey", "paypalserversdk", "requests", "stripe", "urllib3")
READABLE = "%(asctime)s %(levelname)s %(message)s%(shown_request)s"


def write_logs(*, level: str, as_json: bool) -> None:
    """Write what this program logs from now on, from that level up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Redacting())
    handler.setFormatter(JsonLines() if as_json else logging.Formatter(READABLE))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


class Redacting(logging.Filter):
    """Blanks what is secret in all of a record, and notes which request it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without what must not be read."""
        record.msg, record.args = redacted(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.exc_text = record.exc_text and redacted(record.exc_text)
        record.stack_info = record.stack_info and redacted(record.stack_info)
        record.request_id = named = redacted(request_id.get())
        record.shown_request = f" [{named}]" if named else ""
        return True


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON; `extra={"fields": …}` adds fields of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if named := getattr(record, "request_id", ""):
            line["request_id"] = named
        line |= getattr(record, "fields", {})
        if record.exc_text:
            line["exception"] = record.exc_text
        if record.stack_info:
            line["stack"] = record.stack_info
        return json.dumps(line, default=str)

"""Every request is seen: it has an id, a line in the log, and is counted."""

import logging
import re
import secrets
import time

from flask import Flask, Response, g, request

from app.entrypoints.counting import count_request, count_usage
from app.foundation import logs

HEADER = "X-Request-Id"
# What others chose stands in our log: short, and nothing that would begin another line.
TAKEN_OVER = re.compile(r"[\x21-\x7e]{1,64}")
LETTERS = str.maketrans("0123456789", "ghijklmnop")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# Asked for every few seconds by machines, or a dozen times for one page.
SELDOM_OF_INTEREST = ("static", "health.is_alive", "health.is_ready", "metrics.get_metrics")
FAILED_FROM = 500
NANOS_PER_MS = 1_000_000
NANOS_PER_SECOND = 1_000_000_000

log = logging.getLogger("app.access")


def register_observing(app: Flask) -> None:
    """Let every request of the app be seen, from before anybody else looks at it until the end."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_forget)


def _begin() -> None:
    g.began_ns = time.monotonic_ns()
    g.request_id = request_id_of(request.headers.get(HEADER, ""))
    logs.request_id.set(g.request_id)


def request_id_of(given: str) -> str:
    """Return by which id a request is known: the one it came with, if that may stand in the log."""
    return given if TAKEN_OVER.fullmatch(given) else _new_id()


def _new_id() -> str:
    """Return an id of letters alone: one of digits could be taken for the number of a card."""
    return secrets.token_hex(8).translate(LETTERS)


def _end(response: Response) -> Response:
    response.headers[HEADER] = g.request_id
    method = request.method if request.method in METHODS else "other"
    # The template, never the path: that may hold a token, and has no end of values.
    route = request.url_rule.rule if request.url_rule is not None else "unmatched"
    level = logging.DEBUG if request.endpoint in SELDOM_OF_INTEREST else logging.INFO
    note_answered(method, route, response.status_code, began_ns=g.began_ns, level=level)
    return response


def note_answered(
    method: str, route: str, status: int, *, began_ns: int, level: int = logging.INFO
) -> None:
    """Note that a request was answered: in the log, and in the counts."""
    took_ns = time.monotonic_ns() - began_ns
    if log.isEnabledFor(level):
        _write_line(method, route, status, took_ns // NANOS_PER_MS, level=level)
    count_request(method=method, route=route, status=status, seconds=took_ns / NANOS_PER_SECOND)
    # What failed was undone, and will come again.
    if "usage_seen" in g and status < FAILED_FROM:
        wire, results = g.usage_seen
        count_usage(results, wire=wire)


def _write_line(method: str, route: str, status: int, took_ms: int, *, level: int) -> None:
    key = g.key.public_id if "key" in g else None
    fields = {"method": method, "route": route, "status": status, "ms": took_ms, "key": key}
    whose = f" by {key}" if key else ""
    log.log(
        level,
        "%s %s %d in %d ms%s",
        method,
        route,
        status,
        took_ms,
        whose,
        extra={"fields": fields},
    )


def _forget(error: BaseException | None) -> None:
    logs.request_id.set("")

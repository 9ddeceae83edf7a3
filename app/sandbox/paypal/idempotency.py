"""PayPal-Request-Id: the same request twice happens once, and gets its first answer again.

Kept are successes. A refused request has changed nothing: it may be tried again as it is.
"""

import hashlib
import json
import sqlite3

from app.sandbox.paypal.refusals import Json, RequestInvalid, Unprocessable

LENGTH_MAX = 108
HOUR_SECONDS = 60 * 60
# Of orders and their captures for six hours, of refunds for 45 days.
ORDERS_KEPT_SECONDS, REFUNDS_KEPT_SECONDS = 6 * HOUR_SECONDS, 45 * 24 * HOUR_SECONDS


def check_request_id(request_id: str) -> None:
    """Refuse an id that is too long to be kept."""
    if len(request_id) > LENGTH_MAX:
        raise RequestInvalid("INVALID_STRING_LENGTH", "The PayPal-Request-Id is too long.")


def earlier_answer(
    connection: sqlite3.Connection, path: str, request_id: str, asked: Json, *, now: float
) -> Json | None:
    """Return what the request was answered before. Raises Unprocessable."""
    row = connection.execute(
        "SELECT fingerprint, body FROM paypal_answers"
        " WHERE path = ? AND request_id = ? AND kept_until > ?",
        (path, request_id, now),
    ).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != _fingerprint(asked):
        message = "The PayPal-Request-Id has been used for another request."
        raise Unprocessable("DUPLICATE_REQUEST_ID", message)
    body: Json = json.loads(row["body"])
    return body


def keep(
    connection: sqlite3.Connection,
    path: str,
    request_id: str,
    asked: Json,
    answer: Json,
    *,
    now: float,
) -> None:
    """Keep an answer with the effect it tells of: one stays only with the other."""
    kept_seconds = REFUNDS_KEPT_SECONDS if path.endswith("/refund") else ORDERS_KEPT_SECONDS
    connection.execute("DELETE FROM paypal_answers WHERE kept_until <= ?", (now,))
    connection.execute(
        "INSERT INTO paypal_answers (path, request_id, fingerprint, body, kept_until)"
        " VALUES (?, ?, ?, ?, ?)",
        (path, request_id, _fingerprint(asked), json.dumps(answer), int(now + kept_seconds)),
    )


def _fingerprint(asked: Json) -> str:
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()

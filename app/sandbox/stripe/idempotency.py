"""Idempotency keys: the same request twice happens once, and is answered twice alike.

Kept are answers to what was carried out: successes, declines, and errors that came too late. A
refused request (400, 401, 404, 409) has changed nothing and leaves nothing: it may be mended.
"""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.sandbox.stripe.refusals import (
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
    Json,
    RequestInvalid,
)

KEY_LENGTH_MAX = 255
KEPT_SECONDS = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered, word for word."""

    status: int
    body: str
    request_id: str
    is_replayed: bool = False
    # Given before anything was carried out: the same request may still have its effect.
    is_outage: bool = False


class RunningKeys:
    """The keys of the requests that are being answered right now."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        """Keep others with the same key out. Raises IdempotencyKeyInUse."""
        with self._lock:
            if key in self._keys:
                raise IdempotencyKeyInUse(
                    f"Another request with the idempotency key '{key}' is still running. "
                    "Try again when it has been answered.",
                    code="idempotency_key_in_use",
                )
            self._keys.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard(key)


def check_key(key: str) -> None:
    """Refuse a key that is too long to be kept."""
    if len(key) > KEY_LENGTH_MAX:
        raise RequestInvalid(f"An idempotency key can have up to {KEY_LENGTH_MAX} characters.")


def fingerprint_of(path: str, params: Json) -> str:
    """Return what two requests have in common if and only if they ask for the same."""
    asked = json.dumps([path, params], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


def earlier_answer(
    connection: sqlite3.Connection, key: str, fingerprint: str, *, now: float
) -> Answer | None:
    """Return how the request was answered before. Raises IdempotencyKeyReused."""
    row = connection.execute(
        "SELECT fingerprint, status, body, request_id FROM answers"
        " WHERE key = ? AND answered_at > ?",
        (key, now - KEPT_SECONDS),
    ).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != fingerprint:
        raise IdempotencyKeyReused(
            f"The idempotency key '{key}' was first used with another address or other "
            "parameters. Use a new key for a new request."
        )
    return Answer(row["status"], row["body"], row["request_id"], is_replayed=True)


def keep(
    connection: sqlite3.Connection, key: str, fingerprint: str, answer: Answer, *, now: float
) -> None:
    """Keep an answer for a day, with the effect it tells of: one stays only with the other."""
    connection.execute("DELETE FROM answers WHERE answered_at <= ?", (now - KEPT_SECONDS,))
    connection.execute(
        "INSERT INTO answers (key, fingerprint, request_id, status, body, answered_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (key, fingerprint, answer.request_id, answer.status, answer.body, int(now)),
    )

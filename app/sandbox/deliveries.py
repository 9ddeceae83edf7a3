"""Which webhooks are to be sent, have been, or are lost: written with the event itself."""

import random
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from app.sandbox import knobs

# Providers promise no order, so nobody may come to rely on one here.
JITTER_SECONDS = 0.2
BATCH_MAX = 50


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook: an event on its way to the endpoint."""

    id: int
    event_id: str
    attempts: int


def schedule(connection: sqlite3.Connection, event_id: str, *, now: float) -> None:
    """Plan the sending of a new event, as the knobs have it."""
    turned = knobs.read(connection)
    state = "dropped" if turned.webhooks == "drop" else "waiting"
    for _ in range(turned.webhook_copies):
        # How soon a test webhook goes out is no secret worth a cryptographic generator.
        due_at = now + turned.webhook_delay_seconds + random.random() * JITTER_SECONDS  # noqa: S311  # nosec B311  # a delay, no secret
        _add(connection, event_id, state, due_at)


def send_again(connection: sqlite3.Connection, event_id: str, *, now: float) -> None:
    """Send an event once more, at once, whatever became of it before."""
    _add(connection, event_id, "waiting", now)


def due(connection: sqlite3.Connection, *, now: float) -> list[Delivery]:
    """Return what is to be sent by now, the longest waiting first."""
    if knobs.read(connection).webhooks == "hold":
        return []
    rows = connection.execute(
        "SELECT id, event_id, attempts FROM deliveries"
        " WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at LIMIT ?",
        (now, BATCH_MAX),
    )
    return [Delivery(*row) for row in rows]


def next_due_at(connection: sqlite3.Connection, *, now: float) -> float | None:
    """Return when the next webhook comes due that is not yet."""
    row = connection.execute(
        "SELECT min(due_at) FROM deliveries WHERE state = 'waiting' AND due_at > ?", (now,)
    ).fetchone()
    due_at: float | None = row[0]
    return due_at


def record(
    connection: sqlite3.Connection,
    delivery: Delivery,
    answer: str,
    *,
    accepted: bool,
    now: float,
    retry_seconds: Sequence[float],
) -> None:
    """Write down what the endpoint answered, and when to try again if it refused."""
    state, due_at = ("delivered" if accepted else "given_up"), now
    if not accepted and delivery.attempts < len(retry_seconds):
        state, due_at = "waiting", now + retry_seconds[delivery.attempts]
    connection.execute(
        "UPDATE deliveries SET state = ?, due_at = ?, attempts = ?, last_answer = ? WHERE id = ?",
        (state, due_at, delivery.attempts + 1, answer, delivery.id),
    )


def of_event(connection: sqlite3.Connection, event_id: str) -> list[sqlite3.Row]:
    """Return every delivery of an event, the oldest first."""
    rows = connection.execute(
        "SELECT state, attempts, last_answer FROM deliveries WHERE event_id = ? ORDER BY id",
        (event_id,),
    )
    return list(rows)


def _add(connection: sqlite3.Connection, event_id: str, state: str, due_at: float) -> None:
    connection.execute(
        "INSERT INTO deliveries (event_id, state, due_at) VALUES (?, ?, ?)",
        (event_id, state, due_at),
    )

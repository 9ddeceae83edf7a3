"""What one request to PayPal reads and writes: it all happens, or none of it."""

import copy
import json
import secrets
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime

from app.sandbox import deliveries
from app.sandbox.keeping import Keeping
from app.sandbox.paypal.refusals import Json, no_such

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXY0123456789"
ORDER, CAPTURE, REFUND, EVENT = "paypal.order", "paypal.capture", "paypal.refund", "paypal.event"
DISPUTE = "paypal.dispute"
NAMES = {
    ORDER: "order", CAPTURE: "capture", REFUND: "refund", DISPUTE: "dispute", EVENT: "event",
}  # fmt: skip


def new_id() -> str:
    """Return an id as PayPal's are, which nobody can guess."""
    return "".join(secrets.choice(ALPHABET) for _ in range(17))


def written_moment(at: float) -> str:
    """Return a moment as PayPal writes it."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class PayPalWork(Keeping):
    """The orders of the one merchant there is, inside a transaction."""

    def __init__(
        self, connection: sqlite3.Connection, *, now: float, base_url: str, has_endpoint: bool
    ) -> None:
        super().__init__(connection)
        self.now = now
        self.base_url = base_url
        self._has_endpoint = has_endpoint

    @property
    def moment(self) -> str:
        """Return now as PayPal writes it."""
        return written_moment(self.now)

    def create(self, kind: str, body: Json, *, hidden: Json | None = None) -> None:
        """Keep a new object; `hidden` is what the API never shows."""
        self._keep(kind, body, created=int(self.now), hidden=hidden)

    def hide(self, id: str, changes: Json) -> None:
        """Change what only the sandbox knows about an object."""
        hidden = json.dumps(self.hidden(id) | changes)
        self.connection.execute("UPDATE objects SET hidden = ? WHERE id = ?", (hidden, id))

    def addressed(self, kind: str, id: str) -> Json:
        """Return the object that a URL is about. Raises NotFound."""
        found = self.find(kind, id)
        if found is None:
            raise no_such(NAMES[kind])
        return found

    def newest(self, kind: str) -> Iterator[Json]:
        """Give the objects of a kind, the newest first."""
        rows = self.connection.execute(
            "SELECT body FROM objects WHERE kind = ? ORDER BY sequence DESC", (kind,)
        )
        return (json.loads(row["body"]) for row in rows)

    def emit(self, event_type: str, resource_type: str, resource: Json, summary: str) -> None:
        """Record that something happened, and plan to tell the endpoint."""
        id = f"WH-{new_id()}-{new_id()}"
        address = f"{self.base_url}/v1/notifications/webhooks-events/{id}"
        event: Json = {
            "id": id,
            "event_version": "1.0",
            "create_time": self.moment,
            "resource_type": resource_type,
            "resource_version": "2.0",
            "event_type": event_type,
            "summary": summary,
            "resource": copy.deepcopy(resource),
            "links": [{"href": address, "rel": "self", "method": "GET"}],
        }
        self.create(EVENT, event)
        if self._has_endpoint:
            deliveries.schedule(self.connection, id, now=self.now)

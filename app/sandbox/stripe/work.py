"""What one request reads and writes: it all happens, or none of it."""

import copy
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

import stripe

from app.sandbox import deliveries
from app.sandbox.keeping import Keeping
from app.sandbox.stripe import objects
from app.sandbox.stripe.refusals import Json, no_such, not_found, parameter_empty


@dataclass(frozen=True, slots=True)
class Cause:
    """The request that an event came from; a session that expires has none."""

    request_id: str | None = None
    idempotency_key: str | None = None


class Work(Keeping):
    """The objects of the one account there is, inside a transaction."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        now: float,
        base_url: str = "",
        has_endpoint: bool,
        cause: Cause,
    ) -> None:
        super().__init__(connection)
        self.now = int(now)
        self.base_url = base_url
        self._exact_now = now
        self._has_endpoint = has_endpoint
        self._cause = cause

    def create(self, kind: str, given: Json, *, hidden: Json | None = None) -> Json:
        """Keep a new object; `hidden` is what the sandbox must know but the API never shows."""
        body = objects.new_object(kind, given, created=self.now)
        self._keep(kind, body, created=self.now, hidden=hidden)
        return body

    def addressed(self, kind: str, id: str) -> Json:
        """Return the object that a URL is about. Raises NotFound."""
        found = self.find(kind, id)
        if found is None:
            raise not_found(kind, id)
        return found

    def named(self, kind: str, id: str, *, param: str) -> Json:
        """Return the object that a parameter names. Raises RequestInvalid."""
        if not id:
            raise parameter_empty(param)
        found = self.find(kind, id)
        if found is None:
            raise no_such(kind, id, param=param)
        return found

    def of_any_kind(self, id: str) -> Json | None:
        """Return the object with that id, whatever it is."""
        row = self.connection.execute("SELECT body FROM objects WHERE id = ?", (id,)).fetchone()
        return json.loads(row["body"]) if row else None

    def newest(self, kind: str, *, below: str = "", above: str = "") -> Iterator[Json]:
        """Give the objects of a kind, the newest first: those after one, or before another."""
        rows = self.connection.execute(
            "SELECT body FROM objects WHERE kind = :kind"
            " AND (:below = '' OR sequence < (SELECT sequence FROM objects WHERE id = :below))"
            " AND (:above = '' OR sequence > (SELECT sequence FROM objects WHERE id = :above))"
            " ORDER BY sequence DESC",
            {"kind": kind, "below": below, "above": above},
        )
        return (json.loads(row["body"]) for row in rows)

    def emit(self, event_type: str, body: Json, *, previously: Json | None = None) -> None:
        """Record that something happened to an object, and plan to tell the endpoint."""
        content: Json = {"object": copy.deepcopy(body)}
        if previously is not None:
            content["previous_attributes"] = previously
        event = {
            "api_version": stripe.api_version,
            "data": content,
            "pending_webhooks": int(self._has_endpoint),
            "request": {
                "id": self._cause.request_id,
                "idempotency_key": self._cause.idempotency_key,
            },
            "type": event_type,
        }
        kept = self.create("event", event)
        if self._has_endpoint:
            deliveries.schedule(self.connection, kept["id"], now=self._exact_now)

"""How the objects of a provider are kept in the sandbox's file, inside a transaction."""

import json
import sqlite3
from typing import Any

Json = dict[str, Any]


class Keeping:
    """The objects that a request reads and writes, whoever's they are."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def change(self, body: Json, changes: Json) -> None:
        """Change an object, here and in the file."""
        body.update(changes)
        self.connection.execute(
            "UPDATE objects SET body = ? WHERE id = ?", (json.dumps(body), _id_of(body))
        )

    def find(self, kind: str, id: str) -> Json | None:
        """Return an object, if there is one of that kind with that id."""
        row = self.connection.execute(
            "SELECT body FROM objects WHERE id = ? AND kind = ?", (id, kind)
        ).fetchone()
        return json.loads(row["body"]) if row else None

    def hidden(self, id: str) -> Json:
        """Return what only the sandbox knows about an object."""
        row = self.connection.execute("SELECT hidden FROM objects WHERE id = ?", (id,)).fetchone()
        hidden: Json = json.loads(row["hidden"])
        return hidden

    def _keep(self, kind: str, body: Json, *, created: int, hidden: Json | None) -> None:
        self.connection.execute(
            "INSERT INTO objects (id, kind, created, body, hidden) VALUES (?, ?, ?, ?, ?)",
            (_id_of(body), kind, created, json.dumps(body), json.dumps(hidden or {})),
        )


def _id_of(body: Json) -> str:
    # PayPal calls the id of a dispute otherwise.
    id: str = body["dispute_id"] if "dispute_id" in body else body["id"]
    return id

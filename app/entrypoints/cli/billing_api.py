"""The JSON API as the command line calls it: patient with a busy server, and safe to repeat."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any

from app.entrypoints.cli.errors import Failed
from app.foundation.web_addresses import split_address

ANSWER_WITHIN_SECONDS = 60
# How long a server may be away: briefly at first, when the address is probably wrong.
PATIENCE_AT_FIRST_SECONDS = 5
PATIENCE_SECONDS = 180
WAIT_FIRST_SECONDS = 0.25
WAIT_MAX_SECONDS = 60
OK = 200
TRY_AGAIN = (429, 502, 503, 504)

Record = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Posted:
    """What the server made of a batch."""

    accepted: int
    duplicates: int
    conflicts: int
    # Of each rejected record, its code, and a sentence that says why.
    rejected: Sequence[tuple[str, str]]


class _TryAgain(Exception):
    """The server is away or busy; the message says which."""

    def __init__(self, message: str, *, wait_seconds: int = 0) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class BillingApi:
    """A connection to a running installation, as a gateway."""

    def __init__(
        self, url: str, key: str, *, while_waiting: Callable[[], None] = lambda: None
    ) -> None:
        parts = split_address(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Failed(f"{url!r} is no address: write http://127.0.0.1:8000.")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=ANSWER_WITHIN_SECONDS)
        self._url = url.rstrip("/")
        self._path = f"{parts.path.rstrip('/')}/v1/billing/usage"
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._patience = PATIENCE_AT_FIRST_SECONDS
        # May raise, when there is nothing to wait for any more.
        self._while_waiting = while_waiting

    def post_usage(self, records: Sequence[Record]) -> Posted:
        """Post a batch, again and again while the server is away or busy. Raises Failed."""
        body = json.dumps({"records": list(records)}).encode()
        give_up_at = time.monotonic() + self._patience
        wait = WAIT_FIRST_SECONDS
        while True:
            try:
                return self._posted(body)
            except _TryAgain as later:
                wait = max(min(wait, WAIT_MAX_SECONDS), later.wait_seconds)
                if time.monotonic() + wait > give_up_at:
                    raise Failed(str(later)) from later
            self._while_waiting()
            time.sleep(wait)
            wait += wait

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _posted(self, body: bytes) -> Posted:
        status, wait_seconds, text = self._send(body)
        self._patience = PATIENCE_SECONDS
        if status in TRY_AGAIN:
            raise _TryAgain(
                f"{self._url} is busy (it answers {status}).", wait_seconds=wait_seconds
            )
        answer = self._read(text)
        if status != OK:
            raise Failed(f"{self._url} refuses: {answer.get('detail') or status}")
        return Posted(
            accepted=answer["accepted"],
            duplicates=answer["duplicates"],
            conflicts=answer["conflicts"],
            rejected=[(entry["code"], entry["detail"]) for entry in answer["rejected"]],
        )

    def _send(self, body: bytes) -> tuple[int, int, bytes]:
        """Return the status, how long to wait if asked to, and the body."""
        try:
            self._connection.request("POST", self._path, body, self._headers)
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, HTTPException) as error:
            self._connection.close()
            reason = str(error) or type(error).__name__
            raise _TryAgain(f"{self._url} cannot be reached: {reason}.") from error
        wait = response.headers.get("Retry-After") or ""
        return response.status, int(wait) if wait.isdecimal() else 0, text

    def _read(self, text: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise Failed(f"{self._url} does not answer like a billing server.")
        return answer

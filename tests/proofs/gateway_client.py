"""A gateway that posts usage over a line of its own, and hears of each record what became of it."""

import json
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from typing import Self
from urllib.parse import urlsplit

USAGE = "/v1/billing/usage"
ANSWER_SECONDS = 60
# What a single record is answered with, beside 200.
REFUSED = {409: "conflict", 422: "rejected"}

Record = dict[str, object]


class Unanswered(Exception):
    """Nobody knows what became of a post: the line broke, or the store was away."""


class GatewayClient:
    """Posts to one address, over one line that stays open."""

    def __init__(self, address: str, key: str) -> None:
        self.address, self._line = address, _line_to(address)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def __enter__(self) -> Self:
        """Go on the line."""
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up."""
        self._line.close()

    def go_to(self, address: str) -> None:
        """Hang up, and talk to another address from now on."""
        self._line.close()
        self.address, self._line = address, _line_to(address)

    def post(self, records: Sequence[Record]) -> list[str]:
        """Post records, one of them alone, and return each one's status. Raises Unanswered."""
        is_single = len(records) == 1
        body = records[0] if is_single else {"records": list(records)}
        status, answered = self.call("POST", f"{USAGE}?verbose=1", body)
        if is_single and status in REFUSED:
            return [REFUSED[status]]
        assert status == 200, answered
        return [result["status"] for result in json.loads(answered)["results"]]

    def call(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        """Call what answers there; return the status and the body. Raises Unanswered."""
        try:
            sent = None if body is None else json.dumps(body)
            self._line.request(method, path, body=sent, headers=self._headers)
            answer = self._line.getresponse()
            answered = answer.read()
        except (OSError, HTTPException) as error:
            self._line.close()
            raise Unanswered(repr(error)) from error
        if answer.status == 503:
            raise Unanswered(answered)
        assert answer.status < 500, (path, answer.status, answered)
        return answer.status, answered


def _line_to(address: str) -> HTTPConnection:
    parts = urlsplit(address)
    return HTTPConnection(parts.hostname or "", parts.port, timeout=ANSWER_SECONDS)

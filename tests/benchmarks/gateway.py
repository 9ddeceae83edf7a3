"""The gateway of the benchmarks: many accounts, of whom few use much and many use little."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

from app.domain.accounts import operations as accounts
from app.foundation.database import transaction
from app.foundation.secret_keys import KeyKind
from app.workflows.sign_up import sign_up
from tests.benchmarks.load import Answered, request_bytes, send_all

ACCOUNTS = 1_000
SINGLES = 3_000
# No figure takes longer than this, however busy the machine.
SECONDS_MAX = 8
USAGE = "/v1/billing/usage"
MODELS = ("gpt-4", "gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "gemini-2.5-flash")


def open_accounts() -> str:
    """Sign the customers up, and return the gateway's key."""
    now = datetime.now(UTC)
    with transaction():
        for number in range(ACCOUNTS):
            sign_up(f"bench{number}@example.com", user_id=f"bench-{number}", now=now)
        return accounts.make_key(KeyKind.GATEWAY, name="bench", now=now).text


class Gateway:
    """Posts usage over HTTP, never the same record twice."""

    def __init__(self, base_url: str, key: str) -> None:
        self._base_url = base_url
        self._key = key
        self._seeds = count(1)

    def post_batches(
        self, size: int, *, connections: int, number: int, accounts: int = ACCOUNTS
    ) -> Answered:
        """Post so many batches; each record of them must be taken."""
        bodies = [{"records": list(self._records(size, accounts))} for _ in range(number)]
        answered = self._post(bodies, connections=connections)
        assert all(json.loads(body)["accepted"] == size for body in answered.bodies)
        return answered

    def post_singles(self, *, connections: int, number: int = SINGLES) -> Answered:
        """Post record by record; each of them must be taken."""
        answered = self._post(list(self._records(number, ACCOUNTS)), connections=connections)
        assert all(json.loads(body)["accepted"] == 1 for body in answered.bodies)
        return answered

    def ask_entitlements(self, number: int) -> Answered:
        """Ask for many customers whether they may go on."""
        asked = [
            request_bytes("GET", f"/v1/billing/entitlements/bench-{n % ACCOUNTS}", key=self._key)
            for n in range(number)
        ]
        return send_all(self._base_url, asked, connections=8, seconds_max=SECONDS_MAX)

    def _post(self, bodies: list[dict[str, object]], *, connections: int) -> Answered:
        requests = [
            request_bytes("POST", USAGE, key=self._key, body=json.dumps(body).encode())
            for body in bodies
        ]
        return send_all(self._base_url, requests, connections=connections, seconds_max=SECONDS_MAX)

    def _records(self, number: int, accounts: int) -> Iterator[dict[str, object]]:
        seed = next(self._seeds)
        drawn = random.Random(seed)
        now = datetime.now(UTC)
        for index in range(number):
            yield {
                "user_id": f"bench-{int(accounts * drawn.random() ** 3)}",
                "request_id": f"bench-{seed}-{index}-{drawn.getrandbits(48):x}",
                "model": drawn.choice(MODELS),
                "provider": "openai",
                "prompt_tokens": drawn.randrange(20, 4000),
                "completion_tokens": drawn.randrange(5, 900),
                "occurred_at": (now - timedelta(seconds=drawn.randrange(3600))).isoformat(),
                "api_key_alias": drawn.choice(("prod", "staging", "batch")),
            }

"""What gateways and their kits have sent: whole requests, as they were caught on the wire.

Each file of `captured/` says which program of which version it was, and what it was asked. Only two
things are not as they came: tracebacks in three of the bodies have lost the folders before
`site-packages`, and a User-Agent the name of a kernel.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("captured")
KEYS_OF_OUR_OWN = "generic_api_proxy_keys_cachehit_retry_fallback"
NO_KEYS = "generic_api_proxy_ndjson_and_client_abort"
SDK = "generic_api_sdk_async_upstream"
Event = dict[str, Any]


@dataclass(frozen=True)
class Sent:
    """One request."""

    body: Any
    headers: Mapping[str, str]

    @property
    def content(self) -> bytes:
        """Return its body as it came: all of these programs write it with Python's own `json`."""
        return json.dumps(self.body).encode()

    @property
    def media_type(self) -> str:
        """Return what it says that its body is."""
        return self.headers["content-type"]

    @property
    def events(self) -> list[Event]:
        """Return what stands in its body, one thing or many."""
        return self.body if isinstance(self.body, list) else [self.body]


@cache
def sent(name: str) -> list[Sent]:
    """Return the requests of a file, in their order."""
    captured = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return [
        Sent(request["body"], {header.lower(): value for header, value in request["headers"]})
        for request in captured["requests"]
    ]


def _event(name: str, request: int, place: int = 0) -> Event:
    return sent(name)[request].events[place]


# The events of LiteLLM's `generic_api` callback, by what they show.
LITELLM: Mapping[str, Event] = {
    "success": _event(KEYS_OF_OUR_OWN, 0, 0),
    "cache_hit": _event(KEYS_OF_OUR_OWN, 0, 1),
    "cache_hit_again": _event(KEYS_OF_OUR_OWN, 0, 2),
    "same_call_id": _event(KEYS_OF_OUR_OWN, 0, 3),
    "same_call_id_again": _event(KEYS_OF_OUR_OWN, 0, 4),
    "custom_model": _event(KEYS_OF_OUR_OWN, 1, 0),
    "failure_before_fallback": _event(KEYS_OF_OUR_OWN, 1, 1),
    "fallback": _event(KEYS_OF_OUR_OWN, 2, 0),
    "failure": _event(KEYS_OF_OUR_OWN, 2, 1),
    "without_keys": _event(NO_KEYS, 0),
    "client_abort": _event(NO_KEYS, 1),
    "chat": _event(SDK, 0, 0),
    "stream": _event(SDK, 0, 1),
    "prompt_cache": _event(SDK, 0, 2),
    "embedding": _event(SDK, 0, 3),
    "too_often": _event(SDK, 0, 4),
}
# OpenMeter's CloudEvents: those of LiteLLM's callback, and of its own kit.
CLOUDEVENTS = [one.body for one in sent("openmeter_proxy_no_db")]
CLOUDEVENT_HITS = [one.body for one in sent("openmeter_proxy_cache_hits")]
CLOUDEVENT, CLOUDEVENT_BATCH = (one.body for one in sent("openmeter_python_sdk"))
# Lago's: of LiteLLM's callback, one a request, and of its agent SDK.
LAGO = [one.body for one in sent("lago_proxy_no_db")]
LAGO_HITS = [one.body for one in sent("lago_proxy_cache_hits")]
(LAGO_BATCH,) = (one.body for one in sent("lago_agent_sdk_batch"))

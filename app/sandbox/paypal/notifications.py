"""Events: what happened, newest first; and whether a message about one was signed."""

import json
from collections.abc import Iterator, Mapping
from itertools import dropwhile, islice
from urllib.parse import urlencode

from app.sandbox.paypal.refusals import Json, malformed, missing
from app.sandbox.paypal.signing import ALGORITHM, signed_text, signer
from app.sandbox.paypal.work import EVENT, PayPalWork

PATH = "/v1/notifications/webhooks-events"
PAGE_SIZE, PAGE_SIZE_MAX = 10, 300
SIGNED_FIELDS = ("transmission_id", "transmission_time", "transmission_sig", "webhook_id")
HOW_FIELDS = ("auth_algo", "cert_url")
EVENT_FIELD = b'"webhook_event"'


def index(work: PayPalWork, query: Mapping[str, str]) -> Json:
    """Return a page of events."""
    size = query.get("page_size", str(PAGE_SIZE))
    if not size.isascii() or not size.isdigit() or not 1 <= int(size) <= PAGE_SIZE_MAX:
        raise malformed("page_size")
    found: Iterator[Json] = (event for event in work.newest(EVENT) if _is_wanted(event, query))
    after = query.get("page_token")
    if after:
        # The page begins after the event that the last one ended with.
        found = islice(dropwhile(lambda event: event["id"] != after, found), 1, None)
    ahead = list(islice(found, int(size) + 1))
    shown = ahead[: int(size)]
    links = [_link(work, query, "self")]
    if len(ahead) > len(shown):
        links.append(_link(work, {**query, "page_token": shown[-1]["id"]}, "next"))
    return {"events": shown, "count": len(shown), "links": links}


def verify(body: bytes, *, webhook_id: str) -> Json:
    """Say whether a message was signed here, for this webhook."""
    asked = json.loads(body)
    for name in (*SIGNED_FIELDS, *HOW_FIELDS):
        if not isinstance(asked.get(name), str):
            raise missing(f"/{name}")
    id, moment, signature, told = (asked[name] for name in SIGNED_FIELDS)
    signed = signed_text(id, moment, told, _event_as_sent(body))
    is_ours = asked["auth_algo"] == ALGORITHM and told == webhook_id
    is_shown = asked["cert_url"].endswith(f"/{signer().certificate_id}")
    is_signed = is_ours and is_shown and signer().has_signed(signed, signature)
    return {"verification_status": "SUCCESS" if is_signed else "FAILURE"}


def _event_as_sent(body: bytes) -> bytes:
    """Return the very bytes of the event: written anew, they would be others."""
    _, found, rest = body.partition(EVENT_FIELD)
    start = rest.find(b"{")
    if not found or start < 0:
        raise missing("/webhook_event")
    text = rest[start:].decode()
    _, end = json.JSONDecoder().raw_decode(text)
    return text[:end].encode()


def _is_wanted(event: Json, query: Mapping[str, str]) -> bool:
    begins, ends = query.get("start_time", ""), query.get("end_time", "9")
    is_in_time = begins <= str(event["create_time"]) <= ends
    return is_in_time and query.get("event_type") in (None, event["event_type"])


def _link(work: PayPalWork, query: Mapping[str, str], rel: str) -> Json:
    return {"href": f"{work.base_url}{PATH}?{urlencode(query)}", "rel": rel, "method": "GET"}

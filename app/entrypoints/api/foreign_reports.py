"""Reports made of events in the formats of others: what they must hold, and what may be odd."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from app.domain.accounts.attribution import Attribution, WireFormat
from app.domain.usage.reports import Outcome, OutcomeStatus, UsageReport
from app.entrypoints.api.answering import moment_text
from app.entrypoints.api.usage_recording import Reading
from app.entrypoints.api.usage_shapes import (
    KEY_ALIAS_LENGTH_MAX,
    PROVIDER_LENGTH_MAX,
    STORABLE,
    read_or_reject,
)
from app.foundation.errors import FieldError

NAME_SHOWN_MAX = 160
DIGEST_LENGTH = 32
UNPRINTABLE = re.compile(r"[^\x21-\x7e]")
WHOLE_NUMBER = re.compile(r"\d{1,15}(?:\.0+)?", re.ASCII)
# How an operator names the events of a LiteLLM that has a price for each of its models. Its Lago
# and OpenMeter callbacks say neither that a cache has answered nor that a model has no price there:
# both have a cost of 0 (measured with 1.108). Where all have prices, it can only be the cache.
TOKENS_IF_PAID = "llm_tokens_if_paid"
Event = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What an event says was used, as it came: nothing of it is checked yet."""

    model: object
    prompt_tokens: object
    completion_tokens: object
    cached_tokens: object = None
    cache_write_tokens: object = None
    reasoning_tokens: object = None
    provider: object = None
    api_key_alias: object = None
    # RFC 3339; None where the event carries no moment.
    occurred_at: object = None
    # What the sender has worked out himself; only its being there says anything to us.
    cost: object = None
    is_estimated: bool = False


def report_of(
    event: Event, used: Used, *, request_id: str, wire: WireFormat, whom: Attribution
) -> Reading:
    """Return the report of what was used, or why there is none."""
    user_id = whom.account_named(event, wire=wire)
    if user_id is None:
        detail = f"The event names no account in {whom.field_of(wire)}, where this key looks."
        return rejected(request_id, "account_not_named", detail)
    prompt_tokens, completion_tokens = count(used.prompt_tokens), count(used.completion_tokens)
    if prompt_tokens is None and completion_tokens is None:
        return rejected(request_id, "usage_missing", "The event holds no token counts.")
    if not prompt_tokens and not completion_tokens:
        return _unused(request_id, used)
    reading = read_or_reject(
        {
            "user_id": user_id,
            "request_id": request_id,
            "model": used.model,
            "prompt_tokens": prompt_tokens or 0,
            "completion_tokens": completion_tokens or 0,
            # Some totals of others hold more than their parts; priced are the parts.
            "total_tokens": None,
            "cached_tokens": count(used.cached_tokens),
            "cache_write_tokens": count(used.cache_write_tokens),
            "reasoning_tokens": _within(count(used.reasoning_tokens), completion_tokens),
            "provider": _label(used.provider, most=PROVIDER_LENGTH_MAX),
            "api_key_alias": _label(used.api_key_alias, most=KEY_ALIAS_LENGTH_MAX),
            "occurred_at": used.occurred_at,
        }
    )
    if used.is_estimated and isinstance(reading, UsageReport):
        return msgspec.structs.replace(reading, is_estimated=True)
    return reading


def request_id_of(wire: WireFormat, name: str, *parts: object) -> str:
    """Return our id for what the parts identify together; it begins with a name people know."""
    # The name alone may be long, repeat itself or hold anything; the parts may, too.
    written = json.dumps([plain_of(part) for part in parts])
    digest = hashlib.sha256(written.encode()).hexdigest()[:DIGEST_LENGTH]
    return f"{wire}:{UNPRINTABLE.sub('?', name[:NAME_SHOWN_MAX])}:{digest}"


def rejected(request_id: str | None, code: str, detail: str, *, field: str = "") -> Outcome:
    """Return that an event cannot be billed, and why."""
    return Outcome(
        request_id=request_id,
        status=OutcomeStatus.REJECTED,
        code=code,
        detail=detail,
        faults=(FieldError(field, code, detail),),
    )


def ignored(request_id: str, code: str, detail: str) -> Outcome:
    """Return that there is nothing to bill, and why."""
    return Outcome(request_id=request_id, status=OutcomeStatus.IGNORED, code=code, detail=detail)


def cache_hit(request_id: str) -> Outcome:
    """Return that LiteLLM's cache answered: it repeats the counts of what it had asked before."""
    return ignored(request_id, "cache_hit", "LiteLLM's cache answered: nothing was used.")


def was_unpaid(name: object, cost: object) -> bool:
    """Tell whether an event of this name says by its cost that nobody was paid for it."""
    # Without a cost (null) the price is unknown, and the tokens were used.
    is_number = isinstance(cost, int | float) and not isinstance(cost, bool)
    return name == TOKENS_IF_PAID and is_number and cost == 0


def fields_of(value: object) -> Event:
    """Return the object's fields; none if it is no object."""
    return value if isinstance(value, dict) else {}


def text_of(value: object) -> str:
    """Return the text; an empty one if it is none."""
    return value if isinstance(value, str) else ""


def plain_of(value: object) -> object:
    """Return a text, a number or a truth; null for what may be nested without an end."""
    return value if isinstance(value, str | int | float) else None


def count(value: object) -> object:
    """Return a count as a whole number, also one that was sent as text; anything else as it is."""
    if isinstance(value, str) and WHOLE_NUMBER.fullmatch(value):
        return int(value.partition(".")[0])
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def moment_of(seconds: object) -> object:
    """Return the moment that lies so many seconds after 1970, in RFC 3339; else what was sent."""
    number = seconds
    if isinstance(seconds, str):
        try:
            number = float(seconds)
        except ValueError:
            return seconds
    if isinstance(number, bool) or not isinstance(number, int | float):
        return seconds
    try:
        return moment_text(datetime.fromtimestamp(number, UTC))
    except (OverflowError, ValueError, OSError):
        return str(seconds)


def _unused(request_id: str, used: Used) -> Outcome:
    """Return what becomes of an event that counts no token at all."""
    if isinstance(used.cost, int | float) and used.cost > 0:
        detail = "The event has a cost but no tokens, and we bill by tokens."
        return rejected(request_id, "usage_missing", detail)
    return ignored(request_id, "nothing_used", "No token was used.")


def _within(part: object, whole: object) -> object:
    # Some providers count reasoning beside the answer. It has no price of its own, so nothing
    # is lost by holding it to the answer's tokens.
    return min(part, whole) if isinstance(part, int) and isinstance(whole, int) else part


def _label(value: object, *, most: int) -> str | None:
    """Return a name that only groups, made to fit: none is a reason to bill nothing."""
    name = text_of(value)[:most]
    return name if name and re.search(STORABLE, name) else None

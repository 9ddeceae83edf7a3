"""Lago's usage events, as LiteLLM's `lago` callback and Lago's agent SDK post them. Pure.

LiteLLM sends one event for each request. The agent SDK sends one for each kind of token, and says
nowhere which belong to one request: they only follow each other. So input and output become
records of their own, each under its own transaction id: however a repeat cuts its batches, nothing
counts twice. Parts of them (cached, reasoning) are taken from the events that follow.
"""

import json
from collections.abc import Sequence

from app.domain.accounts.attribution import Attribution, WireFormat
from app.entrypoints.api.foreign_reports import (
    Event,
    Used,
    cache_hit,
    count,
    fields_of,
    ignored,
    moment_of,
    plain_of,
    rejected,
    report_of,
    request_id_of,
    text_of,
    was_unpaid,
)
from app.entrypoints.api.usage_recording import Reading

WHOLES = {"llm_input_tokens": "prompt_tokens", "llm_output_tokens": "completion_tokens"}
# What each is a part of, and what we call it.
PARTS = {
    "llm_cached_input_tokens": ("llm_input_tokens", "cached_tokens"),
    "llm_cache_creation_tokens": ("llm_input_tokens", "cache_write_tokens"),
    "llm_reasoning_tokens": ("llm_output_tokens", "reasoning_tokens"),
}
# Counts of what the others count already, and of what no model is paid for by the token.
COUNTED_ELSEWHERE = {
    "llm_cache_write_5m_tokens",
    "llm_cache_write_1h_tokens",
    "llm_image_input_tokens",
    "llm_audio_input_tokens",
    "llm_audio_output_tokens",
    "llm_tool_calls",
}
# Whose input holds the cached tokens, and whose output the reasoning; with others (Anthropic's own
# API, for one) they come on top. From the agent SDK's `token_semantics`.
INPUT_HOLDS_CACHED = {"openai", "gemini", "workers-ai", "mistral"}
OUTPUT_HOLDS_REASONING = {"openai", "workers-ai"}
CALL = ("model", "provider", "api")
Counts = dict[str, object]


def read_events(events: Sequence[object], *, whom: Attribution) -> list[Reading]:
    """Return for each event its report, or why it bills nothing."""
    counts = _counts_by_place(events)
    return [_reading(event, counts.get(index), whom=whom) for index, event in enumerate(events)]


def _reading(event: object, counts: Counts | None, *, whom: Attribution) -> Reading:
    if not isinstance(event, dict) or not text_of(event.get("transaction_id")):
        detail = "An event of Lago must be an object with a transaction_id."
        return rejected(None, "transaction_id_missing", detail)
    request_id = _request_id(event)
    if counts is None:
        return ignored(request_id, "counted_elsewhere", "Another event counts these tokens.")
    properties = fields_of(event.get("properties"))
    if was_unpaid(event.get("code"), properties.get("response_cost")):
        return cache_hit(request_id)
    used = Used(
        model=properties.get("model"),
        prompt_tokens=counts.get("prompt_tokens"),
        completion_tokens=counts.get("completion_tokens"),
        cached_tokens=counts.get("cached_tokens"),
        cache_write_tokens=counts.get("cache_write_tokens"),
        reasoning_tokens=counts.get("reasoning_tokens"),
        provider=properties.get("provider"),
        occurred_at=moment_of(event.get("timestamp")),
        cost=properties.get("response_cost"),
    )
    return report_of(event, used, request_id=request_id, wire=WireFormat.LAGO, whom=whom)


def _request_id(event: Event) -> str:
    # Lago holds transaction ids apart by subscription.
    name = text_of(event.get("transaction_id"))
    return request_id_of(WireFormat.LAGO, name, event.get("external_subscription_id"), name)


def _counts_by_place(events: Sequence[object]) -> dict[int, Counts]:
    """Return the counts of each event that stands for itself, with the parts that follow it."""
    by_place: dict[int, Counts] = {}
    latest: dict[str, Counts] = {}
    for index, event in enumerate(events):
        if not isinstance(event, dict) or text_of(event.get("code")) in COUNTED_ELSEWHERE:
            continue
        code, counts = text_of(event.get("code")), _counts(event)
        if not _is_part(event, code):
            by_place[index] = counts
            latest[_call(event, code)] = counts
            continue
        whole_code, part = PARTS[code]
        whole = latest.get(_call(event, whole_code))
        # A part whose whole came in another batch stays uncounted: its tokens are in there.
        if whole is not None and _fits(counts[part], whole[WHOLES[whole_code]]):
            whole.setdefault(part, counts[part])
    return by_place


def _counts(event: Event) -> Counts:
    properties, code = fields_of(event.get("properties")), text_of(event.get("code"))
    value = count(properties.get("value"))
    if code in WHOLES:
        return {WHOLES[code]: value}
    if code in PARTS:
        # Where it comes on top, it is an input that is all cached, or an output all reasoning.
        whole_code, part = PARTS[code]
        return {WHOLES[whole_code]: value, part: value}
    return {name: properties.get(name) for name in ("prompt_tokens", "completion_tokens")}


def _is_part(event: Event, code: str) -> bool:
    """Tell whether the tokens are counted in another event, too."""
    holders = OUTPUT_HOLDS_REASONING if code == "llm_reasoning_tokens" else INPUT_HOLDS_CACHED
    return code in PARTS and fields_of(event.get("properties")).get("provider") in holders


def _call(event: Event, code: str) -> str:
    """Return what the events of one request have in common, as far as they say."""
    properties = fields_of(event.get("properties"))
    named = [event.get("external_subscription_id"), event.get("timestamp")]
    named += [properties.get(name) for name in CALL]
    return json.dumps([*map(plain_of, named), code])


def _fits(part: object, whole: object) -> bool:
    return isinstance(part, int) and isinstance(whole, int) and part <= whole

"""LiteLLM's `StandardLoggingPayload`, as its `generic_api` callback posts it. Pure.

Measured with LiteLLM 1.106: counts are inclusive (cached and written tokens are part of
`prompt_tokens`, reasoning of `completion_tokens`); a resent copy is the same to the byte.
"""

from app.domain.accounts.attribution import Attribution, WireFormat
from app.entrypoints.api.foreign_bodies import BrokenLine
from app.entrypoints.api.foreign_reports import (
    Event,
    Used,
    cache_hit,
    count,
    fields_of,
    ignored,
    moment_of,
    rejected,
    report_of,
    request_id_of,
    text_of,
)
from app.entrypoints.api.usage_recording import Reading

HASH_LENGTH = 64
HASH_SHOWN = 12


def read_event(event: object, *, whom: Attribution) -> Reading:
    """Return the report of one event, or why it bills nothing."""
    if isinstance(event, BrokenLine):
        return rejected(None, "line_not_json", "This line is no JSON object.")
    if not isinstance(event, dict) or not _name(event):
        return rejected(None, "event_unknown", "This is no event of LiteLLM: it has no id.")
    request_id = _request_id(event)
    if event.get("status") == "failure":
        # Its counts, where it has any, are what LiteLLM guesses that the prompt had.
        return ignored(request_id, "request_failed", "A request that failed costs nothing.")
    if event.get("status") != "success":
        detail = "status must be success or failure."
        return rejected(request_id, "status_unknown", detail, field="status")
    if event.get("cache_hit") is True:
        return cache_hit(request_id)
    used = _used(event)
    return report_of(event, used, request_id=request_id, wire=WireFormat.LITELLM, whom=whom)


def _name(event: Event) -> str:
    return text_of(event.get("id")) or text_of(event.get("litellm_call_id"))


def _request_id(event: Event) -> str:
    # None of the three is enough: callers choose the call id, a failure and its fallback share
    # it, and some backends answer every request with the same id.
    parts = [event.get(name) for name in ("id", "litellm_call_id", "startTime")]
    return request_id_of(WireFormat.LITELLM, _name(event), *parts)


def _used(event: Event) -> Used:
    metadata = fields_of(event.get("metadata"))
    usage = fields_of(metadata.get("usage_object"))
    prompt = fields_of(usage.get("prompt_tokens_details"))
    completion = fields_of(usage.get("completion_tokens_details"))
    return Used(
        model=_model(event),
        prompt_tokens=event.get("prompt_tokens"),
        completion_tokens=event.get("completion_tokens"),
        # Anthropic's names stand beside OpenAI's, and say the same.
        cached_tokens=_largest(usage.get("cache_read_input_tokens"), prompt.get("cached_tokens")),
        cache_write_tokens=_largest(
            usage.get("cache_creation_input_tokens"),
            prompt.get("cache_creation_tokens"),
            prompt.get("cache_write_tokens"),
        ),
        reasoning_tokens=completion.get("reasoning_tokens"),
        provider=event.get("custom_llm_provider"),
        api_key_alias=_key_alias(metadata),
        occurred_at=moment_of(event.get("endTime")),
        cost=event.get("response_cost"),
        # Where the client hangs up, LiteLLM counts by itself what it has passed on until then.
        is_estimated=bool(event.get("error_str")),
    )


def _model(event: Event) -> object:
    """Return the name that customers ask for; the SDK has none, only the provider's own."""
    model, provider = event.get("model"), text_of(event.get("custom_llm_provider"))
    if text_of(event.get("model_group")):
        return event["model_group"]
    return model.removeprefix(f"{provider}/") if isinstance(model, str) and provider else model


def _key_alias(metadata: Event) -> str:
    key_hash = text_of(metadata.get("user_api_key_hash"))
    shown = key_hash[:HASH_SHOWN] if len(key_hash) == HASH_LENGTH else key_hash
    return text_of(metadata.get("user_api_key_alias")) or shown


def _largest(*counts: object) -> object:
    known = [number for number in map(count, counts) if isinstance(number, int)]
    return max(known, default=None)

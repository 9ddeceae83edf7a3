"""What is said of usage: records on their way in, sums and records on their way out."""

import msgspec

from app.domain.usage.models import RecordStatus
from app.domain.usage.reports import OutcomeStatus
from app.entrypoints.api.describing.parts import (
    Json,
    free,
    listed,
    moment,
    number,
    or_null,
    ref,
    sent,
    shape,
    text,
    truth,
    usd,
    whole,
)
from app.entrypoints.api.usage_bodies import RECORDS_MAX, VOID_LENGTHS_MAX
from app.entrypoints.api.usage_shapes import UNREAD, PostedRecord

# What each field of a record means; what it takes is said by the type that checks it.
_MEANT = {
    "user_id": "The account.",
    "request_id": "Unique over all accounts, for ever.",
    "model": "As the provider calls it.",
    "prompt_tokens": "All prompt tokens, cached ones too.",
    "completion_tokens": "All completion tokens, those of reasoning too.",
    "total_tokens": "Prompt and completion together; worked out if left out.",
    "cached_tokens": "Read from the provider's cache; part of prompt_tokens.",
    "cache_write_tokens": "Written to the cache; part of prompt_tokens.",
    "reasoning_tokens": "Part of completion_tokens.",
    "provider": "Who served the request, such as openai.",
    "api_key_alias": "The customer's key at the gateway; charts are cut by it.",
    "occurred_at": "When it was used: the price is the one of that moment. By default, now.",
}
_EXAMPLES = {"user_id": "user-123", "request_id": "req-1", "model": "gpt-4"}
# What is billed is kept as it came, spaces included.
_STORED = {"pattern": f"^[^{UNREAD}]*$"}


def _record_fields() -> tuple[dict[str, Json], tuple[str, ...]]:
    """Return how the fields of a record are described, and the names of those it must hold."""
    _, shapes = msgspec.json.schema_components([PostedRecord])
    (record,) = shapes.values()
    described = {name: _field(name, taken) for name, taken in record["properties"].items()}
    return described, tuple(record["required"])


def _field(name: str, taken: Json) -> Json:
    may_be_null = "anyOf" in taken
    (kind,) = [each for each in taken.get("anyOf", [taken]) if each["type"] != "null"]
    if name == "occurred_at":
        kind = moment()
    elif kind["type"] == "string":
        kind = {**kind, **_STORED}
    examples = {"examples": [_EXAMPLES[name]]} if name in _EXAMPLES else {}
    told = {**kind, "description": _MEANT[name], **examples}
    return or_null(told) if may_be_null else told


_fields, _needed = _record_fields()
# What an estimate may do without: there is no request yet, and customers' keys say whose it is.
_unneeded = {
    "user_id": {
        **_fields["user_id"],
        "description": "The account; customers' keys leave it out.",
    },
    "request_id": {"description": "A record's may stay in: nothing is looked up by it."},
}
_void = {
    name: {**text(), "minLength": 1, "maxLength": most, **_STORED}
    for name, most in VOID_LENGTHS_MAX.items()
}
_split = {
    "quota_tokens": or_null(whole("Covered by the plan's quota.")),
    "extra_tokens": or_null(whole("Taken from extra tokens.")),
    "overage_tokens": or_null(whole("Paid as they go.")),
}
_costs = {
    "cost": or_null(usd("The list cost."), "Null: the model has no price yet."),
    "final_cost": or_null(usd("What the customer pays: overage, less the plan's discount.")),
}
_sums = {
    "requests": whole(),
    "prompt_tokens": whole(),
    "completion_tokens": whole(),
    "cached_tokens": whole(),
    "cache_write_tokens": whole(),
    "reasoning_tokens": whole(),
    "total_tokens": whole(),
    "quota_tokens": whole(),
    "extra_tokens": whole(),
    "overage_tokens": whole(),
    "unpriced_tokens": whole("Of models without a price."),
    "cost": usd(),
    "final_cost": usd(),
}
_counts = {
    "accepted": whole("Recorded now, unpriced ones too."),
    "duplicates": whole("Recorded before, with the same content."),
    "conflicts": whole("Recorded before, with other content: the first record stands."),
    "rejected": listed(ref("RefusedRecord")),
    "conflicting": listed(ref("RefusedRecord")),
}

_one_of_a_batch = {
    "anyOf": [
        ref("UsageRecord"),
        {"description": "Anything else is refused by itself, under `rejected`."},
    ]
}

SHAPES: dict[str, Json] = {
    "UsageRecord": sent(
        "One request's token counts.",
        {name: _fields[name] for name in _needed},
        {name: _fields[name] for name in _fields if name not in _needed},
    ),
    "UsageBatch": sent(
        f"Up to {RECORDS_MAX:,} records.",
        {"records": {**listed(_one_of_a_batch), "minItems": 1, "maxItems": RECORDS_MAX}},
    ),
    "UsagePost": {
        "description": "One record, or a batch of them.",
        "anyOf": [ref("UsageRecord"), ref("UsageBatch")],
    },
    "RefusedRecord": shape(
        "A record of a batch that was not recorded, and why.",
        {
            "index": whole("Its place in the batch, from 0."),
            "request_id": or_null(text()),
            "code": text(example="negative_tokens"),
            "detail": text(),
            "errors": listed(ref("FieldError")),
        },
    ),
    "RecordResult": shape(
        "What became of one record.",
        {
            "request_id": or_null(text()),
            "status": text(choices=list(OutcomeStatus)),
            **_costs,
            **_split,
        },
    ),
    "UsageAnswer": shape(
        "How many were recorded, and which were not.",
        _counts,
        {"results": listed(ref("RecordResult"), "For single posts, and with verbose=1.")},
    ),
    "LiteLLMAnswer": shape(
        "How many of LiteLLM's events were recorded, and which were not.",
        {**_counts, "ignored": whole("Failures and cache hits: they cost nothing.")},
        {"results": listed(ref("RecordResult"), "With verbose=1.")},
    ),
    "LagoAnswer": shape(
        "The event as Lago answers it, and what was recorded.",
        _counts,
        {"event": free("Lago's event."), "events": listed(free("Lago's event."))},
    ),
    "VoidPost": sent(
        "Which request is to be taken out of every total.",
        _void,
    ),
    "Voided": shape(
        "The record that was taken out.",
        {
            "request_id": text(),
            "user_id": text(),
            "status": text(choices=[RecordStatus.VOIDED]),
            "reason": or_null(text()),
            "voided_at": moment(),
            "final_cost": usd("What it had cost the customer."),
        },
    ),
    "EstimatePost": sent(
        "A request that is only thought of.",
        {name: _fields[name] for name in _needed if name not in _unneeded},
        {**_unneeded, **{name: _fields[name] for name in _fields if name not in _needed}},
    ),
    "Estimate": shape(
        "What the request would cost if it were posted now.",
        {"status": text(choices=list(OutcomeStatus)), **_costs, **_split},
    ),
    "UsageSeries": shape(
        "Usage over time.",
        {
            "buckets": listed(
                shape(
                    "What was used in an hour, a day or a month by a group.",
                    {
                        "start": moment("Where the bucket begins, with the zone's offset."),
                        "group": text("The model, key or provider."),
                        **_sums,
                    },
                )
            ),
            "totals": shape("All buckets together.", _sums),
            "timezone": text("The zone in which days are cut.", example="Europe/Berlin"),
            "approximate": truth("Whether days in this zone had to be made of whole hours."),
        },
    ),
    "RecordPage": shape(
        "Records, the newest first.",
        {
            "records": listed(ref("Record")),
            "next_cursor": or_null(text("Where the next page begins."), "Null: this is the last."),
        },
    ),
    "Record": shape(
        "One request and what it came to.",
        {
            "request_id": text(),
            "occurred_at": moment(),
            "model": text(),
            "provider": or_null(text()),
            "api_key_alias": or_null(text()),
            "prompt_tokens": whole(),
            "completion_tokens": whole(),
            "total_tokens": whole(),
            "cached_tokens": whole(),
            "cache_write_tokens": whole(),
            "reasoning_tokens": whole(),
            "quota_tokens": whole(),
            "extra_tokens": whole(),
            "overage_tokens": whole(),
            "cost": usd(),
            "discount_rate": number("The share of the list cost that was charged, from 0 to 1."),
            "discount_amount": usd(),
            "final_cost": usd(),
            "status": text(choices=list(RecordStatus)),
            "billing_month": text(example="2026-11"),
            "estimated": truth("Whether the gateway guessed the counts."),
            "created_at": moment(),
        },
    ),
}

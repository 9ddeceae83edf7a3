"""The calls of gateways."""

from app.entrypoints.api.describing.parts import (
    JSON,
    Answered,
    Call,
    Caller,
    path_parameter,
)
from app.entrypoints.api.reading_queries import VERBOSE

_GATEWAY = (Caller.GATEWAY,)
_RECORD_REFUSED = (
    "not_a_whole_number (500.0 is none), text_invalid, time_invalid, occurred_in_future,"
    " total_mismatch, tokens_too_large, cached_exceeds_prompt, reasoning_exceeds_completion,"
    " cost_too_large"
)

CALLS = (
    Call(
        "POST",
        "/v1/billing/usage",
        "postUsage",
        _GATEWAY,
        "Record usage",
        {200: Answered("Recorded, and durable.", "UsageAnswer")},
        says=(
            "Each request counts once, however often it is sent. One bad record of a batch never"
            " harms its neighbours: it is listed under `rejected`. A single record that is refused"
            " is answered 422, one that conflicts 409."
        ),
        body="UsagePost",
        parameters=(VERBOSE,),
        refusals={
            409: "request_id_conflict",
            413: "too_many_records",
            422: f"unknown_user, account_not_allowed, verbose_invalid, {_RECORD_REFUSED}",
        },
        changes=True,
    ),
    Call(
        "POST",
        "/v1/billing/usage/void",
        "voidUsage",
        _GATEWAY,
        "Take a request out of every total",
        {200: Answered("Taken out, now or before.", "Voided")},
        body="VoidPost",
        refusals={404: "unknown_request"},
        changes=True,
    ),
    Call(
        "POST",
        "/v1/billing/estimate",
        "estimateUsage",
        (Caller.GATEWAY, Caller.CUSTOMER),
        "Say what a request would cost",
        {200: Answered("What it would come to now; nothing is stored.", "Estimate")},
        body="EstimatePost",
        says="Gateways name the account in `user_id`; customers' keys leave it out.",
        refusals={
            403: "account_not_allowed",
            422: f"unknown_user, field_missing, field_unknown, {_RECORD_REFUSED}",
        },
    ),
    Call(
        "GET",
        "/v1/billing/entitlements/{user_id}",
        "getEntitlement",
        _GATEWAY,
        "Ask whether a customer may go on",
        {200: Answered("The first reason why not, or ok.", "Entitlement")},
        parameters=(path_parameter("user_id", "The account."),),
        refusals={403: "account_not_allowed", 404: "unknown_account"},
    ),
    Call(
        "POST",
        "/v1/billing/usage/litellm",
        "postLiteLLMUsage",
        _GATEWAY,
        "Record LiteLLM's events",
        {200: Answered("Counted; what was refused is listed and logged.", "LiteLLMAnswer")},
        says="What its `generic_api` callback sends: an array, ndjson or one event.",
        body="AnyJson",
        body_media_types=(JSON, "application/x-ndjson", "application/jsonl"),
        parameters=(VERBOSE,),
        refusals={413: "too_many_records", 422: "verbose_invalid"},
        changes=True,
    ),
    Call(
        "POST",
        "/api/v1/events",
        "postEvents",
        _GATEWAY,
        "Record events of OpenMeter or Lago",
        {
            200: Answered("An event of Lago was taken.", "LagoAnswer"),
            204: Answered("CloudEvents were taken; Usage-Refused counts those that were not."),
        },
        says='CloudEvents, one or an array of them, or `{"event": …}` as Lago takes it.',
        body="AnyJson",
        body_media_types=(
            JSON,
            "application/cloudevents+json",
            "application/cloudevents-batch+json",
        ),
        refusals={403: "attribution_missing", 422: "event_unknown"},
        changes=True,
    ),
    Call(
        "POST",
        "/api/v1/events/batch",
        "postEventBatch",
        _GATEWAY,
        "Record a batch of Lago's events",
        {200: Answered("Taken; what was refused is listed and logged.", "LagoAnswer")},
        body="AnyJson",
        refusals={403: "attribution_missing", 422: "events_not_list"},
        changes=True,
    ),
)

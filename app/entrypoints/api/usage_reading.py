"""What customers read of their usage: series for charts, and the records behind them."""

from flask import Blueprint, Response, g, request, stream_with_context

from app.domain.usage import queries
from app.domain.usage.views import Granularity, Grouping, RecordView, Sums, UsageBucket
from app.entrypoints.api.answering import answer
from app.entrypoints.api.auth import for_customers
from app.entrypoints.api.reading_queries import (
    AT_ONCE,
    CURSOR,
    FROM,
    TIMEZONE,
    TO,
    Parameters,
    one_of,
    text,
    whole,
)
from app.entrypoints.downloading import download
from app.entrypoints.usage_csv import csv_parts
from app.foundation import clock
from app.foundation.money import usd_from_nanos

calls = Blueprint("usage_reading", __name__)

GRANULARITY = one_of("granularity", default=Granularity.DAY)
GROUP_BY = one_of("group_by", default=Grouping.MODEL)
MODEL = text("model", "As reported.")
LIMIT = whole("limit", AT_ONCE, default=100, most=1_000)
ASKED_OF_SERIES = (FROM, TO, GRANULARITY, GROUP_BY, TIMEZONE)
ASKED_OF_CSV = (FROM, TO, MODEL, TIMEZONE)
ASKED_OF_RECORDS = (*ASKED_OF_CSV, CURSOR, LIMIT)


@calls.get("/usage")
@for_customers
def get_usage() -> Response:
    """Answer the account's usage over time."""
    asked = Parameters(*ASKED_OF_SERIES)
    local = asked.zone(default=g.account.timezone)
    granularity, group_by = asked.one_of(GRANULARITY), asked.one_of(GROUP_BY)
    span = asked.span(local=local, now=clock.now())
    asked.check()
    series = queries.usage_series(
        g.account, span=span, granularity=granularity, group_by=group_by, timezone=local.key
    )
    buckets, totals = [_bucket(bucket) for bucket in series.buckets], _sums(series.totals)
    shown = {"timezone": series.timezone, "approximate": series.approximate}
    return answer({"buckets": buckets, "totals": totals, **shown})


@calls.get("/usage/records")
@for_customers
def get_records() -> Response:
    """Answer a page of the account's records, or all of them as CSV."""
    if request.accept_mimetypes.best_match(["application/json", "text/csv"]) == "text/csv":
        return _csv()
    asked = Parameters(*ASKED_OF_RECORDS)
    local = asked.zone(default=g.account.timezone)
    span, model = asked.open_span(local=local, now=clock.now()), asked.text(MODEL)
    limit = asked.whole(LIMIT)
    cursor = asked.cursor()
    asked.check()
    page = queries.records_page(g.account, span=span, model=model, cursor=cursor, limit=limit)
    records = [_record(record) for record in page.records]
    next_cursor = None if page.next_cursor is None else str(page.next_cursor)
    return answer({"records": records, "next_cursor": next_cursor})


def _csv() -> Response:
    """Stream every record: pages are read as the client takes them, and none is kept."""
    asked = Parameters(*ASKED_OF_CSV)
    local = asked.zone(default=g.account.timezone)
    span, model = asked.open_span(local=local, now=clock.now()), asked.text(MODEL)
    asked.check()
    records = queries.each_record(g.account, span=span, model=model)
    lines = stream_with_context(csv_parts(records, zone=local))
    lines = download(lines, user_id=g.account.id)
    response = Response(lines, content_type="text/csv; charset=utf-8; header=present")
    response.headers["Content-Disposition"] = 'attachment; filename="usage.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _bucket(bucket: UsageBucket) -> dict[str, object]:
    # A day's start is its local midnight, with the offset of that moment.
    return {"start": bucket.starts_at.isoformat(), "group": bucket.group, **_sums(bucket.sums)}


def _sums(sums: Sums) -> dict[str, object]:
    return {
        "requests": sums.requests,
        "prompt_tokens": sums.prompt_tokens,
        "completion_tokens": sums.completion_tokens,
        "cached_tokens": sums.cached_tokens,
        "cache_write_tokens": sums.cache_write_tokens,
        "reasoning_tokens": sums.reasoning_tokens,
        "total_tokens": sums.total_tokens,
        "quota_tokens": sums.quota_tokens,
        "extra_tokens": sums.extra_tokens,
        "overage_tokens": sums.overage_tokens,
        "unpriced_tokens": sums.unpriced_tokens,
        "cost": usd_from_nanos(sums.cost_nanos),
        "final_cost": usd_from_nanos(sums.final_nanos),
    }


def _record(record: RecordView) -> dict[str, object]:
    return {
        "request_id": record.request_id,
        "occurred_at": record.occurred_at,
        "model": record.model,
        "provider": record.provider,
        "api_key_alias": record.api_key_alias,
        "prompt_tokens": record.prompt_tokens,
        "completion_tokens": record.completion_tokens,
        "total_tokens": record.total_tokens,
        "cached_tokens": record.cached_tokens,
        "cache_write_tokens": record.cache_write_tokens,
        "reasoning_tokens": record.reasoning_tokens,
        "quota_tokens": record.quota_tokens,
        "extra_tokens": record.extra_tokens,
        "overage_tokens": record.overage_tokens,
        "cost": usd_from_nanos(record.cost_nanos),
        "discount_rate": record.discount_rate,
        "discount_amount": usd_from_nanos(record.discount_nanos),
        "final_cost": usd_from_nanos(record.final_nanos),
        "status": record.status,
        "billing_month": record.billing_month,
        "estimated": record.is_estimated,
        "created_at": record.created_at,
    }

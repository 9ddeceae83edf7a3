"""The usage page: a chart, the numbers behind it, and the requests behind those."""

import hashlib
from collections.abc import Mapping
from typing import Any

from flask import (
    Blueprint,
    Response,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from flask.typing import ResponseReturnValue

from app.domain.accounts.models import Account
from app.domain.accounts.queries import has_rollups_to_rebuild
from app.domain.accounts.rules import zone
from app.domain.catalog.queries import prices_called
from app.domain.catalog.rules import Price
from app.domain.subscriptions.queries import current_period
from app.domain.usage import queries
from app.domain.usage.views import RecordsPage, UsageSeries
from app.entrypoints.downloading import download
from app.entrypoints.settings import renewal_grace
from app.entrypoints.usage_csv import csv_parts
from app.entrypoints.web import charts, usage_choices, usage_words
from app.entrypoints.web.csv_files import csv_answer, file_of, usage_lines
from app.entrypoints.web.responding import nothing_new, respond, wants_fragment
from app.entrypoints.web.signing_in import require_sign_in, signed_in_account
from app.entrypoints.web.usage_filter import Today, UsageFilter, read_filter
from app.foundation import clock
from app.foundation.periods import Period

RECORDS_PER_PAGE = 25
MARK_LENGTH = 16

pages = Blueprint("usage", __name__)
pages.before_request(require_sign_in)


@pages.get("/usage")
def index() -> ResponseReturnValue:
    """Show a range as a chart, with its numbers and its requests."""
    account, chosen = _asked()
    series, found = _series(account, chosen), _records(account, chosen)
    seen, mark = request.args.get("seen"), _mark(series, found)
    if seen == mark and wants_fragment():
        return nothing_new()
    response = respond(
        "web/usage/index.html",
        "web/usage/_chart.html",
        **_context(account, chosen, series, found),
    )
    # What refreshes itself goes nowhere.
    address = "false" if seen else url_for(".index", **chosen.parameters)
    response.headers["HX-Push-Url"] = address
    return response


@pages.get("/usage/records")
def records() -> ResponseReturnValue:
    """Show another page of the requests; on its own it is no page."""
    account, chosen = _asked()
    if not wants_fragment():
        return redirect(url_for(".index", **chosen.parameters_here))
    found, local = _records(account, chosen), zone(account.timezone)
    return render_template(
        "web/usage/_records.html", chosen=chosen, found=found, prices=_prices(found), local=local
    )


@pages.get("/usage/export.csv")
def export() -> ResponseReturnValue:
    """Send the chart's numbers as a file."""
    account, chosen = _asked()
    name = f"usage-{chosen.first}-to-{chosen.last}-by-{chosen.group_by}.csv"
    lines = usage_lines(_series(account, chosen))
    return csv_answer(name, download(lines, user_id=account.id))


@pages.get("/usage/records.csv")
def export_records() -> Response:
    """Stream every request that is listed: pages are read as they are taken, and none is kept."""
    account, chosen = _asked()
    records = queries.each_request(account, span=chosen.records_span, only=chosen.only)
    parts = stream_with_context(csv_parts(records, zone=zone(account.timezone)))
    return file_of(
        f"requests-{chosen.first}-to-{chosen.last}.csv", download(parts, user_id=account.id)
    )


def shown(account: Account) -> Mapping[str, Any]:
    """Return what the page shows of an account, as the address asks for it."""
    chosen = _chosen(account)
    return _context(account, chosen, _series(account, chosen), _records(account, chosen))


def _context(
    account: Account, chosen: UsageFilter, series: UsageSeries, found: RecordsPage
) -> Mapping[str, Any]:
    return {
        "chosen": chosen,
        "series": series,
        "chart": charts.draw(
            series,
            metric=chosen.metric,
            in_order=queries.labels_in_order(account, chosen.group_by),
        ),
        "found": found,
        "prices": _prices(found),
        "local": zone(account.timezone),
        "choices": usage_choices,
        "words": usage_words,
        "mark": _mark(series, found),
        "read_at": clock.now(),
        "is_rebuilding": has_rollups_to_rebuild(account),
    }


def _asked() -> tuple[Account, UsageFilter]:
    account = signed_in_account()
    return account, _chosen(account)


def _chosen(account: Account) -> UsageFilter:
    now, local = clock.now(), zone(account.timezone)
    period = current_period(account.id, now=now, grace=renewal_grace())
    today = Today(
        date=now.astimezone(local).date(),
        zone=local,
        period=Period(period.starts_at, period.ends_at),
    )
    return read_filter(request.args, today)


def _series(account: Account, chosen: UsageFilter) -> UsageSeries:
    return queries.usage_series(
        account,
        span=chosen.span,
        granularity=chosen.granularity,
        group_by=chosen.group_by,
        only=chosen.only,
    )


def _records(account: Account, chosen: UsageFilter) -> RecordsPage:
    return queries.requests_page(
        account,
        span=chosen.records_span,
        only=chosen.only,
        cursor=chosen.cursor,
        limit=RECORDS_PER_PAGE,
    )


def _prices(found: RecordsPage) -> Mapping[int, Price]:
    return prices_called({each.price_id for each in found.records if each.price_id is not None})


def _mark(series: UsageSeries, found: RecordsPage) -> str:
    """Return what changes as soon as anything that is shown does."""
    return hashlib.sha256(repr((series, found)).encode()).hexdigest()[:MARK_LENGTH]

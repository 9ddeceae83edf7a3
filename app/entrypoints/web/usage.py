"""The usage page: a chart, the numbers behind it, and the requests behind those."""

from datetime import timedelta

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.domain.accounts.queries import has_rollups_to_rebuild
from app.domain.accounts.rules import zone
from app.domain.subscriptions.queries import current_period
from app.domain.usage import queries
from app.domain.usage.views import RecordsPage, UsageSeries
from app.entrypoints.web import charts, usage_filter
from app.entrypoints.web.csv_files import csv_answer, usage_lines
from app.entrypoints.web.responding import respond, wants_fragment
from app.entrypoints.web.signing_in import require_sign_in, signed_in_account
from app.entrypoints.web.usage_filter import Today, UsageFilter, read_filter
from app.foundation import clock
from app.foundation.periods import Period

RECORDS_PER_PAGE = 25

pages = Blueprint("usage", __name__)
pages.before_request(require_sign_in)


@pages.get("/usage")
def index() -> ResponseReturnValue:
    """Show a range as a chart, with its numbers and its requests."""
    chosen = _chosen()
    response = _page(chosen, _series(chosen))
    response.headers["HX-Push-Url"] = url_for(".index", **chosen.parameters)
    return response


@pages.get("/usage/records")
def records() -> ResponseReturnValue:
    """Show another page of the requests; on its own it is no page."""
    chosen = _chosen()
    if not wants_fragment():
        address = chosen.parameters_of_records(model=chosen.model, cursor=chosen.cursor)
        return redirect(url_for(".index", **address))
    local = zone(signed_in_account().timezone)
    return render_template(
        "web/usage/_records.html", chosen=chosen, found=_records(chosen), local=local
    )


@pages.get("/usage/export.csv")
def export() -> ResponseReturnValue:
    """Send the chart's numbers as a file."""
    chosen = _chosen()
    name = f"usage-{chosen.first}-to-{chosen.last}-by-{chosen.group_by}.csv"
    return csv_answer(name, usage_lines(_series(chosen)))


def _page(chosen: UsageFilter, series: UsageSeries) -> Response:
    account = signed_in_account()
    return respond(
        "web/usage/index.html",
        "web/usage/_chart.html",
        chosen=chosen,
        series=series,
        chart=charts.draw(series, metric=chosen.metric),
        found=_records(chosen),
        local=zone(account.timezone),
        choices=usage_filter,
        is_rebuilding=has_rollups_to_rebuild(account),
    )


def _chosen() -> UsageFilter:
    account, now = signed_in_account(), clock.now()
    local = zone(account.timezone)
    grace = timedelta(days=current_app.config["SETTINGS"].renewal_grace_days)
    period = current_period(account.id, now=now, grace=grace)
    today = Today(
        date=now.astimezone(local).date(),
        zone=local,
        period=Period(period.starts_at, period.ends_at),
    )
    return read_filter(request.args, today)


def _series(chosen: UsageFilter) -> UsageSeries:
    return queries.usage_series(
        signed_in_account(),
        span=chosen.span,
        granularity=chosen.granularity,
        group_by=chosen.group_by,
    )


def _records(chosen: UsageFilter) -> RecordsPage:
    return queries.records_page(
        signed_in_account(),
        span=chosen.span,
        model=chosen.model,
        cursor=chosen.cursor,
        limit=RECORDS_PER_PAGE,
    )

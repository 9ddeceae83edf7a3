"""The overview: where the account stands, refreshed by itself while it is open."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from app.domain.accounts.models import Account
from app.domain.accounts.queries import has_rollups_to_rebuild
from app.domain.accounts.rules import zone
from app.domain.reporting.overview import GroupSums, Overview, overview
from app.domain.reporting.rules import change_permille, share_permille, used_permille
from app.domain.usage.views import Grouping
from app.entrypoints.selling import seller
from app.entrypoints.settings import credit_limits, renewal_grace
from app.entrypoints.web import charts
from app.entrypoints.web.charts import FIGURES
from app.entrypoints.web.responding import nothing_new, respond, wants_fragment
from app.entrypoints.web.signing_in import require_sign_in, signed_in_account
from app.entrypoints.web.usage_choices import Metric
from app.entrypoints.web.usage_filter import Today, UsageFilter, read_filter
from app.foundation import clock
from app.foundation.periods import Period

MARK_LENGTH = 16
# The cookie that names whose first steps are hidden.
HIDDEN_FOR = "first_steps_hidden_for"
A_YEAR_SECONDS = 31_536_000

pages = Blueprint("overview", __name__)
pages.before_request(require_sign_in)


@dataclass(frozen=True, slots=True)
class Figures:
    """The overview's inside as HTML, and a mark that changes when it does."""

    html: Markup
    mark: str
    metric: Metric
    read_at: datetime


@pages.get("/")
def index() -> ResponseReturnValue:
    """Show the overview; say when nothing has changed since it was last shown."""
    account = signed_in_account()
    figures = _own_figures(account)
    if wants_fragment() and request.args.get("seen") == figures.mark:
        return nothing_new()
    return respond(
        "web/overview/index.html",
        "web/overview/_overview.html",
        figures=figures,
        local=zone(account.timezone),
    )


def _own_figures(account: Account) -> Figures:
    found = overview_of(account)
    if request.cookies.get(_hidden_for()) == account.id:
        found = replace(found, first_steps=None)
    is_rebuilding = has_rollups_to_rebuild(account)
    return figures_of(account, found, metric=metric_of(found), is_rebuilding=is_rebuilding)


@pages.post("/")
def hide_steps() -> ResponseReturnValue:
    """Show the first steps no more in this browser."""
    response = redirect(url_for(".index"), 303)
    response.set_cookie(
        _hidden_for(),
        signed_in_account().id,
        max_age=A_YEAR_SECONDS,
        secure=current_app.config["SETTINGS"].secure_cookies,
        httponly=True,
        samesite="Lax",
    )
    return response


def _hidden_for() -> str:
    return f"__Host-{HIDDEN_FOR}" if current_app.config["SETTINGS"].secure_cookies else HIDDEN_FOR


def overview_of(account: Account) -> Overview:
    """Return how the account stands now."""
    return overview(
        account,
        now=clock.now(),
        grace=renewal_grace(),
        limits=credit_limits(),
        seller_country=seller().country,
    )


def metric_of(found: Overview) -> Metric:
    """Return what the chart measures: what was asked for, else what says something."""
    asked = request.args.get("chart")
    if asked in (Metric.COST, Metric.TOKENS):
        return Metric(asked)
    # Who stays inside his plan pays nothing: then the tokens tell more than the cost.
    return Metric.COST if found.recent.totals.final_nanos else Metric.TOKENS


def figures_of(
    account: Account, found: Overview, *, metric: Metric, is_rebuilding: bool = False
) -> Figures:
    """Return the overview's inside as the account's owner sees it."""
    total, before = (getattr(sums, FIGURES[metric]) for sums in (found.recent.totals, found.before))
    chart = charts.draw(found.recent, metric=metric, in_order=found.models)
    html = render_template(
        "web/overview/figures.html",
        overview=found,
        local=zone(account.timezone),
        chart=chart,
        is_rebuilding=is_rebuilding,
        chosen=_chosen(account, found, metric),
        before=before,
        change=change_permille(total, before),
        quota_used=share_permille(found.period.quota_tokens_used, found.period.quota),
        spend_used=used_permille(
            found.position.spend_limit_minor, found.position.debts.spent_nanos
        ),
        credit_used=used_permille(found.position.credit_limit_minor, found.position.owed_nanos),
        top_models=_rows(found.top_models, chart, Grouping.MODEL),
        top_keys=_rows(found.top_keys, chart, Grouping.API_KEY),
    )
    mark = hashlib.sha256(html.encode()).hexdigest()[:MARK_LENGTH]
    shown = Markup(html)  # noqa: S704  # nosec B704  # Jinja has escaped it
    return Figures(shown, mark, metric, found.read_at)


def _chosen(account: Account, found: Overview, metric: Metric) -> UsageFilter:
    """Return what the usage page shows of the same days: there, each bar leads on."""
    local, period = zone(account.timezone), Period(found.period.starts_at, found.period.ends_at)
    today = Today(found.read_at.astimezone(local).date(), local, period)
    return read_filter({"metric": metric.value}, today)


def _colours(chart: charts.Chart) -> dict[str, str]:
    return {row.group: row.colour for row in chart.rows if row.group is not None}


def _rows(
    groups: Sequence[GroupSums], chart: charts.Chart, group_by: Grouping
) -> Sequence[charts.Row]:
    colours = _colours(chart) if group_by is chart.group_by else {}
    return charts.rows_of(
        groups, chart.totals, metric=chart.metric, group_by=group_by, colours=colours
    )

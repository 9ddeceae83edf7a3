"""The operator's month: what was used, invoiced, paid, given back, and is still owed."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.domain.reporting.monthly import MonthlyReport, monthly_report
from app.domain.reporting.monthly_sums import revenue_by_month
from app.entrypoints.downloading import download
from app.entrypoints.report_shapes import report_body
from app.entrypoints.usage_csv import harmless, plain
from app.entrypoints.web.csv_files import Cell, csv_answer
from app.entrypoints.web.operator.desk import show
from app.entrypoints.web.operator.report_chart import draw_year
from app.entrypoints.web.signing_in import signed_in_account
from app.foundation import clock
from app.foundation.periods import BillingMonth

MONTHS = 12

pages = Blueprint("report", __name__)


@pages.get("/report")
def index() -> ResponseReturnValue:
    """Show a month's figures, and the year of usage that it ends."""
    month = _month()
    months = [month.plus(-back) for back in reversed(range(MONTHS))]
    return show(
        "web/operator/report/index.html",
        "web/operator/report/_report.html",
        report=monthly_report(month, now=clock.now()),
        chart=draw_year(revenue_by_month(months[0], month), months),
        choices=_choices(),
    )


@pages.get("/report/export.csv")
def export() -> ResponseReturnValue:
    """Send a month's figures as a file."""
    report = monthly_report(_month(), now=clock.now())
    lines = download(_lines(report), user_id=signed_in_account().id)
    return csv_answer(f"report-{report.month}.csv", lines)


def _month() -> BillingMonth:
    """Return the month of the address; the running one for whatever is none, or not begun."""
    running = BillingMonth.of(clock.now())
    try:
        return min(BillingMonth.parse(request.args.get("month", "")), running)
    except ValueError:
        return running


def _choices() -> Sequence[BillingMonth]:
    running = BillingMonth.of(clock.now())
    return [running.plus(-back) for back in range(MONTHS)]


def _lines(report: MonthlyReport) -> Iterator[Sequence[Cell]]:
    """Return a line for each figure: of what, which, and how much. Amounts are exact USD."""
    yield ("of", "name", "figure", "value")
    body = report_body(report)
    for name, value in body.items():
        if not isinstance(value, list):
            yield ("month", str(report.month), name, _cell(value))
    for kind, key in (("by_plan", "plan_id"), ("by_model", "model")):
        rows = body[kind]
        assert isinstance(rows, list), "figures are kept apart in lists"
        for row in rows:
            for name, value in row.items():
                yield (key, harmless(str(row[key])), name, _cell(value))


def _cell(value: object) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    return harmless(value) if isinstance(value, str) else f"{value}"

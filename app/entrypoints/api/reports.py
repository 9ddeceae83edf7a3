"""The operator's figures of a month."""

from flask import Blueprint, Response, request

from app.domain.reporting.monthly import monthly_report
from app.entrypoints.api.answering import answer
from app.entrypoints.api.auth import for_operators
from app.entrypoints.api.describing import parts
from app.entrypoints.api.describing.parts import Parameter
from app.entrypoints.api.reading_bodies import field_refusal
from app.entrypoints.api.reading_queries import Parameters
from app.entrypoints.report_shapes import report_body
from app.foundation import clock
from app.foundation.periods import BillingMonth

calls = Blueprint("reports", __name__)

MONTH = Parameter(name="month", schema=parts.month(), required=True)


@calls.get("/reports/monthly")
@for_operators
def get_monthly_report() -> Response:
    """Answer what a month brought: usage, invoices, payments, and what is still owed."""
    Parameters(MONTH).check()
    return answer(report_body(monthly_report(_month(), now=clock.now())))


def _month() -> BillingMonth:
    text = request.args.get(MONTH.name)
    if text is None:
        raise field_refusal("month", "month_invalid", "month is required, written like 2026-11.")
    try:
        return BillingMonth.parse(text)
    except ValueError as error:
        detail = "month must be a month, written like 2026-11."
        raise field_refusal("month", "month_invalid", detail) from error

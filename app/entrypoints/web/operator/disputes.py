"""Disputes: what customers contest at their banks, and what lost ones took back."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.domain.payments.dispute_files import DECIDED, OPEN, disputes_found
from app.entrypoints.web.operator.desk import ROWS_PER_PAGE, people_of, show
from app.entrypoints.web.page_numbers import row_before

pages = Blueprint("disputes", __name__)


@pages.get("/disputes")
def index() -> ResponseReturnValue:
    """Show the open ones first, and below them those that were decided."""
    open_before, before = row_before("open_before"), row_before()
    undecided = disputes_found(OPEN, limit=ROWS_PER_PAGE, before=open_before)
    decided = disputes_found(DECIDED, limit=ROWS_PER_PAGE, before=before)
    return show(
        "web/operator/disputes/index.html",
        "web/operator/disputes/_disputes.html",
        open=undecided,
        decided=decided,
        people=people_of(undecided.rows, decided.rows),
        open_before=open_before,
        before=before,
    )

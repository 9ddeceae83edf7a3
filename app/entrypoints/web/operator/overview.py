"""What waits for the operator, the most urgent first."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.domain.reporting.attention import COUNTED_MAX, attention
from app.entrypoints.web.operator.desk import show
from app.foundation import clock

pages = Blueprint("overview", __name__)


@pages.get("")
def index() -> ResponseReturnValue:
    """Show what needs attention, counted, and what verifying the books came to."""
    return show(
        "web/operator/overview/index.html",
        "web/operator/overview/_attention.html",
        found=attention(now=clock.now()),
        counted_max=COUNTED_MAX,
    )

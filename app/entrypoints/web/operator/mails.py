"""Mails that came back: addresses that no server takes mails for."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.domain.mails import queries
from app.entrypoints.web.operator.desk import ROWS_PER_PAGE, show
from app.entrypoints.web.operator.mail_words import MAILS
from app.entrypoints.web.page_numbers import row_before

pages = Blueprint("mails", __name__)


@pages.get("/mails")
def index() -> ResponseReturnValue:
    """Show the mails that were refused for good."""
    before = row_before()
    return show(
        "web/operator/mails/index.html",
        "web/operator/mails/_mails.html",
        found=queries.refused_mails(limit=ROWS_PER_PAGE, before=before),
        kinds=MAILS,
        before=before,
    )

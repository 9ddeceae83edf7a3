"""Mails to customers: those that came back, and what has become of all others."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.domain.accounts.queries import operators
from app.domain.mails import queries
from app.domain.mails.queries import Choice
from app.entrypoints.web.operator.desk import (
    ROWS_PER_PAGE,
    choice_asked,
    customer_called,
    show,
    text_asked,
)
from app.entrypoints.web.operator.mail_words import MAILS
from app.entrypoints.web.page_numbers import row_before

pages = Blueprint("mails", __name__)


@pages.get("/mails")
def index() -> ResponseReturnValue:
    """Show the mails that were refused for good, or all of them, of a customer if one is asked."""
    choice, query = choice_asked(Choice, "show", Choice.REFUSED), text_asked("query")
    before = row_before()
    return show(
        "web/operator/mails/index.html",
        "web/operator/mails/_mails.html",
        found=queries.mails_found(
            choice, limit=ROWS_PER_PAGE, user_id=query and customer_called(query), before=before
        ),
        choice=choice,
        query=query,
        kinds=MAILS,
        operators={each.id for each in operators()},
        before=before,
    )

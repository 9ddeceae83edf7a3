"""The journal: who did what, when, and about whom."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.domain.accounts import queries
from app.entrypoints.web.operator.desk import ROWS_PER_PAGE, show, text_asked
from app.entrypoints.web.page_numbers import row_before
from app.foundation import journal

# Those who have no account.
OTHERS = ("operator:command line", "system")

pages = Blueprint("journal", __name__)


@pages.get("/journal")
def index() -> ResponseReturnValue:
    """Show the newest acts: of an actor, of a kind, about a customer."""
    asked = {name: text_asked(name) for name in ("actor", "action", "user_id")}
    before = row_before()
    found = journal.entries(limit=ROWS_PER_PAGE, before=before, **asked)
    return show(
        "web/operator/journal/index.html",
        "web/operator/journal/_journal.html",
        found=found,
        asked={name: value for name, value in asked.items() if value},
        before=before,
        actors=[*(f"operator:{each.id}" for each in queries.operators()), *OTHERS],
        actions=journal.actions(),
    )

"""The journal of the customer's own account, in words, page by page."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.domain.accounts import security_journal
from app.domain.accounts.rules import zone
from app.domain.accounts.security_journal import EVERYTHING
from app.entrypoints.web.groups import JOURNAL, WORDS
from app.entrypoints.web.page_numbers import choices_in_query, row_before
from app.entrypoints.web.responding import respond
from app.entrypoints.web.security_words import in_words
from app.entrypoints.web.signing_in import require_sign_in, signed_in_account

ROWS_PER_PAGE = 25

pages = Blueprint("journal", __name__)
pages.before_request(require_sign_in)


@pages.get("/settings/security/journal")
def index() -> ResponseReturnValue:
    """Show the newest of what was done with the account, or what lies before a row."""
    account, before = signed_in_account(), row_before()
    wanted = choices_in_query({"about": JOURNAL})
    actions = JOURNAL.get(wanted.get("about", ""), EVERYTHING)
    return respond(
        "web/journal/index.html",
        "web/journal/_journal.html",
        found=security_journal.everything_of(
            account, limit=ROWS_PER_PAGE, before=before, actions=actions
        ),
        before=before,
        wanted=wanted,
        groups=WORDS,
        local=zone(account.timezone),
        spoken=in_words(),
    )

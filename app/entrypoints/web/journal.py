"""The journal of the customer's own account, in words, page by page."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.domain.accounts import security_journal
from app.domain.accounts.models import Account
from app.domain.accounts.rules import zone
from app.domain.accounts.security_journal import EVERYTHING, SecurityEvent
from app.domain.catalog import queries as catalog
from app.entrypoints.languages import plan_called
from app.entrypoints.web.groups import JOURNAL, WORDS
from app.entrypoints.web.page_numbers import choices_in_query, row_before
from app.entrypoints.web.responding import respond
from app.entrypoints.web.security_words import in_words
from app.entrypoints.web.signing_in import require_sign_in, signed_in_account
from app.foundation.paging import Stretch

ROWS_PER_PAGE = 25

pages = Blueprint("journal", __name__)
pages.before_request(require_sign_in)


@pages.get("/settings/security/journal")
def index() -> ResponseReturnValue:
    """Show the newest of what was done with the account, or what lies before a row."""
    account, wanted = signed_in_account(), choices_in_query({"about": JOURNAL})
    return respond(
        "web/journal/index.html",
        "web/journal/_journal.html",
        found=_found(account, wanted.get("about", "")),
        before=row_before(),
        wanted=wanted,
        groups=WORDS,
        local=zone(account.timezone),
        spoken=in_words({plan.id: str(plan_called(plan.name)) for plan in catalog.plans()}),
    )


def _found(account: Account, about: str) -> Stretch[SecurityEvent]:
    actions = JOURNAL.get(about, EVERYTHING)
    return security_journal.everything_of(
        account, limit=ROWS_PER_PAGE, before=row_before(), actions=actions
    )

"""The mails that were kept for want of a mail server: where a demo's customer reads his own."""

from flask import Blueprint, Response, abort, current_app, render_template
from flask.typing import ResponseReturnValue

from app.domain.accounts.rules import zone
from app.domain.mails import queries
from app.entrypoints.letters import subject_of, write_letter
from app.entrypoints.security_headers import let_it_be_framed, let_own_frames_in
from app.entrypoints.web.groups import MAILS, WORDS
from app.entrypoints.web.page_numbers import choices_in_query, row_before
from app.entrypoints.web.responding import respond
from app.entrypoints.web.signing_in import require_sign_in, signed_in_account
from app.foundation.paging import ID_MAX

ROWS_PER_PAGE = 25

pages = Blueprint("mails", __name__)
pages.before_request(require_sign_in)


@pages.before_request
def _only_where_mails_are_kept() -> None:
    if not current_app.config["SETTINGS"].keeps_mails:
        abort(404)


@pages.get("/mails")
def index() -> ResponseReturnValue:
    """List the account's mails, the newest first."""
    account, settings = signed_in_account(), current_app.config["SETTINGS"]
    before, wanted = row_before(), choices_in_query({"about": MAILS})
    kinds = MAILS.get(wanted.get("about", ""))
    found = queries.mails_of(account, limit=ROWS_PER_PAGE, before=before, kinds=kinds)
    return respond(
        "web/mails/index.html",
        "web/mails/_mails.html",
        found=found,
        mails=[(mail, subject_of(mail, account, settings=settings)) for mail in found.rows],
        before=before,
        wanted=wanted,
        groups=WORDS,
        local=zone(account.timezone),
    )


@pages.get(f"/mails/<int(max={ID_MAX}):mail_id>")
def show(mail_id: int) -> ResponseReturnValue:
    """Show a mail as text, and as it looks in a mail program."""
    account, settings = signed_in_account(), current_app.config["SETTINGS"]
    mail = queries.mail_of(account, mail_id)
    letter = write_letter(mail, account, settings=settings)
    page = render_template(
        "web/mails/show.html", mail=mail, letter=letter, local=zone(account.timezone)
    )
    return let_own_frames_in(Response(page))


@pages.get(f"/mails/<int(max={ID_MAX}):mail_id>/html")
def show_html(mail_id: int) -> ResponseReturnValue:
    """Answer the HTML of a mail alone, in a sandbox of its own: it may look, and do nothing."""
    account, settings = signed_in_account(), current_app.config["SETTINGS"]
    mail = queries.mail_of(account, mail_id)
    return let_it_be_framed(Response(write_letter(mail, account, settings=settings).html))

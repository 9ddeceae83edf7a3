"""The customer's own data: to take with him, and to have deleted."""

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from flask import stream_with_context as streamed
from flask.typing import ResponseReturnValue

from app.domain.accounts import deletion, security_journal
from app.domain.accounts.errors import DeletionAsked, DeletionNotAsked, InvoicesUnpaid
from app.domain.accounts.models import Account
from app.domain.accounts.rules import zone
from app.domain.accounts.security_journal import Act
from app.domain.catalog import queries as catalog
from app.domain.catalog.models import PAY_AS_YOU_GO
from app.domain.reporting.leaving import leaving
from app.domain.subscriptions import queries as subscriptions
from app.domain.subscriptions.errors import ChangeInProgress
from app.entrypoints.account_limits import count_told
from app.entrypoints.downloading import download as taken
from app.entrypoints.queueing import nudge
from app.entrypoints.settings import renewal_grace
from app.entrypoints.web import tries
from app.entrypoints.web.errors import refusals_noted, refusals_shown_on
from app.entrypoints.web.forms import DeletionForm
from app.entrypoints.web.own_archive import archive
from app.entrypoints.web.responding import flash_words
from app.entrypoints.web.signing_in import (
    ask_for_password,
    has_fresh_password,
    require_sign_in,
    signed_in_account,
    signed_in_transaction,
)
from app.entrypoints.web.visitors import visitor
from app.foundation import clock
from app.foundation.database import end_reading
from app.foundation.sentences import Day, Sentence, say
from app.workflows.delete_account import by_owner, delete_account, keep_account

STAYS = say("Your account stays. Nothing of it was deleted.")
REFUSALS = (InvoicesUnpaid, DeletionAsked, ChangeInProgress)

pages = Blueprint("belongings", __name__)
pages.before_request(require_sign_in)


@pages.get("/settings/data")
def index() -> ResponseReturnValue:
    """Show what can be done with one's data."""
    return _page(DeletionForm(formdata=None))


@pages.post("/settings/data/download")
def download() -> ResponseReturnValue:
    """Hand out everything as one ZIP, to whoever has just entered his password."""
    account, now = signed_in_account(), clock.now()
    if not has_fresh_password():
        return ask_for_password(url_for(".index"))
    tries.take_belongings(account)
    # Refused where too many are under way: then nothing was taken.
    parts = taken(streamed(archive(account, now=now)), user_id=account.id)
    with signed_in_transaction():
        security_journal.note(Act.DATA_TAKEN, account, visitor=visitor(), now=now)
    end_reading()
    answer = Response(parts, content_type="application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="my-data-{now:%Y-%m-%d}.zip"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@pages.post("/settings/data/delete")
def delete() -> ResponseReturnValue:
    """Have the account deleted after the waiting, or say at the field why not."""
    form = DeletionForm()
    form.expected = signed_in_account().email
    if not has_fresh_password():
        return ask_for_password(url_for(".index"))
    if form.validate():
        with refusals_shown_on(dict.fromkeys(REFUSALS, form.email)):
            _ask()
            return redirect(url_for(".index"), 303)
    return _page(form)


@pages.post("/settings/data/keep")
def keep() -> ResponseReturnValue:
    """Keep the account after all."""
    account, visits = signed_in_account(), visitor()
    actor, details = by_owner(account, device=visits.device, address=visits.address)
    with refusals_noted(DeletionNotAsked) as refused, signed_in_transaction():
        keep_account(account, actor=actor, details=details, grace=renewal_grace(), now=clock.now())
    nudge()
    flash_words(refused[0].message if refused else _stays(account))
    return redirect(url_for(".index"), 303)


def _stays(account: Account) -> Sentence:
    """Say what goes on, where a plan does: a switch that was scheduled does not come back."""
    standing = subscriptions.subscription_of(account.id, now=clock.now(), grace=renewal_grace())
    if standing.plan_id == PAY_AS_YOU_GO or not standing.auto_renew:
        return STAYS
    renews_on = Day(standing.period.ends_at, zone(account.timezone))
    told = {"plan": catalog.plan(standing.plan_id).name, "day": renews_on}
    return say(
        "Your account stays. Nothing of it was deleted. {plan} is renewed on {day}; "
        "a switch that was scheduled has to be chosen again.",
        told,
    )


def _ask() -> None:
    account, visits = signed_in_account(), visitor()
    actor, details = by_owner(account, device=visits.device, address=visits.address)
    count_told(account)
    with signed_in_transaction():
        delete_account(
            account, actor=actor, details=details, grace=renewal_grace(), now=clock.now()
        )
    nudge()


def _page(form: DeletionForm) -> Response:
    account, now = signed_in_account(), clock.now()
    page = render_template(
        "web/belongings/index.html",
        account=account,
        form=form,
        left=leaving(account, now=now, grace=renewal_grace()),
        days=deletion.WAITS.days,
        is_closed=account.deletion_due_at is not None and account.deletion_due_at <= now,
        local=zone(account.timezone),
    )
    return make_response(page, 422 if form.errors else 200)

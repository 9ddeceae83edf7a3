"""Jobs that have failed: what is in their way, and trying one again now."""

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from app.entrypoints.languages import translated
from app.entrypoints.queueing import nudge
from app.entrypoints.web.operator.desk import ROWS_PER_PAGE, actor, show
from app.entrypoints.web.page_numbers import row_before
from app.entrypoints.web.signing_in import signed_in_transaction
from app.foundation import clock, outbox
from app.foundation.paging import ID_MAX
from app.foundation.sentences import say

pages = Blueprint("jobs", __name__)


@pages.get("/jobs")
def index() -> ResponseReturnValue:
    """Show the jobs that have failed and wait for their next try."""
    before = row_before()
    return show(
        "web/operator/jobs/index.html",
        "web/operator/jobs/_jobs.html",
        found=outbox.failing(limit=ROWS_PER_PAGE, before=before),
        before=before,
    )


@pages.post(f"/jobs/<int(max={ID_MAX}):job_id>/retry")
def retry(job_id: int) -> ResponseReturnValue:
    """Try a job again now; each can be done twice without harm."""
    with signed_in_transaction():
        outbox.retry(job_id, actor=actor(), now=clock.now())
    nudge()
    flash(str(translated(say("The worker tries job {id} again.", {"id": job_id}))))
    return redirect(url_for(".index"), 303)

"""Jobs that are not done yet: how far each is, what is in its way, and trying one again now."""

from enum import StrEnum

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from app.entrypoints.languages import translated
from app.entrypoints.queueing import nudge
from app.entrypoints.web.operator.ages import ages
from app.entrypoints.web.operator.desk import ROWS_PER_PAGE, actor, choice_asked, show
from app.entrypoints.web.operator.job_words import ABOUT, KINDS
from app.entrypoints.web.page_numbers import row_before
from app.entrypoints.web.signing_in import signed_in_transaction
from app.foundation import clock, outbox, outbox_states
from app.foundation.outbox_states import State
from app.foundation.paging import ID_MAX
from app.foundation.sentences import say

pages = Blueprint("jobs", __name__)


class Shown(StrEnum):
    """Which jobs are shown."""

    ALL = "all"
    STUCK = State.STUCK
    FAILED = State.FAILED
    RUNNING = State.RUNNING
    WAITING = State.WAITING


@pages.get("/jobs")
def index() -> ResponseReturnValue:
    """Show the jobs that are not done, of one state if that is asked for."""
    now, before, chosen = clock.now(), row_before(), choice_asked(Shown, "state", Shown.ALL)
    state = None if chosen is Shown.ALL else State(chosen.value)
    return show(
        "web/operator/jobs/index.html",
        "web/operator/jobs/_jobs.html",
        found=outbox_states.undone(now=now, limit=ROWS_PER_PAGE, state=state, before=before),
        chosen=chosen,
        before=before,
        kinds=KINDS,
        about=ABOUT,
        age=ages(now=now),
    )


@pages.post(f"/jobs/<int(max={ID_MAX}):job_id>/retry")
def retry(job_id: int) -> ResponseReturnValue:
    """Try a job again now; each can be done twice without harm."""
    with signed_in_transaction():
        outbox.retry(job_id, actor=actor(), now=clock.now())
    nudge()
    flash(str(translated(say("The worker tries job {id} again.", {"id": job_id}))))
    return redirect(url_for(".index"), 303)

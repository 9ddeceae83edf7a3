"""Providers' events: what came, what became of it, and looking into one again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from app.domain.payments import inbox, searching
from app.domain.payments.gateway import nothing_done_on
from app.domain.payments.searching import EventChoice
from app.entrypoints.languages import translated
from app.entrypoints.queueing import nudge
from app.entrypoints.web.operator.ages import ages
from app.entrypoints.web.operator.desk import (
    ROWS_PER_PAGE,
    actor,
    choice_asked,
    show,
    text_asked,
)
from app.entrypoints.web.page_numbers import row_before
from app.entrypoints.web.signing_in import signed_in_transaction
from app.foundation import clock
from app.foundation.sentences import say

pages = Blueprint("webhooks", __name__)


@pages.get("/webhooks")
def index() -> ResponseReturnValue:
    """Show the newest events, of one status or of one id if that is asked for."""
    chosen, query = choice_asked(EventChoice, "status", EventChoice.ALL), text_asked("query")
    now, before = clock.now(), row_before()
    return show(
        "web/operator/webhooks/index.html",
        "web/operator/webhooks/_events.html",
        found=searching.events_found(
            now=now, choice=chosen, event_id=query, limit=ROWS_PER_PAGE, before=before
        ),
        chosen=chosen,
        query=query,
        before=before,
        **_what_became_of_them(now=now),
    )


@pages.post("/webhooks/<provider>/<event_id>/replay")
def replay(provider: str, event_id: str) -> ResponseReturnValue:
    """Look into an event once more, whatever was made of it; it has no effect twice."""
    with signed_in_transaction():
        inbox.replay(provider, event_id, actor=actor(), now=clock.now())
    nudge()
    flash(str(translated(say("The worker looks into {id} again.", {"id": event_id}))))
    return redirect(url_for(".index", query=event_id), 303)


def _what_became_of_them(*, now: datetime) -> Mapping[str, Any]:
    return {
        "age": ages(now=now),
        "is_stuck": lambda event: searching.is_stuck(event, now=now),
        "nothing_done_on": nothing_done_on,
    }

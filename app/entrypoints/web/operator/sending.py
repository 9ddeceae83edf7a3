"""Forms with a mark: of having been sent, so that none counts twice, or of what was shown."""

import hashlib
import secrets
from collections.abc import Sequence

from flask import request
from wtforms import HiddenField

from app.entrypoints.web.forms import SentForm, visible
from app.entrypoints.web.operator.desk import actor
from app.foundation import clock, idempotency
from app.foundation.errors import DomainError, Kind
from app.foundation.idempotency import Answer
from app.foundation.sentences import say

MARK_BYTES = 12
NOT_TYPED = ("confirmed", "csrf_token")
SEE_OTHER = 303
DONE_BEFORE = say("This form was sent before, and what it asked for is done.")


class FormSentTwice(DomainError):
    """The very form was sent before, and what it asked for was done."""

    kind = Kind.CONFLICT


class QuestionChanged(DomainError):
    """What was agreed to is not what the question says by now."""

    kind = Kind.CONFLICT


class SeenForm(SentForm):
    """A form that sends along what its question said: nobody agrees to what he has not read."""

    seen = HiddenField(default="")


class OnceForm(SentForm):
    """A form that has its effect once, however often it is sent."""

    once = HiddenField(default=lambda: secrets.token_urlsafe(MARK_BYTES), filters=[visible])


def mark_of(form: SentForm) -> str:
    """Return a mark of all that is typed: what was shown before it is confirmed."""
    typed = [field.data for field in form if field.name not in NOT_TYPED]
    return hashlib.sha256(repr(typed).encode()).hexdigest()


def mark_of_words(consequences: Sequence[str]) -> str:
    """Return a mark of what a question said, whatever the language it was read in."""
    return hashlib.sha256("\n".join(consequences).encode()).hexdigest()


def check_seen(form: SeenForm, consequences: Sequence[str]) -> None:
    """Refuse what was agreed to when the question said something else. Raises QuestionChanged."""
    if form.seen.data and form.seen.data != mark_of_words(consequences):
        raise QuestionChanged(
            say("What this is about has changed after you opened the page. Read it again.")
        )


def check_first_time(form: OnceForm, *, told: str = DONE_BEFORE) -> None:
    """Keep the form's mark in the running transaction. Raises FormSentTwice."""
    # However long it is that somebody has sent for a mark, it is kept like ours.
    mark = hashlib.sha256((form.once.data or "").encode()).hexdigest()
    scope, now = f"{actor()} {request.path} {mark}", clock.now()
    if idempotency.claim(scope, body=b"", now=now) is not None:
        raise FormSentTwice(told)
    idempotency.keep(scope, Answer(SEE_OTHER, b"", ""))

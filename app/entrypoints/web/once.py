"""Forms with a mark of having been sent: none has its effect twice."""

import hashlib
import secrets

from flask import request
from wtforms import HiddenField

from app.domain.accounts.security_journal import actor_of
from app.entrypoints.web.forms import SentForm, visible
from app.entrypoints.web.signing_in import signed_in_account
from app.foundation import clock, idempotency
from app.foundation.errors import DomainError, Kind
from app.foundation.idempotency import Answer
from app.foundation.sentences import say

MARK_BYTES = 12
SEE_OTHER = 303
DONE_BEFORE = say("This form was sent before, and what it asked for is done.")


def _new_mark() -> str:
    return secrets.token_urlsafe(MARK_BYTES)


class FormSentTwice(DomainError):
    """The very form was sent before, and what it asked for was done."""

    kind = Kind.CONFLICT


class OnceForm(SentForm):
    """A form that has its effect once, however often it is sent."""

    once = HiddenField(default=_new_mark, filters=[visible])


def check_first_time(form: OnceForm, *, told: str = DONE_BEFORE) -> None:
    """Keep the form's mark in the running transaction. Raises FormSentTwice."""
    # However long it is that somebody has sent for a mark, it is kept like ours.
    mark = hashlib.sha256((form.once.data or "").encode()).hexdigest()
    scope, now = f"{actor_of(signed_in_account())} {request.path} {mark}", clock.now()
    if idempotency.claim(scope, body=b"", now=now) is not None:
        # Whoever reads that and sends the form again means another one.
        form.once.data = _new_mark()
        raise FormSentTwice(told)
    idempotency.keep(scope, Answer(SEE_OTHER, b"", ""))

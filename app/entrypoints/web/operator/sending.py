"""Forms with a mark of what was shown: nobody agrees to what he has not read."""

import hashlib
from collections.abc import Sequence

from wtforms import HiddenField

from app.entrypoints.web.forms import SentForm
from app.foundation.errors import DomainError, Kind
from app.foundation.sentences import say

NOT_TYPED = ("confirmed", "csrf_token")


class QuestionChanged(DomainError):
    """What was agreed to is not what the question says by now."""

    kind = Kind.CONFLICT


class SeenForm(SentForm):
    """A form that sends along what its question said: nobody agrees to what he has not read."""

    seen = HiddenField(default="")


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

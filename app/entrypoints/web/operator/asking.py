"""Questions before something is done: what it does, a form for what is needed, and one button."""

from dataclasses import dataclass

from flask import flash, redirect
from flask.typing import ResponseReturnValue

from app.entrypoints.languages import translated
from app.entrypoints.web.forms import SentForm
from app.entrypoints.web.operator.desk import show
from app.entrypoints.web.operator.sending import SeenForm, mark_of_words


@dataclass(frozen=True, slots=True)
class Question:
    """What is about to be done, in words; `back` is the address of what it is about.

    Where nothing would be done, there is no button.
    """

    title: str
    consequences: tuple[str, ...]
    button: str
    back: str
    done: str
    is_bad: bool = False


def ask(question: Question, form: SentForm) -> ResponseReturnValue:
    """Show the question; once its form was sent without a fault, say that it is done."""
    if form.is_submitted() and not form.errors:
        flash(str(translated(question.done)))
        return redirect(question.back, 303)
    if isinstance(form, SeenForm):
        form.seen.data = mark_of_words(question.consequences)
    return show(
        "web/operator/ask/index.html",
        "web/operator/ask/_ask.html",
        status=422 if form.errors else 200,
        question=question,
        form=form,
    )

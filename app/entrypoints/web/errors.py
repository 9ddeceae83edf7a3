"""The dashboard's one translation of refusals, and its pages for everything that goes wrong."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from wtforms import Field

from app.domain.accounts.models import Account, Role
from app.entrypoints.csrf import ForeignForm
from app.entrypoints.http_status import STATUS_BY_KIND
from app.entrypoints.problems import retry_after
from app.entrypoints.web.leading_back import is_only_looked_at, lead_back
from app.entrypoints.web.signing_in import (
    is_signed_in,
    lead_to_sign_in,
    needs_sign_in,
    signed_in_account,
)
from app.foundation.errors import DomainError, Kind
from app.foundation.sentences import say
from app.foundation.store_away import STORE_AWAY

# A browser proves itself by its session. A key that a page finds unknown is one that is not there.
STATUS = {**STATUS_BY_KIND, Kind.UNAUTHENTICATED: 404}
WORDS = {
    400: (
        say("This request could not be read"),
        say("Go back, load the page again and try once more."),
    ),
    403: (
        say("This page is not yours"),
        say("You are signed in, but this is not for your account to see."),
    ),
    404: (say("There is nothing here"), say("The address is wrong, or what stood here is gone.")),
    405: (say("That does not work here"), say("This address does not take this kind of request.")),
    413: (say("That was too much"), say("What you sent is larger than we take.")),
    500: (
        say("Something went wrong on our side"),
        say("It has been noted. Please try again in a moment."),
    ),
    503: (
        say("We will be right back"),
        say("The database cannot be reached right now. Please try again."),
    ),
}
DID_NOT_WORK = say("That did not work")
TITLES = {
    403: say("This is not yours"),
    404: say("There is nothing here"),
    429: say("Please slow down"),
}


def show_refusal(error: DomainError) -> ResponseReturnValue:
    """Answer a refusal that no form could show."""
    status = STATUS[error.kind]
    page, status = _page(status, TITLES.get(status, DID_NOT_WORK), error.message)
    return page, status, retry_after(error)


def show_http_error(error: HTTPException) -> ResponseReturnValue:
    """Answer what the framework refused, or a bug."""
    if _is_of_a_lost_session(error):
        return lead_to_sign_in()
    if isinstance(error, CSRFError):
        return _page(
            400,
            say("This form has expired"),
            say("Go back, load the page again and send it again."),
        )
    if isinstance(error, MethodNotAllowed) and is_only_looked_at():
        return lead_back()
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    title, message = WORDS.get(status, (DID_NOT_WORK, HTTPStatus(status).phrase + "."))
    page, status = _page(status, title, message)
    # Which methods an address takes, or when to come back.
    kept = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    return page, status, kept


@contextmanager
def refusals_shown_on(fields: Mapping[type[DomainError], Field]) -> Iterator[None]:
    """Turn the refusals named into a message on their field; all others go on."""
    try:
        yield
    except DomainError as error:
        field = fields.get(type(error))
        if field is None:
            raise
        field.errors = [*field.errors, error.message]


@contextmanager
def refusals_noted(*kinds: type[DomainError]) -> Iterator[list[DomainError]]:
    """Note a refusal of these kinds instead of raising it, for a page that says it in place."""
    noted: list[DomainError] = []
    try:
        yield noted
    except kinds as refusal:
        noted.append(refusal)


def _page(status: int, title: str, message: str) -> tuple[str, int]:
    page = render_template(
        "web/refused.html", layout=_frame(status), status=status, title=title, message=message
    )
    return page, status


def _is_of_a_lost_session(error: HTTPException) -> bool:
    """Tell whether a form has no token because the session that it was made in is gone.

    What another site sends is refused all the same, and so is what needs no session to begin with.
    """
    is_ours = isinstance(error, CSRFError) and not isinstance(error, ForeignForm)
    return is_ours and needs_sign_in() and _reader() is None


def _frame(status: int) -> str:
    """Return the frame to show it in: the reader's own where he is known, else nobody's."""
    # After a bug, and while the store is away, nothing of it is relied on.
    reader = _reader() if status < HTTPStatus.INTERNAL_SERVER_ERROR else None
    if reader is None:
        return "layouts/outside.html"
    # A customer's is the same at every address: no frame tells him which pages the console has.
    return f"layouts/{'console' if reader.role == Role.OPERATOR else 'dashboard'}.html"


def _reader() -> Account | None:
    # The page is said in his language, so he is asked for all the same.
    with suppress(*STORE_AWAY):
        if is_signed_in() and signed_in_account().role:
            return signed_in_account()
    return None

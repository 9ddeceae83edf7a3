"""The API's translation of refusals, where one must be kept before it is sent."""

from collections.abc import Callable
from typing import TypeVar

from flask import Response

from app.entrypoints import problems
from app.entrypoints.api.auth import Call
from app.foundation.errors import DomainError

T = TypeVar("T")


def answer_of(call: Call, route: dict[str, object]) -> Response:
    """Return what the call answers, refusals too."""
    try:
        return call(**route)
    except DomainError as error:
        return problems.refused(error)


def outcome_of(work: Callable[[], T]) -> T | Response:
    """Do the work, and return what it gives, or its refusal as it is answered."""
    try:
        return work()
    except DomainError as error:
        return problems.refused(error)


def refusal_of(work: Callable[[], None]) -> Response | None:
    """Do the work, and return its refusal if it is refused."""
    try:
        work()
    except DomainError as error:
        return problems.refused(error)
    return None

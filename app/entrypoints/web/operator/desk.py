"""Who sits at the console, and what he has asked for in the address."""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from flask import Response, request

from app.domain.accounts.queries import called, find_account_by_email
from app.domain.accounts.rules import UNSTORABLE, zone
from app.entrypoints.moments import YEAR_MAX, YEAR_MIN
from app.entrypoints.web.responding import respond
from app.entrypoints.web.signing_in import signed_in_account

QUERY_LENGTH_MAX = 300
ROWS_PER_PAGE = 25

E = TypeVar("E", bound=StrEnum)


def actor() -> str:
    """Return how the journal calls the operator."""
    return f"operator:{signed_in_account().id}"


def local() -> ZoneInfo:
    """Return the zone in which the operator is told moments."""
    return zone(signed_in_account().timezone)


class SomebodysOwn(Protocol):
    """A row of a list that belongs to a customer."""

    @property
    def user_id(self) -> str:
        """Return whose it is."""


def people_of(*lists: Iterable[SomebodysOwn]) -> Mapping[str, str]:
    """Return what the customers in these lists are called. One statement for all of them."""
    return called({row.user_id for rows in lists for row in rows})


def customer_called(query: str) -> str:
    """Return the id of whoever is called so: by his mail address, else by his id."""
    account = find_account_by_email(query.lower()) if "@" in query else None
    return query if account is None else account.id


def show(page: str, fragment: str, /, *, status: int = 200, **context: object) -> Response:
    """Answer a page of the console; moments are told in the operator's own zone."""
    return respond(page, fragment, status=status, local=local(), **context)


def text_asked(name: str) -> str | None:
    """Return a text of the address, trimmed; none where nothing, or nothing readable, is asked."""
    text = UNSTORABLE.sub(" ", request.args.get(name, "")[:QUERY_LENGTH_MAX]).strip()
    return text or None


def day_asked(name: str) -> date | None:
    """Return a day of the address; none for whatever is no day that every zone can show."""
    try:
        day = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    return day if YEAR_MIN <= day.year <= YEAR_MAX else None


def choice_asked(choices: type[E], name: str, default: E) -> E:
    """Return what was chosen in the address; the default for whatever is none of the choices."""
    text = request.args.get(name)
    return next((choice for choice in choices if choice.value == text), default)

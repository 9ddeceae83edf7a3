"""How query strings are read: each field strictly, and everything that is wrong said at once.

A field is declared once. By its declaration it is read, and by the same one it is described.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from flask import request

from app.domain.accounts.errors import TimezoneUnknown
from app.domain.accounts.rules import UNSTORABLE, zone
from app.domain.usage.buckets import DAY, day_starts_at
from app.entrypoints.api.describing import parts
from app.entrypoints.api.describing.parts import Parameter
from app.foundation.errors import FieldError, InvalidFields
from app.foundation.paging import Cursor
from app.foundation.periods import Period

Choice = TypeVar("Choice", bound=StrEnum)

TEXT_LENGTH_MAX = 256
NAME_SHOWN_MAX = 64
YEAR_MIN, YEAR_MAX = 2000, 2199
RANGE_DAYS = 30
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# A plus sign that was not escaped arrives as a space.
INSTANT = re.compile(
    DATE.pattern + r"[Tt][0-9:]{8}(?:\.[0-9]{1,9})?(?:[Zz]|[+ -][0-9]{2}:[0-9]{2})"
)
WHOLE = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole(Parameter):
    """A whole number from 1."""

    default: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf(Parameter, Generic[Choice]):
    """One of a few words."""

    default: Choice


def text(name: str, says: str, *, example: str = "") -> Parameter:
    """Declare a text."""
    described = parts.line(says, most=TEXT_LENGTH_MAX, example=example)
    return Parameter(name=name, schema=described)


def day_or_moment(name: str, says: str) -> Parameter:
    """Declare a date or an instant."""
    return Parameter(name=name, schema=parts.day_or_moment(says))


def whole(name: str, says: str, *, default: int, most: int) -> Whole:
    """Declare a whole number from 1."""
    described = {**parts.whole(says, least=1, most=most), "default": default}
    return Whole(name=name, schema=described, default=default, most=most)


def one_of(name: str, says: str = "", *, default: Choice) -> OneOf[Choice]:
    """Declare a word out of those that its default is one of."""
    described = {**parts.text(says, choices=list(type(default))), "default": default.value}
    return OneOf(name=name, schema=described, default=default)


def page(*, default: int, most: int) -> tuple[Whole, Whole]:
    """Declare the number of a page, and how much stands on one."""
    return (
        whole("page", "From 1.", default=1, most=PAGE_MAX),
        whole("page_size", AT_ONCE, default=default, most=most),
    )


class Verbose(StrEnum):
    """Whether a result for each record is wanted."""

    NO = "0"
    YES = "1"


PAGE_MAX = 1_000_000
AT_ONCE = "How many at once."
CURSOR = text("cursor", "The next_cursor of the page before.")
TIMEZONE = text("timezone", "IANA; by default the account's.", example="UTC")
FROM = day_or_moment("from", "A date or an instant; included.")
TO = day_or_moment("to", "A date or an instant; not included.")
VERBOSE = one_of("verbose", "1 for a result per record.", default=Verbose.NO)


def is_verbose() -> bool:
    """Tell whether the sender of usage wants a result for each record. Raises InvalidFields."""
    # As nearly all posts come; for single ones it takes a tenth of what reading them takes.
    if not request.query_string:
        return False
    # Whatever else gateways hang on their addresses is theirs.
    asked = Parameters(VERBOSE, *(Parameter(name=name, schema={}) for name in request.args))
    wanted = asked.one_of(VERBOSE)
    asked.check()
    return wanted == Verbose.YES


class Parameters:
    """The request's query string. Read it field by field, then `check` it before using any."""

    def __init__(self, *known: Parameter) -> None:
        self._faults: list[FieldError] = []
        self._known = {parameter.name for parameter in known}
        for name, values in request.args.lists():
            shown = name[:NAME_SHOWN_MAX]
            if name not in self._known:
                self.refuse(shown, "parameter_unknown", f"There is no parameter called {shown}.")
            elif len(values) > 1:
                self.refuse(name, "parameter_repeated", f"{name} stands more than once.")

    def check(self) -> None:
        """Refuse the query string for everything that is wrong with it. Raises InvalidFields."""
        if self._faults:
            message = " ".join(fault.detail for fault in self._faults)
            raise InvalidFields(message, fields=self._faults)

    def refuse(self, name: str, code: str, detail: str) -> None:
        """Note that a field is wrong."""
        self._faults.append(FieldError(name, code, detail))

    def text(self, asked: Parameter) -> str | None:
        """Return the field as it was sent, if it was."""
        name, text = asked.name, self._sent(asked)
        if text is None or (0 < len(text) <= TEXT_LENGTH_MAX and not UNSTORABLE.search(text)):
            return text
        detail = f"{name} must have 1 to {TEXT_LENGTH_MAX} characters that can be seen."
        self.refuse(name, f"{name}_invalid", detail)
        return None

    def one_of(self, asked: OneOf[Choice]) -> Choice:
        """Return one of the choices."""
        name, text = asked.name, self._sent(asked)
        choices = type(asked.default)
        if text is None:
            return asked.default
        if text in list(choices):
            return choices(text)
        self.refuse(name, f"{name}_invalid", f"{name} must be one of {', '.join(choices)}.")
        return asked.default

    def whole(self, asked: Whole) -> int:
        """Return a whole number from 1."""
        name, most, text = asked.name, asked.most, self._sent(asked)
        if text is None:
            return asked.default
        if WHOLE.fullmatch(text) and 1 <= int(text) <= most:
            return int(text)
        self.refuse(name, f"{name}_invalid", f"{name} must be a whole number from 1 to {most}.")
        return asked.default

    def cursor(self) -> Cursor | None:
        """Return where the page before ended."""
        text = self.text(CURSOR)
        try:
            return None if text is None else Cursor.parse(text)
        except InvalidFields as refusal:
            self._faults.extend(refusal.fields)
            return None

    def zone(self, *, default: str) -> ZoneInfo:
        """Return the time zone in which dates are meant."""
        text = self.text(TIMEZONE)
        try:
            return zone(default if text is None else text)
        except TimezoneUnknown as refusal:
            self.refuse(TIMEZONE.name, refusal.code, refusal.message)
            return zone(default)

    def moment(self, asked: Parameter, *, local: ZoneInfo) -> datetime | None:
        """Return the instant, or the midnight that begins the local date."""
        name, text = asked.name, self.text(asked)
        if text is None:
            return None
        try:
            return _moment(text, local)
        except ValueError:
            detail = (
                f"{name} must be a date or an instant, like 2026-11-05 or 2026-11-05T10:00:00Z."
            )
            self.refuse(name, f"{name}_invalid", detail)
            return None

    def span(self, *, local: ZoneInfo, now: datetime) -> Period:
        """Return the range from `from` to `to`: by default the last 30 local days, until now."""
        # Until the end of today: the same usage as until now, and no day is cut.
        today = day_starts_at(now.astimezone(local).date() + DAY, local)
        end = self.moment(TO, local=local) or today
        month_ago = day_starts_at(end.astimezone(local).date() - RANGE_DAYS * DAY, local)
        return self._between(self.moment(FROM, local=local) or month_ago, end, default=today)

    def open_span(self, *, local: ZoneInfo, now: datetime) -> Period | None:
        """Return the range from `from` to `to`, either of which may be left open."""
        begin, end = self.moment(FROM, local=local), self.moment(TO, local=local)
        if begin is None and end is None:
            return None
        ever = datetime(YEAR_MIN, 1, 1, tzinfo=now.tzinfo)
        return self._between(begin or ever, end or max(now, begin or ever) + DAY, default=now)

    def _sent(self, asked: Parameter) -> str | None:
        assert asked.name in self._known, f"{asked.name} would be refused as unknown"
        return request.args.get(asked.name)

    def _between(self, begin: datetime, end: datetime, *, default: datetime) -> Period:
        if begin < end:
            return Period(begin, end)
        self.refuse("from", "range_empty", "from must lie before to.")
        return Period(default - DAY, default)


def _moment(text: str, local: ZoneInfo) -> datetime:
    """Read a date or an instant. Raises ValueError, also where calendars are not to be trusted."""
    if not YEAR_MIN <= int(text[:4]) <= YEAR_MAX:
        raise ValueError("too far from our time")
    if DATE.fullmatch(text):
        return day_starts_at(date.fromisoformat(text), local)
    if not INSTANT.fullmatch(text):
        raise ValueError("neither a date nor an instant")
    return datetime.fromisoformat(text.replace(" ", "+").upper())

"""How query strings are read: each field strictly, and everything that is wrong said at once."""

import re
from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from flask import request

from app.domain.accounts.errors import TimezoneUnknown
from app.domain.accounts.rules import UNSTORABLE, zone
from app.domain.usage.buckets import DAY, day_starts_at
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


class Verbose(StrEnum):
    """Whether a result for each record is wanted."""

    NO = "0"
    YES = "1"


def is_verbose() -> bool:
    """Tell whether the sender of usage wants a result for each record. Raises InvalidFields."""
    # As nearly all posts come; for single ones it takes a tenth of what reading them takes.
    if not request.query_string:
        return False
    # Whatever else gateways hang on their addresses is theirs.
    asked = Parameters(*request.args)
    wanted = asked.one_of("verbose", Verbose, default=Verbose.NO)
    asked.check()
    return wanted == Verbose.YES


class Parameters:
    """The request's query string. Read it field by field, then `check` it before using any."""

    def __init__(self, *known: str) -> None:
        self._faults: list[FieldError] = []
        for name, values in request.args.lists():
            shown = name[:NAME_SHOWN_MAX]
            if name not in known:
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

    def text(self, name: str) -> str | None:
        """Return the field as it was sent, if it was."""
        text = request.args.get(name)
        if text is None or (0 < len(text) <= TEXT_LENGTH_MAX and not UNSTORABLE.search(text)):
            return text
        detail = f"{name} must have 1 to {TEXT_LENGTH_MAX} characters that can be seen."
        self.refuse(name, f"{name}_invalid", detail)
        return None

    def one_of(self, name: str, choices: type[Choice], *, default: Choice) -> Choice:
        """Return one of the choices."""
        text = request.args.get(name, default.value)
        if text in list(choices):
            return choices(text)
        self.refuse(name, f"{name}_invalid", f"{name} must be one of {', '.join(choices)}.")
        return default

    def whole(self, name: str, *, default: int, most: int) -> int:
        """Return a whole number from 1."""
        text = request.args.get(name, str(default))
        if WHOLE.fullmatch(text) and 1 <= int(text) <= most:
            return int(text)
        self.refuse(name, f"{name}_invalid", f"{name} must be a whole number from 1 to {most}.")
        return default

    def cursor(self) -> Cursor | None:
        """Return where the page before ended."""
        text = self.text("cursor")
        try:
            return None if text is None else Cursor.parse(text)
        except InvalidFields as refusal:
            self._faults.extend(refusal.fields)
            return None

    def zone(self, *, default: str) -> ZoneInfo:
        """Return the time zone in which dates are meant."""
        text = self.text("timezone")
        try:
            return zone(default if text is None else text)
        except TimezoneUnknown as refusal:
            self.refuse("timezone", refusal.code, refusal.message)
            return zone(default)

    def moment(self, name: str, *, local: ZoneInfo) -> datetime | None:
        """Return the instant, or the midnight that begins the local date."""
        text = self.text(name)
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
        end = self.moment("to", local=local) or today
        month_ago = day_starts_at(end.astimezone(local).date() - RANGE_DAYS * DAY, local)
        return self._between(self.moment("from", local=local) or month_ago, end, default=today)

    def open_span(self, *, local: ZoneInfo, now: datetime) -> Period | None:
        """Return the range from `from` to `to`, either of which may be left open."""
        begin, end = self.moment("from", local=local), self.moment("to", local=local)
        if begin is None and end is None:
            return None
        ever = datetime(YEAR_MIN, 1, 1, tzinfo=now.tzinfo)
        return self._between(begin or ever, end or max(now, begin or ever) + DAY, default=now)

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

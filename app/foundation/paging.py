"""Pages of long lists: keyset cursors that cost the same on page one and page one thousand."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from app.foundation.errors import FieldError, InvalidFields

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
ID_MAX = 2**63 - 1
MICROSECONDS_MAX = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MICROSECOND

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page: the next one starts right after it."""

    moment: datetime
    id: int

    def __str__(self) -> str:
        """Return the cursor as clients carry it; they must not look inside."""
        plain = f"{(self.moment - EPOCH) // MICROSECOND}.{self.id}"
        return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read a cursor that was handed out before. Raises InvalidFields for anything else."""
        try:
            padded = text + "=" * (-len(text) % 4)
            moment, row = (
                base64.b64decode(padded, altchars=b"-_", validate=True).decode().split(".")
            )
            if not (0 <= int(moment) <= MICROSECONDS_MAX and 0 <= int(row) <= ID_MAX):
                raise ValueError("out of range")
            cursor = cls(EPOCH + int(moment) * MICROSECOND, int(row))
            # There is one way to write a cursor; numbers have many.
            if str(cursor) != text:
                raise ValueError("not as we write it")
            return cursor
        except (ValueError, binascii.Error, UnicodeError) as error:
            message = "This cursor was not handed out by us."
            fields = [FieldError("cursor", "cursor_invalid", message)]
            raise InvalidFields(message, fields=fields) from error


@dataclass(frozen=True, slots=True)
class Stretch(Generic[T]):
    """Some rows of a long list, newest first, and the row that the older ones lie before."""

    rows: tuple[T, ...]
    # None: there are no older ones.
    older_before: int | None


def stretch(rows: Sequence[T], *, limit: int, number: Callable[[T], int]) -> Stretch[T]:
    """Return the rows that are shown, of those and one more: that one tells of older ones."""
    shown = tuple(rows[:limit])
    return Stretch(shown, number(shown[-1]) if len(rows) > limit else None)

"""How the domain says no.

Every refusal is a DomainError. It knows what went wrong, never how to show it:
each entrypoint maps the kind to its own language exactly once.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What sort of refusal this is, for whoever has to answer the caller."""

    UNREADABLE = "unreadable"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    WRONG_MEDIA_TYPE = "wrong_media_type"
    INVALID = "invalid"
    TOO_MANY = "too_many"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field; `path` reads like `records[3].prompt_tokens`."""

    path: str
    code: str
    detail: str


class DomainError(Exception):
    """A refusal the business expects; anything else is a bug."""

    kind = Kind.INVALID

    def __init__(self, message: str, *, fields: Sequence[FieldError] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.fields = tuple(fields)

    @property
    def code(self) -> str:
        """Return the stable name that API clients may match on: `coupon_expired`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()


class InvalidFields(DomainError):
    """The request was read, but fields of it are refused; `fields` says which and why."""


class Refusal(DomainError):
    """A refusal whose code is chosen where it is raised, for shapes that have many codes."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        kind: Kind = Kind.INVALID,
        fields: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(message, fields=fields)
        self._code = code
        self.kind = kind

    @property
    def code(self) -> str:
        """Return the code it was raised with."""
        return self._code

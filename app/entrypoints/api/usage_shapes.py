"""The shape of what gateways post: a fast check, and a slow one that names what is wrong."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from app.domain.usage.reports import Outcome, OutcomeStatus, UsageReport
from app.domain.usage.rules import TOKENS_MAX
from app.entrypoints.api.reading_bodies import Repeated
from app.foundation.errors import FieldError

NAME_LENGTH_MAX = 255
USER_ID_LENGTH_MAX = 128
PROVIDER_LENGTH_MAX = 100
# The hourly rollup's key holds all of these, and PostgreSQL takes 2,704 bytes in a key: at four
# bytes a character, a longer alias would not fit beside the others.
KEY_ALIAS_LENGTH_MAX = 128
# Neither database stores NUL or lone surrogates, and nobody reads control characters.
UNREAD = r"\x00-\x1f\x7f"
STORABLE = rf"\A[^{UNREAD}\ud800-\udfff]*\Z"
# RFC 3339; Python alone would also take week dates, commas and times without seconds.
MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,12})?"
    r"([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)?",
    re.ASCII,
)

Count = Annotated[int, msgspec.Meta(ge=0, le=TOKENS_MAX)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_LENGTH_MAX)]
UserId = Annotated[str, msgspec.Meta(min_length=1, max_length=USER_ID_LENGTH_MAX)]
Provider = Annotated[str, msgspec.Meta(min_length=1, max_length=PROVIDER_LENGTH_MAX)]
KeyAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=KEY_ALIAS_LENGTH_MAX)]


class PostedRecord(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One record on the wire; null stands for a field that is not there."""

    user_id: UserId
    request_id: Name
    model: Name
    prompt_tokens: Count
    completion_tokens: Count
    total_tokens: Count | None = None
    cached_tokens: Count | None = None
    cache_write_tokens: Count | None = None
    reasoning_tokens: Count | None = None
    provider: Provider | None = None
    api_key_alias: KeyAlias | None = None
    occurred_at: str | None = None


# A type is taken apart when it is used for the first time; where two threads do that at the same
# moment, msgspec ends the process (0.22). So it is taken apart here, where there is but one.
msgspec.json.Decoder(PostedRecord)

FIELDS = {field.name: field for field in msgspec.structs.fields(PostedRecord)}
TEXT_LENGTH_MAX = {
    "user_id": USER_ID_LENGTH_MAX,
    "request_id": NAME_LENGTH_MAX,
    "model": NAME_LENGTH_MAX,
    "provider": PROVIDER_LENGTH_MAX,
    "api_key_alias": KEY_ALIAS_LENGTH_MAX,
}


class MalformedRecord(Exception):
    """A record that does not have the shape; `faults` says where, field by field."""

    def __init__(self, faults: list[FieldError]) -> None:
        super().__init__(faults[0].detail)
        self.faults = tuple(faults)


def read_or_reject(posted: object) -> UsageReport | Outcome:
    """Return the report, or its rejection if it does not have the shape."""
    try:
        return read_record(posted)
    except MalformedRecord as malformed:
        named = posted.get("request_id") if isinstance(posted, dict) else None
        return Outcome(
            request_id=named[:NAME_LENGTH_MAX] if isinstance(named, str) else None,
            status=OutcomeStatus.REJECTED,
            code=malformed.faults[0].code,
            detail=malformed.faults[0].detail,
            faults=malformed.faults,
        )


def read_record(posted: object) -> UsageReport:
    """Return the report. Raises MalformedRecord naming each wrong field."""
    if not isinstance(posted, dict) or isinstance(posted, Repeated):
        raise MalformedRecord([_not_plain(posted)])
    try:
        record = msgspec.convert(posted, PostedRecord)
        occurred_at = None if record.occurred_at is None else _moment(record.occurred_at)
    except (msgspec.ValidationError, ValueError) as error:
        raise MalformedRecord(list(_faults(posted))) from error
    if not _is_storable(record):
        raise MalformedRecord(list(_faults(posted)))
    total = record.total_tokens
    return UsageReport(
        user_id=record.user_id,
        request_id=record.request_id,
        model=record.model,
        prompt_tokens=record.prompt_tokens,
        completion_tokens=record.completion_tokens,
        total_tokens=record.prompt_tokens + record.completion_tokens if total is None else total,
        cached_tokens=record.cached_tokens or 0,
        cache_write_tokens=record.cache_write_tokens or 0,
        reasoning_tokens=record.reasoning_tokens or 0,
        provider=record.provider,
        api_key_alias=record.api_key_alias,
        occurred_at=occurred_at,
    )


def _is_storable(record: PostedRecord) -> bool:
    texts = record.user_id + record.request_id + record.model
    texts += (record.provider or "") + (record.api_key_alias or "")
    # What is printable is storable, and asked in a tenth of the time, a thousand times a batch.
    return texts.isprintable() or re.search(STORABLE, texts) is not None


def _not_plain(posted: object) -> FieldError:
    if isinstance(posted, Repeated):
        name = posted.repeated_key[:NAME_LENGTH_MAX]
        return FieldError(name, "field_repeated", f"The field {name!r} stands more than once.")
    return FieldError("", "record_not_object", "A record must be a JSON object.")


def _faults(posted: Mapping[str, object]) -> Iterator[FieldError]:
    """Yield what is wrong, in the order of the fields; unknown ones last."""
    for name, field in FIELDS.items():
        value = posted.get(name)
        if value is None:
            if field.required:
                code = "field_null" if name in posted else "field_missing"
                yield FieldError(name, code, f"{name} is required.")
        elif name in TEXT_LENGTH_MAX:
            yield from text_faults(name, value, most=TEXT_LENGTH_MAX[name])
        elif name == "occurred_at":
            yield from _moment_faults(value)
        else:
            yield from _count_faults(name, value)
    for name in posted:
        if name not in FIELDS:
            named = name[:NAME_LENGTH_MAX]
            yield FieldError(named, "field_unknown", f"There is no field {named!r} here.")


def text_faults(name: str, value: object, *, most: int) -> Iterator[FieldError]:
    """Yield what is wrong with a text of 1 to so many characters."""
    if not isinstance(value, str):
        yield FieldError(name, "not_text", f"{name} must be a text.")
    elif not value:
        yield FieldError(name, "text_empty", f"{name} must not be empty.")
    elif len(value) > most:
        yield FieldError(name, "text_too_long", f"{name} has at most {most} characters.")
    elif not re.search(STORABLE, value):
        yield FieldError(name, "text_invalid", f"{name} holds control characters or broken ones.")


def _count_faults(name: str, value: object) -> Iterator[FieldError]:
    if type(value) is not int:
        yield FieldError(name, "not_a_whole_number", f"{name} must be a whole number.")
    elif value < 0:
        yield FieldError(name, "negative_tokens", f"{name} must not be negative.")
    elif value > TOKENS_MAX:
        yield FieldError(name, "tokens_too_large", f"{name} is at most {TOKENS_MAX:,}.")


def _moment_faults(value: object) -> Iterator[FieldError]:
    wanted = "occurred_at must be a moment in RFC 3339, such as 2026-11-05T10:00:00Z."
    if not isinstance(value, str):
        yield FieldError("occurred_at", "not_text", wanted)
        return
    matched = MOMENT.fullmatch(value)
    if matched is not None and matched[1] is None:
        yield FieldError(
            "occurred_at", "time_without_zone", "occurred_at needs a zone: Z or +01:00."
        )
        return
    try:
        _moment(value)
    except ValueError:
        yield FieldError("occurred_at", "time_invalid", wanted)


def _moment(text: str) -> datetime:
    """Read a moment; digits beyond microseconds are cut off. Raises ValueError."""
    matched = MOMENT.fullmatch(text)
    if matched is None or matched[1] is None:
        raise ValueError("no moment in RFC 3339")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("beyond the calendar") from error

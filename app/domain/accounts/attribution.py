"""Whom a gateway's key bills for events that come in the wire formats of others. Pure.

Such events name many: the user of the gateway's own key, its team, whoever the caller says he is.
A caller could have others pay for him if we believed him, so a key only believes the fields that
its operator has switched on, one for each format.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.domain.accounts.errors import AttributionFieldRepeated, AttributionFieldUnknown
from app.foundation.errors import FieldError
from app.foundation.sentences import say

FIELD_LENGTH_MAX = 200


class WireFormat(StrEnum):
    """Whose format events come in."""

    LITELLM = "litellm"
    CLOUDEVENTS = "cloudevents"
    LAGO = "lago"


# The fields that may name an account; a name that ends in a dot stands for whatever lies below.
ACCOUNT_FIELDS: Mapping[WireFormat, tuple[str, ...]] = {
    WireFormat.LITELLM: (
        "user_api_key_user_id",
        "user_api_key_alias",
        "user_api_key_hash",
        "user_api_key_team_id",
        "user_api_key_org_id",
        "user_api_key_project_id",
        "user_api_key_user_email",
        "user_api_key_end_user_id",
        "end_user",
        "metadata.",
    ),
    WireFormat.CLOUDEVENTS: ("subject", "data."),
    WireFormat.LAGO: ("external_subscription_id", "properties."),
}
# LiteLLM takes it from the key that it has checked, so its callers cannot choose it. The subject
# of a CloudEvent and Lago's subscription are, by default, whatever the caller put into `user`.
TRUSTED_FIELDS = {WireFormat.LITELLM: "user_api_key_user_id"}


@dataclass(frozen=True, slots=True)
class Attribution:
    """Whom a gateway's key bills: the account that a field names, or else a fixed one."""

    gateway: str
    user_id: str | None = None
    fields: tuple[str, ...] = ()
    # The only accounts that it may speak of; empty for all of them.
    accounts: frozenset[str] = frozenset()

    def find_fault(self, user_id: str) -> FieldError | None:
        """Return why the key may not speak of an account, whether there is one or not."""
        if not self.accounts or user_id in self.accounts:
            return None
        detail = say("This key may not speak of the account {user_id}.", {"user_id": user_id})
        return FieldError("user_id", "account_not_allowed", detail)

    def field_of(self, wire: WireFormat) -> str | None:
        """Return the field that names the account in events of this format, if one may."""
        for field in self.fields:
            if format_of(field) == wire:
                return field
        return None if self.user_id is not None else TRUSTED_FIELDS.get(wire)

    def bills_someone(self, wire: WireFormat) -> bool:
        """Tell whether events of this format can name an account at all."""
        return self.user_id is not None or self.field_of(wire) is not None

    def account_named(self, event: Mapping[str, object], *, wire: WireFormat) -> str | None:
        """Return the id of the account to bill for an event; None if it names none."""
        field = self.field_of(wire)
        return (None if field is None else _text_at(event, field)) or self.user_id


def check_fields(fields: Sequence[str]) -> list[str]:
    """Return the fields that may name an account.

    Raises AttributionFieldUnknown, or AttributionFieldRepeated for a second one of a format.
    """
    formats = [format_of(field) for field in fields]
    for field, wire in zip(fields, formats, strict=True):
        if wire is None:
            told = {"field": field[:64], "fields": _all_fields()}
            raise AttributionFieldUnknown(
                say("No field {field!r} may name an account; these may: {fields}.", told)
            )
        if formats.count(wire) > 1:
            raise AttributionFieldRepeated(
                say("Two fields would name the account of {wire} events.", {"wire": wire.value})
            )
    return list(fields)


def format_of(field: str) -> WireFormat | None:
    """Return the format whose field this is; None if no format has it."""
    if len(field) > FIELD_LENGTH_MAX:
        return None
    for wire, names in ACCOUNT_FIELDS.items():
        below = tuple(name for name in names if name.endswith("."))
        if field in names and field not in below:
            return wire
        if field.startswith(below) and all(field.split(".")):
            return wire
    return None


def _all_fields() -> str:
    names = [name for names in ACCOUNT_FIELDS.values() for name in names]
    return ", ".join(f"{name}NAME" if name.endswith(".") else name for name in names)


def _text_at(event: Mapping[str, object], field: str) -> str | None:
    # What LiteLLM knows of its key stands in `metadata`.
    path = f"metadata.{field}" if field.startswith("user_api_key_") else field
    value: object = event
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None

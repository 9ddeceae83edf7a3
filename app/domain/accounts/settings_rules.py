"""What each setting takes, and in which words the rest is refused. Pure.

Changes come by the names of the JSON fields, amounts in USD; they leave by column, in cents.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, cast

from app.domain.accounts import rules
from app.domain.accounts.countries import COUNTRIES
from app.domain.accounts.errors import EmailInvalid, TimezoneUnknown
from app.domain.accounts.tax_ids import find_tax_id
from app.domain.accounts.views import SettingsView
from app.foundation.errors import FieldError, InvalidFields, Refusal
from app.foundation.money import minor_from_usd
from app.foundation.sentences import Sentence, say, together

# The largest whole number that every JSON reader holds exactly.
WHOLE_MAX = 2**53
TOPUP_USD = (5, 10_000)
# In nano-USD, in which spending is compared with it, this fits 64 bits.
AMOUNT_USD_MAX = 1_000_000_000
TOPUPS_PER_MONTH_MAX = 1_000
PERCENTS_MAX = 10
PERCENT_MIN, PERCENT_MAX = 1, 100
TEXT_LENGTH_MAX = 64
EMAIL_LENGTH_MAX = 254
ADDRESS_LENGTH_MAX = 1_000
NAME_SHOWN_MAX = 64
FAULTS_TOLD_MAX = 50
# How programs may call a language, and how it is kept.
LOCALES = {"en": "en", "zh": "zh", "zh_Hans": "zh", "zh-Hans": "zh"}
# An address has lines; other control characters nobody sees and no database stores.
UNREADABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029\ud800-\udfff]")
# With these a name would turn around what stands beside it on the same line, such as an id.
TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")

Check = Callable[[object], object]


class Kind(StrEnum):
    """What sort of value a setting takes."""

    TEXT = "text"
    WHOLE = "whole"
    USD = "usd"
    TRUTH = "truth"
    PERCENTS = "percents"


@dataclass(frozen=True, slots=True)
class Takes:
    """What a setting takes: how it is checked, and by which bounds, so that they can be told."""

    check: Check
    kind: Kind
    # Of numbers, or how many characters or entries there may be.
    least: int | None = None
    most: int | None = None
    # All that there are; none: any.
    words: tuple[str, ...] = ()
    may_be_null: bool = False


def accepted(changes: Mapping[str, object], current: SettingsView) -> dict[str, object]:
    """Return what the changes come to, by column. Raises InvalidFields naming every wrong field."""
    values: dict[str, object] = {}
    faults: list[FieldError] = []
    for name, value in changes.items():
        try:
            column, checked = _checked(name, value)
            values[column] = checked
        except (Refusal, EmailInvalid, TimezoneUnknown) as wrong:
            faults.append(FieldError(name[:NAME_SHOWN_MAX], wrong.code, wrong.message))
    if not {fault.path for fault in faults} & {"tax_id", "country"}:
        faults += _tax_faults(values, changes, current)
    if faults:
        told = faults[:FAULTS_TOLD_MAX]
        raise InvalidFields(together([_sentence(fault) for fault in told]), fields=told)
    return values


def with_changes(changes: Mapping[str, object], current: SettingsView) -> SettingsView:
    """Return what the settings would be with the changes. Raises InvalidFields as accepted does."""
    values = accepted(changes, current)
    if "alert_percents" in values:
        values["alert_percents"] = tuple(cast(list[int], values["alert_percents"]))
    return replace(current, **cast(dict[str, Any], values))


def _checked(name: str, value: object) -> tuple[str, object]:
    setting = SETTINGS.get(name)
    if setting is None:
        raise Refusal("field_unknown", say("There is no such setting."))
    return setting.column, setting.takes.check(value)


def _tax_faults(
    values: dict[str, object], changes: Mapping[str, object], current: SettingsView
) -> list[FieldError]:
    """Hold tax id and country against each other, and write the id as it is stored."""
    if "tax_id" not in values and "country" not in values:
        return []
    path = "tax_id" if "tax_id" in changes else "country"
    tax_id, country = values.get("tax_id", current.tax_id), values.get("country", current.country)
    if tax_id is None:
        return []
    if country is None:
        sentence = say("A tax id belongs to a country: set both, or clear both.")
        return [FieldError(path, "tax_id_needs_country", sentence)]
    values["tax_id"] = find_tax_id(str(tax_id), country=str(country))
    if values["tax_id"] is None:
        sentence = say(
            "This does not look like a tax id of the country {country}.", {"country": country}
        )
        return [FieldError(path, "tax_id_invalid", sentence)]
    return []


def _sentence(fault: FieldError) -> Sentence:
    # The name of a field is the same in every language.
    return Sentence.of("{path}: {detail}", {"path": fault.path, "detail": fault.detail})


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise Refusal("field_invalid", say("This is either true or false."))
    return value


def _whole(most: int) -> Takes:
    def check(value: object) -> int:
        return _whole_number(value, least=0, most=most)

    return Takes(check, Kind.WHOLE, least=0, most=most)


def _percent(value: object) -> int:
    return _whole_number(value, least=PERCENT_MIN, most=PERCENT_MAX)


def _whole_number(value: object, *, least: int, most: int) -> int:
    sentence = say("A whole number from {least:,} to {most:,}.", {"least": least, "most": most})
    number = _number(value, sentence)
    _check_range(number, least, most, sentence)
    if number != int(number):
        raise Refusal("field_invalid", sentence)
    return int(number)


def _amount(least: int, most: int) -> Takes:
    sentence = say(
        "An amount from {least:,} to {most:,} USD, with at most two decimals.",
        {"least": least, "most": most},
    )

    def check(value: object) -> int:
        number = _number(value, sentence)
        _check_range(number, least, most, sentence)
        try:
            return minor_from_usd(number)
        except ValueError as error:
            raise Refusal("amount_too_fine", sentence) from error

    return Takes(check, Kind.USD, least=least, most=most)


def _number(value: object, sentence: str) -> int | Decimal:
    # Python counts truths among the numbers; nobody else does.
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Refusal("field_invalid", sentence)
    if isinstance(value, Decimal) and not value.is_finite():
        raise Refusal("field_invalid", sentence)
    return value


def _check_range(number: int | Decimal, least: int, most: int, sentence: str) -> None:
    if not least <= number <= most:
        raise Refusal("out_of_range", sentence)


def _or_none(takes: Takes) -> Takes:
    def check(value: object) -> object:
        return None if value is None else takes.check(value)

    return replace(takes, check=check, may_be_null=True)


def _or_cleared(takes: Takes) -> Takes:
    """Let null and a text of nothing but spaces clear the field."""

    def check(value: object) -> object:
        return None if value is None or _text(value).strip() == "" else takes.check(value)

    return replace(takes, check=check, may_be_null=True)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Refusal("field_invalid", say("This is a text."))
    return value


def _line(value: object, length_max: int) -> str:
    text = _text(value).strip()
    if len(text) > length_max:
        raise Refusal("text_too_long", _at_most(length_max))
    if UNREADABLE.search(text) or "\n" in text or "\t" in text:
        raise Refusal("text_invalid", say("This holds characters that nobody could read."))
    return text


def _name(value: object, length_max: int) -> str:
    text = _line(value, length_max)
    if TURNING.search(text):
        raise Refusal("text_invalid", say("This holds characters that nobody could read."))
    return text


def _at_most(length_max: int) -> Sentence:
    return say("At most {most:,} characters.", {"most": length_max})


def _written(read: Callable[[object, int], str], length_max: int) -> Takes:
    def check(value: object) -> str:
        return read(value, length_max)

    return Takes(check, Kind.TEXT, most=length_max)


def _email(value: object, length_max: int) -> str:
    return rules.normal_email(_line(value, length_max))


def _address(value: object, length_max: int) -> str:
    text = _text(value)
    if len(text) > length_max:
        raise Refusal("text_too_long", _at_most(length_max))
    # Browsers end the lines of a form with both characters.
    text = text.replace("\r\n", "\n").strip()
    if UNREADABLE.search(text):
        raise Refusal("text_invalid", say("This holds characters that nobody could read."))
    return "\n".join(line.rstrip() for line in text.split("\n"))


def _country(value: object) -> str:
    code = _line(value, TEXT_LENGTH_MAX).upper()
    if code not in COUNTRIES:
        raise Refusal(
            "country_unknown", say("A country is written by its two letters of ISO 3166.")
        )
    return code


def _one_of(words: Mapping[str, str], code: str, sentence: Sentence) -> Takes:
    """Take one of the words, each of which is kept as the one beside it."""

    def check(value: object) -> str:
        kept = words.get(_text(value))
        if kept is None:
            raise Refusal(code, sentence)
        return kept

    return Takes(check, Kind.TEXT, words=tuple(words))


def _zone(value: object) -> str:
    return rules.check_zone(_text(value))


def _percents(value: object) -> list[int]:
    if not isinstance(value, list | tuple) or len(value) > PERCENTS_MAX:
        raise Refusal(
            "percents_invalid",
            say("A list of at most {most} percentages.", {"most": PERCENTS_MAX}),
        )
    try:
        numbers = [_percent(number) for number in value]
    except Refusal as error:
        raise Refusal(
            "percents_invalid", say("Percentages are whole numbers from 1 to 100.")
        ) from error
    if len(set(numbers)) != len(numbers):
        raise Refusal("percents_invalid", say("Each percentage stands once."))
    return sorted(numbers)


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a setting is kept, and what it takes."""

    column: str
    takes: Takes


_TRUTH = Takes(_truth, Kind.TRUTH)
_USD = _amount(0, AMOUNT_USD_MAX)
_CURRENCY = _one_of(
    {"USD": "USD"},
    "currency_unsupported",
    say("Only USD is billed; other currencies are refused until they exist."),
)
_FREQUENCY = _one_of(
    {"monthly": "monthly"},
    "invoice_frequency_unsupported",
    say("Invoices are monthly; other rhythms are refused until they exist."),
)
_LOCALE = _one_of(LOCALES, "locale_unsupported", say("The languages are en and zh."))
SETTINGS: Mapping[str, Setting] = {
    "name": Setting("name", _written(_name, TEXT_LENGTH_MAX)),
    "billing_email": Setting("billing_email", _or_cleared(_written(_email, EMAIL_LENGTH_MAX))),
    "billing_address": Setting(
        "billing_address", _or_cleared(_written(_address, ADDRESS_LENGTH_MAX))
    ),
    "tax_id": Setting("tax_id", _or_cleared(_written(_line, TEXT_LENGTH_MAX))),
    "country": Setting("country", _or_cleared(Takes(_country, Kind.TEXT))),
    "currency": Setting("currency", _CURRENCY),
    "timezone": Setting("timezone", Takes(_zone, Kind.TEXT)),
    "locale": Setting("locale", _LOCALE),
    "auto_topup": Setting("auto_topup", _TRUTH),
    "auto_topup_threshold": Setting("auto_topup_threshold", _whole(WHOLE_MAX)),
    "auto_topup_amount": Setting("auto_topup_amount_minor", _amount(*TOPUP_USD)),
    "auto_topup_max_per_month": Setting("auto_topup_max_per_month", _whole(TOPUPS_PER_MONTH_MAX)),
    "auto_topup_monthly_limit": Setting("auto_topup_monthly_limit_minor", _USD),
    "auto_pay": Setting("auto_pay", _TRUTH),
    "invoice_frequency": Setting("invoice_frequency", _FREQUENCY),
    "send_invoice_email": Setting("send_invoice_email", _TRUTH),
    "enable_alerts": Setting("enable_alerts", _TRUTH),
    "alert_threshold": Setting("alert_threshold", _whole(WHOLE_MAX)),
    "alert_percents": Setting("alert_percents", Takes(_percents, Kind.PERCENTS, most=PERCENTS_MAX)),
    "alert_spend": Setting("alert_spend_minor", _or_none(_USD)),
    "alert_forecast": Setting("alert_forecast", _TRUTH),
    "overage_enabled": Setting("overage_enabled", _TRUTH),
    "spend_limit": Setting("spend_limit_minor", _or_none(_USD)),
}

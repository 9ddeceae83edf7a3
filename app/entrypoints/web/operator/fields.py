"""Fields that are typed, and whose data are what the domain takes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from wtforms import StringField
from wtforms.widgets import DateTimeLocalInput

from app.entrypoints.languages import field_label
from app.entrypoints.moments import in_utc
from app.entrypoints.web.forms import visible
from app.entrypoints.web.typed import WHOLE_WANTED, Amount, Typed, number_typed, visible_lines
from app.foundation.money import (
    basis_points_from_percent,
    minor_from_usd,
    percent_from_basis_points,
)

AMOUNT_WANTED = field_label("Enter an amount in USD with at most two decimals, such as 12.34.")
PRICE_WANTED = field_label(
    "Enter a price in USD for a million tokens, from 0 to 1,000,000"
    " with at most six decimals, such as 2.50."
)
# A token costs whole pico-USD, and at most a dollar.
TOKENS_DIGITS = 6
PER_MILLION_STEP, PER_MILLION_MAX = Decimal("0.000001"), 10**6
PERCENT_WANTED = field_label("Enter a percentage with at most two decimals, such as 7.75.")


class Cents(Amount):
    """An amount of USD that is typed; its data are cents, None for nothing.

    A field that was not sent is no empty one: it would take a limit away that nobody touched.
    """

    data: Any

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read the amount; one that is none is said at the field."""
        self.data = None
        number = number_typed(visible(valuelist[0]) or "") if valuelist else ""
        if isinstance(number, str):
            raise ValueError(AMOUNT_WANTED)
        try:
            self.data = None if number is None else minor_from_usd(number)
        except ValueError as error:
            raise ValueError(AMOUNT_WANTED) from error


class WholeNumber(Typed):
    """A whole number, above or below 0."""

    comma_told = WHOLE_WANTED

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read the number; one that is none is said at the field."""
        self.data = None
        text = (visible(valuelist[0]) or "") if valuelist else ""
        number = number_typed(text, comma_told=self.comma_told)
        self.data = number if isinstance(number, int) else None
        if self.data is None:
            raise ValueError(field_label("Enter a whole number."))


class Number(Typed):
    """A number that must be there."""

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read the number; one that is none is said at the field."""
        self.data = None
        number = number_typed(visible(valuelist[0]) or "") if valuelist else None
        self.data = number if isinstance(number, int | Decimal) else None
        if self.data is None:
            raise ValueError(field_label("Enter a number."))

    def _value(self) -> str:
        if self.raw_data:
            return visible(str(self.raw_data[0])) or ""
        return "" if self.data is None else f"{Decimal(self.data):f}"


class PerMillion(Number):
    """What a million tokens cost, typed in USD; its data are USD a token."""

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read the price; one that is none is said at the field."""
        super().process_formdata(valuelist)
        usd, self.data = Decimal(self.data), None
        if not 0 <= usd <= PER_MILLION_MAX or usd != usd.quantize(PER_MILLION_STEP):
            raise ValueError(PRICE_WANTED)
        self.data = usd.scaleb(-TOKENS_DIGITS)

    def _value(self) -> str:
        if self.raw_data:
            return visible(str(self.raw_data[0])) or ""
        return "" if self.data is None else f"{Decimal(self.data).scaleb(TOKENS_DIGITS):f}"


class PerMillionOrNothing(PerMillion):
    """What a million tokens cost, if anything is said of it: else its data are None."""

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read the price, if there is one."""
        self.data = None
        if valuelist and valuelist[0].strip():
            super().process_formdata(valuelist)


class BasisPoints(Number):
    """A percentage that is typed; its data are basis points."""

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read the percentage; one that is none is said at the field."""
        super().process_formdata(valuelist)
        try:
            self.data = basis_points_from_percent(self.data)
        except ValueError as error:
            self.data = None
            raise ValueError(PERCENT_WANTED) from error

    def _value(self) -> str:
        if self.raw_data:
            return visible(str(self.raw_data[0])) or ""
        return "" if self.data is None else f"{percent_from_basis_points(self.data):f}"


class MomentInUtc(StringField):
    """A date and a time in UTC, as browsers let people choose them; None for nothing."""

    data: Any
    widget = DateTimeLocalInput()

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read the moment; one that is none is said at the field."""
        if not valuelist:
            return
        self.data = None
        text = valuelist[0].strip()
        try:
            moment = datetime.fromisoformat(text) if text else None
            self.data = None if moment is None else in_utc(moment)
        except ValueError as error:
            raise ValueError(
                field_label("Enter a date and a time, such as 2026-12-01T00:00.")
            ) from error

    def _value(self) -> str:
        if self.raw_data:
            return visible(str(self.raw_data[0])) or ""
        return "" if self.data is None else f"{self.data.astimezone(UTC):%Y-%m-%dT%H:%M}"


class Lines(StringField):
    """Texts, one a line."""

    data: Any

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read the lines that are not empty."""
        lines = (visible_lines(valuelist[0]) or "").splitlines() if valuelist else ()
        self.data = tuple(line.strip() for line in lines if line.strip())

    def _value(self) -> str:
        return "\n".join(self.data or ())


class Ticked(Lines):
    """What is ticked of a list, each by its id."""

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read what is ticked; nothing of it is a choice, too."""
        super().process_formdata(["\n".join(valuelist)])

"""What the console's forms accept: shape only; what it means is the domain's to say."""

from collections.abc import Sequence
from typing import Any

from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField
from wtforms.validators import Optional
from wtforms.widgets import HiddenInput

from app.domain.accounts.rules import REASON_LENGTH_MAX
from app.entrypoints.web.forms import visible
from app.entrypoints.web.operator.sending import OnceForm
from app.entrypoints.web.typed import Amount, Typed, number_typed
from app.foundation.money import minor_from_usd

AMOUNT_WANTED = "Enter an amount in USD with at most two decimals, such as 12.34."


class Cents(Amount):
    """An amount of USD that is typed; its data are cents, None for nothing."""

    data: Any

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read the amount; one that is none is said at the field."""
        if not valuelist:
            return
        number = number_typed(visible(valuelist[0]) or "")
        self.data = None
        if isinstance(number, str):
            raise ValueError(AMOUNT_WANTED)
        try:
            self.data = None if number is None else minor_from_usd(number)
        except ValueError as error:
            raise ValueError(AMOUNT_WANTED) from error


class WholeNumber(Typed):
    """A whole number, above or below 0."""

    data: Any

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read the number; one that is none is said at the field."""
        if not valuelist:
            return
        number = number_typed(visible(valuelist[0]) or "")
        self.data = number if isinstance(number, int) else None
        if self.data is None:
            raise ValueError("Enter a whole number.")


def reason_field(label: str = "Reason") -> StringField:
    """Return a field for why something is done; that it is not empty is the domain's to say."""
    return StringField(
        label, filters=[visible], render_kw={"autocomplete": "off", "maxlength": REASON_LENGTH_MAX}
    )


class RefundForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """How much of a payment is given back, and why; the second time round it is confirmed."""

    amount = Cents("Amount, USD", render_kw={"inputmode": "decimal", "autocomplete": "off"})
    reason = reason_field()
    # How many refunds there were when the consequences were shown: a form sent twice pays once.
    confirmed = IntegerField(widget=HiddenInput(), validators=[Optional()])


class ConfirmForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """Nothing but that it is meant."""


class ReasonForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """Why something is done."""

    reason = reason_field()


class CreditLimitForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """How much a customer may owe."""

    credit_limit = Cents(
        "Credit limit, USD",
        description="Empty: the usual limit.",
        render_kw={"inputmode": "decimal", "autocomplete": "off"},
    )


class TokensForm(OnceForm):
    """How many extra tokens are given, or taken away, and why."""

    tokens = WholeNumber(
        "Extra tokens",
        description="Below 0 takes some away.",
        render_kw={"inputmode": "numeric", "autocomplete": "off"},
    )
    reason = reason_field()


class CreditForm(OnceForm):
    """How much of a paid invoice becomes account credit, and why."""

    amount = Cents(
        "Amount with tax, USD", render_kw={"inputmode": "decimal", "autocomplete": "off"}
    )
    reason = reason_field()

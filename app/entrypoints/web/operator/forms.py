"""What the console's forms accept: shape only; what it means is the domain's to say."""

from collections.abc import Sequence
from typing import Any

from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField
from wtforms.validators import Optional
from wtforms.widgets import HiddenInput

from app.domain.accounts.rules import REASON_LENGTH_MAX
from app.entrypoints.web.forms import visible
from app.entrypoints.web.typed import Amount, number_typed
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

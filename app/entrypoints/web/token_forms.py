"""The forms of the tokens page: what is bought now, and what is bought by itself."""

from decimal import Decimal

from wtforms import Field
from wtforms.validators import ValidationError

from app.entrypoints.languages import field_label
from app.entrypoints.web.forms import SentForm
from app.entrypoints.web.shown_values import ShownForm
from app.entrypoints.web.typed import DIGITS, Amount, Switch, Whole
from app.foundation.money import minor_from_usd
from app.foundation.sentences import say

DECIMAL = {"inputmode": "decimal", "autocomplete": "off"}


def check_amount(form: SentForm, field: Field) -> None:
    """Refuse what is no amount of cents; whether it may be bought is the domain's to say."""
    if field.data is None:
        raise ValidationError(say("Enter an amount of USD."))
    if not isinstance(field.data, int | Decimal):
        raise ValidationError(say("This is no amount: write 100 or 49.50."))
    try:
        minor_from_usd(field.data)
    except ValueError as error:
        raise ValidationError(say("An amount of USD, with at most two decimals.")) from error


class BuyForm(SentForm):
    """For how much extra tokens are bought."""

    amount = Amount(field_label("Amount, USD"), validators=[check_amount], render_kw=DECIMAL)

    @property
    def amount_minor(self) -> int:
        """Return the amount in cents, once it was found to be one."""
        return minor_from_usd(self.amount.data)


class AutoTopUpForm(ShownForm):
    """When tokens are bought automatically, for how much, and how often at most."""

    auto_topup = Switch(field_label("Auto top-up"))
    auto_topup_threshold = Whole(field_label("When fewer tokens are left than"), render_kw=DIGITS)
    auto_topup_amount = Amount(field_label("Buy for, USD"), render_kw=DECIMAL)
    auto_topup_max_per_month = Whole(field_label("Times a month at most"), render_kw=DIGITS)
    auto_topup_monthly_limit = Amount(
        field_label("USD a month at most, with tax"), render_kw=DECIMAL
    )

    @property
    def leaves_it_off(self) -> bool:
        """Tell whether it was sent with automatic top-up off, changed to that or not."""
        return bool(self.auto_topup.raw_data) and not self.auto_topup.data

"""What the console's forms accept: shape only; what it means is the domain's to say."""

from wtforms import HiddenField, IntegerField, StringField
from wtforms.validators import Optional, ValidationError
from wtforms.widgets import HiddenInput, TextArea

from app.domain.accounts.rules import REASON_LENGTH_MAX
from app.entrypoints.languages import field_label
from app.entrypoints.web.forms import SentForm, visible
from app.entrypoints.web.once import OnceForm
from app.entrypoints.web.operator.fields import (
    Cents,
    Lines,
    Number,
    PerMillionOrNothing,
    WholeNumber,
)
from app.entrypoints.web.operator.sending import SeenForm, mark_of
from app.entrypoints.web.shown_values import ShownForm
from app.entrypoints.web.typed import Switch
from app.foundation.sentences import say

TYPED = {"inputmode": "decimal", "autocomplete": "off"}


def reason_field() -> StringField:
    """Return a field for why something is done; that it is not empty is the domain's to say."""
    return StringField(
        field_label("Reason"),
        filters=[visible],
        render_kw={"autocomplete": "off", "maxlength": REASON_LENGTH_MAX},
    )


class RefundForm(SentForm):
    """How much of a payment is given back, and why; the second time round it is confirmed."""

    amount = Cents(
        field_label("Amount, USD"), render_kw={"inputmode": "decimal", "autocomplete": "off"}
    )
    reason = reason_field()
    # How many refunds there were when the consequences were shown: a form sent twice pays once.
    confirmed = IntegerField(widget=HiddenInput(), validators=[Optional()])


class ConfirmForm(SentForm):
    """Nothing but that it is meant."""


class SeenConfirmForm(SeenForm):
    """Nothing but that what was read is meant."""


class ReasonForm(SentForm):
    """Why something is done."""

    reason = reason_field()


class SeenReasonForm(SeenForm):
    """Why something is done about what was read."""

    reason = reason_field()


class ReleaseForm(ReasonForm):
    """Why another address is confirmed, and which one was shown."""

    email = HiddenField(default="")


class CreditLimitForm(ShownForm):
    """How much a customer may owe."""

    credit_limit = Cents(
        field_label("Credit limit, USD"),
        description=field_label("Empty: the usual limit."),
        render_kw={"inputmode": "decimal", "autocomplete": "off"},
    )


class TokensForm(OnceForm):
    """How many extra tokens are given, or taken away, and why."""

    tokens = WholeNumber(
        field_label("Extra tokens"),
        description=field_label("Below 0 takes some away."),
        render_kw={"inputmode": "numeric", "autocomplete": "off"},
    )
    reason = reason_field()


class CreditForm(OnceForm):
    """How much of a paid invoice becomes account credit, and why."""

    amount = Cents(
        field_label("Amount with tax, USD"),
        render_kw={"inputmode": "decimal", "autocomplete": "off"},
    )
    reason = reason_field()


class PlanForm(SentForm):
    """A plan as it is offered, by the names of the JSON fields."""

    name = StringField(field_label("Name"), filters=[visible], default="")
    description = StringField(field_label("Short description"), filters=[visible], default="")
    monthly_price = Number(field_label("Price a month, USD"), render_kw=TYPED)
    monthly_quota = WholeNumber(field_label("Tokens a month"), render_kw=TYPED)
    # By the name of the JSON field; the page says in its own that it is for a million.
    extra_token_price = PerMillionOrNothing(
        field_label("Extra tokens, USD per million"),
        description=field_label("Empty: none are for sale."),
        name="extra_token_price_per_million",
        render_kw=TYPED,
    )
    overage_discount = Number(field_label("Discount on overage, percent"), render_kw=TYPED)
    max_concurrent_req = WholeNumber(field_label("Requests at a time"), render_kw=TYPED)
    rate_limit_per_min = WholeNumber(field_label("Requests a minute"), render_kw=TYPED)
    support_level = StringField(field_label("Support"), filters=[visible], default="")
    display_order = WholeNumber(field_label("Place in the list"), render_kw=TYPED)
    features = Lines(field_label("Features, one a line"), widget=TextArea(), render_kw={"rows": 4})
    is_active = Switch(field_label("Can be chosen"))

    def validate_extra_token_price(self, field: PerMillionOrNothing) -> None:
        """Refuse to give tokens away: none for sale is another thing."""
        if field.data == 0:
            raise ValidationError(say("Extra tokens cost something, or none are for sale."))


class PlanChangeForm(PlanForm, ShownForm):
    """A plan as it shall be offered; the second time round it is confirmed."""

    # A mark of what was shown: whoever changes something afterwards is shown that first.
    confirmed = HiddenField()

    @property
    def mark(self) -> str:
        """Return a mark of all that is typed."""
        return mark_of(self)


class NewPlanForm(PlanForm, OnceForm):
    """A plan that does not stand yet."""

    id = StringField(
        field_label("Id"),
        filters=[visible],
        description=field_label("Like plan-team; it stays."),
        default="plan-",
    )

"""What the console's forms accept: shape only; what it means is the domain's to say."""

import hashlib

from wtforms import HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional, ValidationError
from wtforms.widgets import HiddenInput, TextArea

from app.domain.accounts.rules import REASON_LENGTH_MAX
from app.entrypoints.web.forms import SentForm, visible
from app.entrypoints.web.operator.fields import (
    Cents,
    Lines,
    MomentInUtc,
    Number,
    NumberOrNothing,
    WholeNumber,
)
from app.entrypoints.web.operator.sending import OnceForm
from app.entrypoints.web.typed import Switch

TYPED = {"inputmode": "decimal", "autocomplete": "off"}


def reason_field(label: str = "Reason") -> StringField:
    """Return a field for why something is done; that it is not empty is the domain's to say."""
    return StringField(
        label, filters=[visible], render_kw={"autocomplete": "off", "maxlength": REASON_LENGTH_MAX}
    )


class RefundForm(SentForm):
    """How much of a payment is given back, and why; the second time round it is confirmed."""

    amount = Cents("Amount, USD", render_kw={"inputmode": "decimal", "autocomplete": "off"})
    reason = reason_field()
    # How many refunds there were when the consequences were shown: a form sent twice pays once.
    confirmed = IntegerField(widget=HiddenInput(), validators=[Optional()])


class ConfirmForm(SentForm):
    """Nothing but that it is meant."""


class ReasonForm(SentForm):
    """Why something is done."""

    reason = reason_field()


class CreditLimitForm(SentForm):
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


class PriceForm(SentForm):
    """What a model costs from a moment on; the second time round it is confirmed."""

    # A mark of what was shown: whoever changes something afterwards is shown that first.
    confirmed = HiddenField()

    model_id = StringField("Model", filters=[visible], render_kw={"autocomplete": "off"})
    provider = StringField("Provider", filters=[visible], render_kw={"autocomplete": "off"})
    prompt_price_per_k = Number("Prompt, USD per 1,000 tokens", render_kw=TYPED)
    completion_price_per_k = Number("Completion, USD per 1,000 tokens", render_kw=TYPED)
    cache_read_price_per_k = NumberOrNothing("Read from the cache", render_kw=TYPED)
    cache_write_price_per_k = NumberOrNothing("Written to the cache", render_kw=TYPED)
    effective_from = MomentInUtc("From, UTC")
    included_in_plans = Switch("Included in plans")

    @property
    def mark(self) -> str:
        """Return a mark of all that is typed."""
        typed = [field.data for field in self if field.name not in ("confirmed", "csrf_token")]
        return hashlib.sha256(repr(typed).encode()).hexdigest()


class AliasForm(SentForm):
    """A name under which a priced model's usage is reported."""

    alias = StringField("Reported name", filters=[visible], render_kw={"autocomplete": "off"})
    model_id = StringField(
        "Stands for the model",
        filters=[visible],
        description="A model that has a price.",
        render_kw={"autocomplete": "off"},
    )


class PlanForm(SentForm):
    """A plan as it is offered, by the names of the JSON fields."""

    name = StringField("Name", filters=[visible], default="")
    description = StringField("Description", filters=[visible], default="")
    monthly_price = Number("Price a month, USD", render_kw=TYPED)
    monthly_quota = WholeNumber("Tokens a month", render_kw=TYPED)
    extra_token_price = NumberOrNothing(
        "Extra token, USD", description="Empty: none are for sale.", render_kw=TYPED
    )
    overage_discount = Number("Discount on overage, percent", render_kw=TYPED)
    max_concurrent_req = WholeNumber("Requests at a time", render_kw=TYPED)
    rate_limit_per_min = WholeNumber("Requests a minute", render_kw=TYPED)
    support_level = StringField("Support", filters=[visible], default="")
    display_order = WholeNumber("Place in the list", render_kw=TYPED)
    features = Lines("Features, one a line", widget=TextArea(), render_kw={"rows": 4})
    is_active = Switch("Can be chosen")


class NewPlanForm(PlanForm):
    """A plan that does not stand yet."""

    id = StringField(
        "Id", filters=[visible], description="Like plan-team; it stays.", default="plan-"
    )


class CouponForm(OnceForm):
    """One coupon, or many that differ in their codes, by the names of the JSON fields."""

    code = StringField("Code", filters=[visible], description="Of one coupon.")
    prefix = StringField(
        "Or a prefix", filters=[visible], description="For many codes like PREFIX-7KQ2M8XWPA."
    )
    count = WholeNumber("How many, with a prefix", default="1", render_kw=TYPED)
    type = SelectField(
        "Gives",
        choices={
            "percentage": "Percent off an invoice",
            "fixed": "USD off invoices",
            "free_tokens": "Extra tokens",
        },
        validate_choice=False,
    )
    value = Number("Percent, USD or tokens", render_kw=TYPED)
    max_uses = WholeNumber("Redemptions of a code", default="1", render_kw=TYPED)
    max_usage_per_user = WholeNumber("Redemptions of one customer", default="1", render_kw=TYPED)
    min_purchase_amount = Number("From an invoice of, USD", default="0", render_kw=TYPED)
    valid_from = MomentInUtc("Valid from, UTC", description="Empty: from now on.")
    expires_at = MomentInUtc("Ends, UTC")
    applicable_plans = Lines(
        "For plans, one id a line",
        description="Empty: for all.",
        widget=TextArea(),
        render_kw={"rows": 2},
    )
    description = TextAreaField(
        "What customers read of it", filters=[visible], render_kw={"rows": 2}
    )

    def validate_prefix(self, field: StringField) -> None:
        """Refuse coupons that have no name, or two."""
        if bool((field.data or "").strip()) == bool((self.code.data or "").strip()):
            raise ValidationError("Give one code, or a prefix for many.")

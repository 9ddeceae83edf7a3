"""What the forms of coupons accept: shape only; what it means is the domain's to say."""

from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, ValidationError

from app.entrypoints.languages import field_label, translated
from app.entrypoints.web.forms import SentForm, visible
from app.entrypoints.web.once import OnceForm
from app.entrypoints.web.operator.fields import MomentInUtc, Number, Ticked, WholeNumber
from app.entrypoints.web.shown_values import ShownForm
from app.foundation.sentences import say

TYPES = {
    "percentage": say("Percent off an invoice"),
    "fixed": say("USD off invoices"),
    "free_tokens": say("Extra tokens"),
}
TYPED = {"inputmode": "decimal", "autocomplete": "off"}


def _types() -> dict[str, str]:
    """Return what a coupon may give, in the reader's language."""
    return {kind: str(translated(words)) for kind, words in TYPES.items()}


class CouponTermsForm(SentForm):
    """What a coupon gives, to whom and when, by the names of the JSON fields."""

    type = SelectField(
        field_label("Gives"),
        choices=_types,
        validate_choice=False,
    )
    value = Number(field_label("Percent, USD or tokens"), render_kw=TYPED)
    max_uses = WholeNumber(field_label("Redemptions of a code"), default="1", render_kw=TYPED)
    max_usage_per_user = WholeNumber(
        field_label("Redemptions of one customer"), default="1", render_kw=TYPED
    )
    min_purchase_amount = Number(
        field_label("From an invoice of, USD"), default="0", render_kw=TYPED
    )
    valid_from = MomentInUtc(field_label("Valid from, UTC"))
    expires_at = MomentInUtc(field_label("Ends, UTC"))
    applicable_plans = Ticked(field_label("For plans"))
    description = TextAreaField(
        field_label("What customers read of it"), filters=[visible], render_kw={"rows": 2}
    )


class CouponChangeForm(CouponTermsForm, ShownForm):
    """A coupon as it shall be."""


class CouponForm(CouponTermsForm, OnceForm):
    """One coupon, or many that differ in their codes."""

    code = StringField(
        field_label("Coupon code"), filters=[visible], description=field_label("Of one coupon.")
    )
    prefix = StringField(
        field_label("Or a prefix"),
        filters=[visible],
        description=field_label("For many codes like PREFIX-7KQ2M8XWPA."),
    )
    count = WholeNumber(field_label("How many, with a prefix"), default="1", render_kw=TYPED)
    expires_at = MomentInUtc(
        field_label("Ends, UTC"), validators=[InputRequired(say("Say when it ends."))]
    )

    def validate_prefix(self, field: StringField) -> None:
        """Refuse coupons that have no name, or two."""
        if bool((field.data or "").strip()) == bool((self.code.data or "").strip()):
            raise ValidationError(say("Give one code, or a prefix for many."))

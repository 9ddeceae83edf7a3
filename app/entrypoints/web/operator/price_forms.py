"""What the forms of prices accept: shape only; what it means is the domain's to say."""

from wtforms import FileField, HiddenField, IntegerField, StringField
from wtforms.validators import Optional
from wtforms.widgets import HiddenInput, TextArea

from app.entrypoints.languages import field_label
from app.entrypoints.web.forms import SentForm, visible
from app.entrypoints.web.operator.fields import Lines, MomentInUtc, PerMillion, PerMillionOrNothing
from app.entrypoints.web.operator.sending import SeenForm
from app.entrypoints.web.shown_values import ShownForm
from app.entrypoints.web.typed import Switch

TYPED = {"inputmode": "decimal", "autocomplete": "off"}


class PriceForm(ShownForm):
    """What a model costs from a moment on; the second time round it is confirmed."""

    confirmed = HiddenField()

    model_id = StringField(
        field_label("Model"), filters=[visible], render_kw={"autocomplete": "off"}
    )
    provider = StringField(
        field_label("Provider"), filters=[visible], render_kw={"autocomplete": "off"}
    )
    prompt_price_per_million = PerMillion(
        field_label("Prompt, USD per million tokens"), render_kw=TYPED
    )
    completion_price_per_million = PerMillion(
        field_label("Completion, USD per million tokens"), render_kw=TYPED
    )
    cache_read_price_per_million = PerMillionOrNothing(
        field_label("Read from the cache, USD per million"), render_kw=TYPED
    )
    cache_write_price_per_million = PerMillionOrNothing(
        field_label("Written to the cache, USD per million"), render_kw=TYPED
    )
    effective_from = MomentInUtc(field_label("From, UTC"))
    included_in_plans = Switch(field_label("Included in plans"))


class AliasForm(ShownForm):
    """A name under which a priced model's usage is reported."""

    alias = StringField(
        field_label("Reported name"), filters=[visible], render_kw={"autocomplete": "off"}
    )
    model_id = StringField(
        field_label("Stands for the model"),
        filters=[visible],
        description=field_label("A model that has a price."),
        render_kw={"autocomplete": "off"},
    )


class AliasRemovalForm(SeenForm):
    """A name that is to stand for no model any more."""

    alias = HiddenField(filters=[visible])


class WithdrawalForm(SeenForm):
    """A price that is never to begin."""

    price_id = IntegerField(widget=HiddenInput(), validators=[Optional()])


class PriceTableForm(SentForm):
    """A public price table; the second time round the page carries it, and it is confirmed."""

    file = FileField(
        field_label("The table’s file"), render_kw={"accept": ".json,application/json"}
    )
    override = Lines(
        field_label("Import though set by hand, one model a line"),
        description=field_label("Empty: what was set by hand stays as it is."),
        widget=TextArea(),
        render_kw={"rows": 2},
    )
    table = HiddenField()
    confirmed = HiddenField()

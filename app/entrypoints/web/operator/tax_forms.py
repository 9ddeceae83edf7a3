"""What the form of a country's tax accepts: shape only; what it means is the domain's to say."""

from wtforms import SelectField, StringField

from app.domain.invoices.tax_table import NAME_LENGTH_MAX
from app.entrypoints.languages import field_label
from app.entrypoints.web.forms import visible
from app.entrypoints.web.operator.fields import BasisPoints
from app.entrypoints.web.shown_values import ShownForm


class TaxForm(ShownForm):
    """What customers of a country pay on top."""

    # Which countries there are, and how they are called here, is known where the page is made.
    country = SelectField(
        field_label("Country"), choices=(), validate_choice=False, filters=[visible]
    )
    name = StringField(
        field_label("Name of the tax"),
        filters=[visible],
        description=field_label("What invoices call it, such as VAT."),
        render_kw={"autocomplete": "off", "maxlength": NAME_LENGTH_MAX},
    )
    percent = BasisPoints(
        field_label("Percent of the net amount"),
        description=field_label("With at most two decimals, such as 19 or 7.75."),
        render_kw={"inputmode": "decimal", "autocomplete": "off"},
    )

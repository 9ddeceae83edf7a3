"""The forms of the settings: each field is named after the JSON field, and read by its rules."""

from wtforms import EmailField, PasswordField, SelectField, StringField, TextAreaField
from wtforms.validators import Length

from app.domain.accounts import password_rules
from app.domain.accounts.settings_rules import (
    ADDRESS_LENGTH_MAX,
    EMAIL_LENGTH_MAX,
    SETTINGS,
    TEXT_LENGTH_MAX,
    accepted,
)
from app.domain.accounts.views import SettingsView
from app.entrypoints.countries import country_names
from app.entrypoints.languages import field_label, language, translated
from app.entrypoints.web.forms import spoken, visible
from app.entrypoints.web.shown_values import ShownForm, changes_in
from app.entrypoints.web.typed import (
    DIGITS,
    Amount,
    Numbers,
    Switch,
    Whole,
    visible_lines,
    wrong_fields_shown_on,
)
from app.entrypoints.web.zones import ZONES
from app.foundation.languages import NAMES
from app.foundation.sentences import say

NO_COUNTRY = say("Not given")
CURRENCIES = {"USD": say("US dollar")}
RHYTHMS = {"monthly": say("Every month")}


def _countries() -> dict[str, str]:
    return {"": str(translated(NO_COUNTRY)), **country_names(language())}


class SettingsForm(ShownForm):
    """Who is billed and how, in which time zone, and up to which limits."""

    name = StringField(
        field_label("Your name, or your company’s"),
        filters=[visible],
        render_kw={"autocomplete": "organization", "maxlength": TEXT_LENGTH_MAX},
    )
    billing_email = EmailField(
        field_label("Billing email"),
        filters=[visible],
        render_kw={"autocomplete": "email", "maxlength": EMAIL_LENGTH_MAX},
    )
    billing_address = TextAreaField(
        field_label("Billing address"),
        filters=[visible_lines],
        render_kw={"rows": 4, "autocomplete": "street-address", "maxlength": ADDRESS_LENGTH_MAX},
    )
    country = SelectField(field_label("Country"), choices=_countries, validate_choice=False)
    tax_id = StringField(
        field_label("Tax id"),
        filters=[visible],
        render_kw={"autocomplete": "off", "maxlength": TEXT_LENGTH_MAX},
    )
    currency = SelectField(
        field_label("Currency"), choices=spoken(CURRENCIES), validate_choice=False
    )
    invoice_frequency = SelectField(
        field_label("Invoice frequency"),
        choices=spoken(RHYTHMS),
        validate_choice=False,
    )
    send_invoice_email = Switch(field_label("Send invoices by mail"))
    auto_pay = Switch(field_label("Pay invoices automatically"))
    timezone = SelectField(field_label("Time zone"), choices=ZONES, validate_choice=False)
    locale = SelectField(field_label("Language"), choices=NAMES, validate_choice=False)
    spend_limit = Amount(
        field_label("Spend limit per month, USD"), render_kw={"inputmode": "decimal"}
    )
    overage_enabled = Switch(field_label("Continue beyond my tokens"))
    # Asked for where bills are to go to another address; it is no setting.
    password = PasswordField(
        field_label("Password"),
        validators=[Length(max=password_rules.LENGTH_MAX)],
        render_kw={"autocomplete": "current-password"},
    )


class AlertsForm(ShownForm):
    """When the customer wants to be told."""

    enable_alerts = Switch(field_label("Send alerts by mail"))
    alert_threshold = Whole(field_label("Tokens left"), render_kw=DIGITS)
    alert_percents = Numbers(
        field_label("Percent of quota used"), render_kw={"inputmode": "numeric"}
    )
    alert_spend = Amount(field_label("Spend in a month, USD"), render_kw={"inputmode": "decimal"})
    alert_forecast = Switch(field_label("Forecast"))


def as_set(chosen: SettingsView) -> dict[str, object]:
    """Return what is set, by the names of the fields; amounts in cents."""
    return {name: getattr(chosen, setting.column) for name, setting in SETTINGS.items()}


def is_sound(form: ShownForm, chosen: SettingsView) -> bool:
    """Tell whether all that was sent makes sense, or say at each field why not.

    What cannot be read and what may not be is told at once: nobody corrects a form twice.
    """
    form.validate()
    readable = {name for name in SETTINGS if name in form and not form[name].errors}
    changes = {name: value for name, value in changes_in(form).items() if name in readable}
    with wrong_fields_shown_on(form):
        accepted(changes, chosen)
    return not form.errors

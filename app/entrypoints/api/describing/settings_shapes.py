"""What is said of settings: all of them are answered, and those that are named are changed.

What each takes, the rules say by which it is checked.
"""

from app.domain.accounts.settings_rules import PERCENT_MAX, PERCENT_MIN, SETTINGS, Kind, Takes
from app.entrypoints.api.describing.parts import (
    Json,
    listed,
    number,
    or_null,
    sent,
    shape,
    text,
    truth,
    usd,
    whole,
)

# As they are answered.
_settings = {
    "name": text("Whose account it is: it stands on invoices and in mails; empty: none."),
    "billing_email": or_null(text(), "Null: the address of the account."),
    "billing_address": or_null(text("As it stands on invoices.")),
    "tax_id": or_null(text("A VAT id; it counts once the operator has approved it.")),
    "country": or_null(text("ISO 3166, two letters.", example="DE")),
    "currency": text(choices=("USD",)),
    "timezone": text("IANA; days of charts are cut in it.", example="Europe/Berlin"),
    "locale": text(example="en"),
    "auto_topup": truth(),
    "auto_topup_threshold": whole("Buys below so many tokens; 0: never.", least=0),
    "auto_topup_amount": usd("Before tax."),
    "auto_topup_max_per_month": whole(least=0),
    "auto_topup_monthly_limit": usd("With tax."),
    "auto_pay": truth("Whether invoices are charged to the saved card."),
    "invoice_frequency": text(choices=("monthly",)),
    "send_invoice_email": truth(),
    "enable_alerts": truth("Whether alerts are mailed; the page shows them either way."),
    "alert_threshold": whole("Tells when so many tokens are left; 0: never.", least=0),
    "alert_percents": listed(whole(least=1, most=100), "Percent of the quota."),
    "alert_spend": or_null(usd("Tells when a month has cost so much.")),
    "alert_forecast": truth("Tells when the quota will not last."),
    "overage_enabled": truth("Whether the gateway may go on when no tokens are left."),
    "spend_limit": or_null(usd("The gateway is advised to stop at so much a month.")),
}


def _taken(takes: Takes) -> Json:
    """Return what a setting takes, in the words of JSON Schema."""
    least, most = takes.least, takes.most
    percents = {"items": whole(least=PERCENT_MIN, most=PERCENT_MAX), "uniqueItems": True}
    bounds_of_text = {} if most is None else {"maxLength": most}
    described = {
        Kind.TEXT: {**text(choices=takes.words), **bounds_of_text},
        Kind.WHOLE: whole(least=least, most=most),
        Kind.USD: number(least=least, most=most),
        Kind.TRUTH: truth(),
        Kind.PERCENTS: {"type": "array", **percents, "maxItems": most},
    }[takes.kind]
    return or_null(described) if takes.may_be_null else described


SHAPES: dict[str, Json] = {
    "Settings": shape("Everything a customer has set.", _settings),
    "SettingsPut": sent(
        "What is to change.",
        {},
        {name: {**_settings[name], **_taken(setting.takes)} for name, setting in SETTINGS.items()},
    ),
}

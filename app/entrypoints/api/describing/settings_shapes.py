"""What is said of settings: all of them are answered, and those that are named are changed."""

from app.entrypoints.api.describing.parts import (
    Json,
    listed,
    or_null,
    sent,
    shape,
    text,
    truth,
    usd,
    whole,
)

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
    "auto_topup_amount": usd("From 5 to 10,000, before tax."),
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

SHAPES: dict[str, Json] = {
    "Settings": shape("Everything a customer has set.", _settings),
    "SettingsPut": sent("What is to change.", {}, _settings),
}

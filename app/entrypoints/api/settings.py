"""What a customer has set, read and changed by his programs."""

from flask import Blueprint, Response, g

from app.domain.accounts import operations as accounts
from app.domain.accounts import queries
from app.domain.accounts.devices import Visitor
from app.domain.accounts.holding import holding
from app.domain.accounts.views import SettingsView
from app.entrypoints.api.answering import answer
from app.entrypoints.api.auth import for_customers
from app.entrypoints.api.changing import changes
from app.entrypoints.api.reading_bodies import json_object
from app.entrypoints.api.reading_queries import Parameters
from app.entrypoints.peers import address_asking
from app.entrypoints.setting_limits import count_changes
from app.foundation import clock
from app.foundation.money import usd_from_minor
from app.workflows.change_settings import change_settings

calls = Blueprint("settings", __name__)


@calls.get("/settings")
@for_customers
def get_settings() -> Response:
    """Answer all settings."""
    Parameters().check()
    return answer(_settings(queries.settings_view(g.account)))


@calls.put("/settings")
@for_customers
@changes
def put_settings() -> Response:
    """Change the settings that are named, and answer all of them."""
    wanted, actor = json_object(), f"key:{g.key.public_id}"
    visitor = Visitor(f"{g.key.kind}{g.key.public_id}…", address_asking())
    with holding(accounts.lock_in_use(g.account.id)):
        count_changes(g.account, wanted)
        chosen = change_settings(g.account, wanted, actor=actor, visitor=visitor, now=clock.now())
    return answer(_settings(chosen))


def _settings(chosen: SettingsView) -> dict[str, object]:
    return {
        "name": chosen.name,
        "billing_email": chosen.billing_email,
        "billing_address": chosen.billing_address,
        "tax_id": chosen.tax_id,
        "country": chosen.country,
        "currency": chosen.currency,
        "timezone": chosen.timezone,
        "locale": chosen.locale,
        "auto_topup": chosen.auto_topup,
        "auto_topup_threshold": chosen.auto_topup_threshold,
        "auto_topup_amount": usd_from_minor(chosen.auto_topup_amount_minor),
        "auto_topup_max_per_month": chosen.auto_topup_max_per_month,
        "auto_topup_monthly_limit": usd_from_minor(chosen.auto_topup_monthly_limit_minor),
        "auto_pay": chosen.auto_pay,
        "invoice_frequency": chosen.invoice_frequency,
        "send_invoice_email": chosen.send_invoice_email,
        "enable_alerts": chosen.enable_alerts,
        "alert_threshold": chosen.alert_threshold,
        "alert_percents": chosen.alert_percents,
        "alert_spend": _usd_or_null(chosen.alert_spend_minor),
        "alert_forecast": chosen.alert_forecast,
        "overage_enabled": chosen.overage_enabled,
        "spend_limit": _usd_or_null(chosen.spend_limit_minor),
    }


def _usd_or_null(minor: int | None) -> object:
    return None if minor is None else usd_from_minor(minor)

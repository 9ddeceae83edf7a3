"""What questions about accounts are answered with: frozen, and free of tables."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SettingsView:
    """What a customer has set for himself: the columns of his settings and of his account."""

    # As invoices, mails and the console call him; an empty one is none.
    name: str
    billing_email: str | None
    billing_address: str | None
    tax_id: str | None
    country: str | None
    currency: str
    timezone: str
    locale: str
    auto_topup: bool
    auto_topup_threshold: int
    auto_topup_amount_minor: int
    auto_topup_max_per_month: int
    auto_topup_monthly_limit_minor: int
    auto_pay: bool
    invoice_frequency: str
    send_invoice_email: bool
    enable_alerts: bool
    alert_threshold: int
    alert_percents: tuple[int, ...]
    # None: no alert, and no limit.
    alert_spend_minor: int | None
    alert_forecast: bool
    overage_enabled: bool
    spend_limit_minor: int | None
    # Not his to set: the operator has checked the tax id.
    tax_id_approved_at: datetime | None

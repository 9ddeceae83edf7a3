"""Which rows are a customer's own, and which of their columns he may take with him.

Columns are named one by one: a new one is no part of it until somebody has decided so, and what
signs in or opens anything (hashes, digests, sealed texts) is never among them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.accounts.access_models import (
    EmailChange,
    KnownDevice,
    MailToken,
    RecoveryCode,
    SecondFactor,
    SignInSession,
)
from app.domain.accounts.models import Account, BillingSettings, Key
from app.domain.alerts.models import Alert
from app.domain.coupons.models import Coupon, CouponUsage
from app.domain.invoices.models import CreditEntry, CreditNote, Invoice, InvoiceLine
from app.domain.mails.models import Mail
from app.domain.payments.models import Dispute, Payment, PaymentMethod, Refund
from app.domain.subscriptions.models import Subscription, SubscriptionPeriod
from app.domain.tokens.models import AutoTopup, TokenEntry
from app.domain.usage.models import UsageMonthly

SUMS = (
    *("requests", "prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens"),
    *("cache_write_tokens", "reasoning_tokens", "quota_tokens", "extra_tokens", "overage_tokens"),
    *("unpriced_tokens", "cost_nanos", "final_nanos"),
)
ACCOUNT = (
    *("id", "number", "email", "name", "role", "timezone", "locale", "extra_tokens"),
    *("granted_tokens", "credit_minor", "credit_limit_minor", "suspended_at", "suspended_because"),
    *("email_verified_at", "deletion_asked_at", "deletion_due_at", "created_at", "updated_at"),
)


@dataclass(frozen=True, slots=True)
class OwnTable:
    """A table of which some rows belong to one account, and what is told of each."""

    name: str
    model: type[Any]
    columns: tuple[str, ...]
    # How a row leads to its account, where it does not name it: through which column to what.
    through: tuple[str, type[Any]] | None = None
    # What another row says of this one: a coupon's code, an invoice's number.
    beside: Mapping[str, tuple[str, type[Any], str]] | None = None


INVOICE_NUMBER = {"invoice_number": ("invoice_id", Invoice, "invoice_number")}
PAYMENT = {"payment": ("payment_id", Payment, "public_id")}
LISTS = (
    OwnTable(
        "api_keys",
        Key,
        ("name", "public_id", "scope", "created_at", "expires_at", "last_used_at", "revoked_at"),
    ),
    OwnTable(
        "sessions",
        SignInSession,
        ("device", "address", "created_at", "last_seen_at", "ends_at", "ended_at"),
    ),
    OwnTable("known_devices", KnownDevice, ("first_seen_at", "last_seen_at")),
    OwnTable("second_factors", SecondFactor, ("created_at", "confirmed_at")),
    OwnTable("recovery_codes", RecoveryCode, ("created_at", "used_at")),
    OwnTable(
        "mailed_links", MailToken, ("purpose", "email", "created_at", "expires_at", "used_at")
    ),
    OwnTable(
        "email_changes_waiting",
        EmailChange,
        ("email", "asks_old", "asked_at", "ends_at", "new_confirmed_at", "old_confirmed_at"),
    ),
    OwnTable(
        "coupons_redeemed",
        CouponUsage,
        ("redeemed_at", "discount_minor", "remaining_minor", "tokens_granted", "used_up_at"),
        beside={"coupon_code": ("coupon_id", Coupon, "code")},
    ),
    OwnTable(
        "subscriptions",
        Subscription,
        (
            *("plan_id", "status", "billing_cycle", "auto_renew", "pending_plan_id"),
            *("cancelled_at", "created_at", "updated_at"),
        ),
    ),
    OwnTable(
        "periods",
        SubscriptionPeriod,
        (
            *("plan_id", "starts_at", "ends_at", "grace_ends_at", "price_minor", "quota"),
            *("extra_token_price_pico", "overage_discount_bp", "tokens_used", "quota_tokens_used"),
        ),
    ),
    OwnTable(
        "invoices",
        Invoice,
        (
            *("public_id", "invoice_number", "kind", "billing_month", "status", "currency"),
            *("amount_minor", "discount_minor", "tax_minor", "final_minor", "credit_used_minor"),
            *("tax_rate_bp", "tax_name", "reverse_charge", "seller", "buyer", "issued_at"),
            *("due_at", "paid_at", "voided_at", "void_reason", "payment_method", "notes"),
            "created_at",
        ),
    ),
    OwnTable(
        "invoice_lines",
        InvoiceLine,
        (
            *("position", "kind", "description", "model", "quantity", "unit_price_nanos"),
            *("amount_nanos", "amount_minor", "credited_minor"),
        ),
        through=("invoice_id", Invoice),
        beside=INVOICE_NUMBER,
    ),
    OwnTable(
        "credit_notes",
        CreditNote,
        ("credit_note_number", "reason", "amount_minor", "tax_minor", "issued_at"),
        beside=INVOICE_NUMBER,
    ),
    OwnTable(
        "payments",
        Payment,
        (
            *("public_id", "purpose", "provider", "method", "status", "amount_minor", "currency"),
            *("refunded_minor", "decline_code", "is_overpayment", "consent_version"),
            *("consented_at", "settled_at", "created_at", "updated_at"),
        ),
        beside=INVOICE_NUMBER,
    ),
    OwnTable(
        "refunds",
        Refund,
        ("amount_minor", "status", "reason", "created_at", "updated_at"),
        through=("payment_id", Payment),
        beside=PAYMENT,
    ),
    OwnTable(
        "disputes",
        Dispute,
        ("amount_minor", "reason", "status", "opened_at", "decided_at"),
        beside=PAYMENT,
    ),
    OwnTable(
        "payment_methods",
        PaymentMethod,
        (
            *("provider", "brand", "last4", "expires_on", "is_default", "consent_version"),
            *("consented_at", "removed_at", "created_at"),
        ),
    ),
    OwnTable(
        "token_ledger",
        TokenEntry,
        ("kind", "tokens", "granted_tokens", "balance_after", "price_pico", "note", "created_at"),
    ),
    OwnTable(
        "credit_ledger",
        CreditEntry,
        ("kind", "amount_minor", "balance_after_minor", "note", "created_at"),
    ),
    OwnTable(
        "automatic_top_ups",
        AutoTopup,
        (
            *("last_attempt_at", "paused_until", "declines_in_a_row", "awaits_authentication"),
            "switched_off_at",
        ),
    ),
    OwnTable("alerts", Alert, ("kind", "threshold", "span", "value", "crossed_at", "mailed_at")),
    OwnTable(
        "mails",
        Mail,
        ("kind", "address", "facts", "created_at", "sent_at", "kept_at", "refused_at", "refusal"),
    ),
    OwnTable(
        "usage_by_month",
        UsageMonthly,
        ("billing_month", "occurred_month", "model", *SUMS),
    ),
)
SETTINGS = tuple(
    column.key
    for column in BillingSettings.__table__.columns
    if column.key not in ("id", "user_id")
)
OF_THE_ACCOUNT = OwnTable("account", Account, ACCOUNT)
OF_THE_SETTINGS = OwnTable("settings", BillingSettings, SETTINGS)
BY_NAME = {table.name: table for table in LISTS}

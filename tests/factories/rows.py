"""One valid row of every table, all of one account, and what a second one must have of its own."""

from datetime import date, timedelta

from app.domain.usage.models import UsageSums
from tests.moments import NOW

LATER = NOW + timedelta(days=30)
WRITTEN = {"created_at": NOW, "updated_at": NOW}
CLEO = {"user_id": "cleo"}
SUMS = dict.fromkeys(UsageSums.__annotations__, 0)

VALID: dict[str, dict[str, object]] = {
    "accounts": {
        "id": "cleo", "number": 7, "email": "cleo@example.com", "role": "customer", "name": "",
        "timezone": "UTC", "locale": "en", "extra_tokens": 5, "granted_tokens": 5,
        "credit_minor": 0, "is_demo": False, **WRITTEN,
    },
    "counters": {"name": "cleo", "value": 0},
    "coupons": {
        "id": 1, "code": "SPRING", "type": "percentage", "value": 10_000, "max_uses": 1,
        "used_count": 1, "max_usage_per_user": 1, "min_purchase_minor": 0, "valid_from": NOW,
        "expires_at": LATER, "is_active": True, "description": "", "created_by": "olga", **WRITTEN,
    },
    "idempotency_keys": {
        "id": 1, "scope": "cleo POST /", "body_digest": "", "created_at": NOW, "leased_until": NOW,
        "answer_status": 200, "answer_body": b"", "answer_media_type": "",
    },
    "journal_entries": {
        "id": 1, "happened_at": NOW, "actor": "system", "action": "tried", "details": {},
    },
    "model_aliases": {"alias": "gpt-9-latest", "model_id": "gpt-9", "created_at": NOW},
    "model_prices": {
        "id": 900, "model_id": "gpt-9", "prompt_price_pico": 0, "completion_price_pico": 0,
        "cache_read_price_pico": 0, "cache_write_price_pico": 0, "included_in_plans": True,
        "effective_from": NOW, "created_at": NOW,
    },
    "outbox_entries": {
        "id": 1, "kind": "send_mail", "payload": {}, "created_at": NOW, "attempts": 0,
    },
    "provider_events": {
        "id": 1, "provider": "stripe", "event_id": "evt_1", "event_type": "a", "body": b"{}",
        "status": "waiting", "attempts": 0, "next_try_at": NOW, "received_at": NOW,
    },
    "subscription_plans": {
        "id": "plan-9", "name": "Nine", "description": "", "monthly_quota": 0,
        "monthly_price_minor": 0, "extra_token_price_pico": 1, "support_level": "email",
        "max_concurrent_req": 1, "rate_limit_per_min": 1, "overage_discount_bp": 10_000,
        "features": [], "is_active": True, "is_hidden": False, "display_order": 9, **WRITTEN,
    },
    "tax_rates": {"country": "DE", "name": "USt", "rate_bp": 1_900, "updated_at": NOW},
    "alerts": {
        "id": 1, **CLEO, "kind": "spend", "threshold": 0, "span": "month:2026-11", "value": 0,
        "crossed_at": NOW,
    },
    "auto_topups": {
        **CLEO, "declines_in_a_row": 0, "awaits_authentication": False, "updated_at": NOW,
    },
    "billing_settings": {
        "id": 1, **CLEO, "currency": "USD", "auto_topup": True, "auto_topup_threshold": 0,
        "auto_topup_amount_minor": 500, "auto_topup_max_per_month": 0,
        "auto_topup_monthly_limit_minor": 0, "auto_pay": False, "invoice_frequency": "monthly",
        "send_invoice_email": True, "enable_alerts": True, "alert_threshold": 0,
        "alert_percents": [50], "alert_forecast": True, "overage_enabled": True, **WRITTEN,
    },
    "coupon_usages": {
        "id": 1, "coupon_id": 1, **CLEO, "redemption_number": 1, "discount_minor": 0,
        "tokens_granted": 0, "redeemed_at": NOW,
    },
    "credit_entries": {
        "id": 1, **CLEO, "kind": "overpayment", "amount_minor": -1, "balance_after_minor": 0,
        "source": "payment:1", "note": "", "created_at": NOW,
    },
    "invoice_counters": {**CLEO, "series": "INV", "month": "2026-11", "last_number": 0},
    "keys": {
        "id": 1, "kind": "obl_sk_", **CLEO, "name": "a", "public_id": "abcdefgh", "digest": "",
        "scope": "write", "created_at": NOW, "replaced_by": 1,
    },
    "coupon_guesses": {"id": 1, **CLEO, "guessed_at": NOW},
    "known_devices": {
        "id": 1, **CLEO, "digest": "a", "first_seen_at": NOW, "last_seen_at": NOW,
    },
    "mail_tokens": {
        "id": 1, **CLEO, "purpose": "verify_email", "digest": "a", "email": "cleo@example.com",
        "created_at": NOW, "expires_at": LATER,
    },
    "email_changes": {
        **CLEO, "email": "cleo@new.example", "asks_old": True, "asked_at": NOW, "ends_at": LATER,
    },
    "recovery_codes": {
        "id": 1, **CLEO, "prefix": "2222", "password_hash": "a", "created_at": NOW,
    },
    "second_factors": {**CLEO, "sealed_secret": "a", "created_at": NOW, "last_step": 0},
    "sessions": {
        "id": 1, **CLEO, "digest": "a", "created_at": NOW, "last_seen_at": NOW,
        "idle_ends_at": LATER, "ends_at": LATER, "password_entered_at": NOW,
        "device": "Firefox on Linux", "address": "203.0.113.7",
    },
    "mails": {
        "id": 1, **CLEO, "kind": "invoice_issued", "address": "cleo@example.com", "facts": {},
        "source": "invoice_issued:1", "created_at": NOW,
    },
    "month_closes": {"id": 1, "billing_month": "2026-10", **CLEO, "closed_at": NOW},
    "payment_methods": {
        "id": 1, **CLEO, "provider": "stripe", "provider_customer": "cus_1",
        "provider_reference": "pm_1", "brand": "visa", "last4": "4242", "is_default": True,
        "consent_version": "1", "consented_at": NOW, "created_at": NOW,
    },
    "subscriptions": {
        "id": 1, **CLEO, "plan_id": "plan-basic", "status": "active", "billing_cycle": "monthly",
        "anchor_at": NOW, "auto_renew": True, "pending_plan_id": "plan-payg", **WRITTEN,
    },
    "token_entries": {
        "id": 1, **CLEO, "kind": "grant", "tokens": 5, "granted_tokens": 5, "balance_after": 5,
        "source": "coupon_usage:1", "note": "", "created_at": NOW,
    },
    "usage_daily": {**CLEO, "day": date(2026, 11, 22), "model": "a", "api_key": "", **SUMS},
    "usage_hourly": {**CLEO, "hour": NOW, "model": "a", "api_key": "", "provider": "", **SUMS},
    "usage_labels": {**CLEO, "kind": "model", "label": "a"},
    "pruned_usage": {
        **CLEO, "quarter": 1, "period_id": 1, "billing_month": "2024-10", "model": "a",
        "api_key": "", "provider": "", **SUMS,
    },
    "pruned_requests": {"request_digest": "a", "content_digest": "a"},
    "verified_months": {"billing_month": "2024-10", "records_below": 1, "verified_at": NOW},
    "verified_usage": {
        **CLEO, "billing_month": "2024-10", "period_id": 1, "occurred_month": "2024-10",
        "model": "a", **SUMS,
    },
    "usage_monthly": {
        **CLEO, "billing_month": "2026-11", "occurred_month": "2026-11", "model": "a", **SUMS,
    },
    "subscription_periods": {
        "id": 1, "subscription_id": 1, **CLEO, "is_current": True, "starts_at": NOW,
        "ends_at": LATER, "plan_id": "plan-basic", "price_minor": 0, "quota": 5, "plan_quota": 5,
        "overage_discount_bp": 0, "max_concurrent_req": 1, "rate_limit_per_min": 1,
        "tokens_used": 5, "quota_tokens_used": 5, "created_at": NOW,
    },
    "billing_records": {
        "id": 1, **CLEO, "subscription_id": 1, "period_id": 1, "request_id": "req-1",
        "model": "gpt-4", "prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6,
        "cached_tokens": 3, "cache_write_tokens": 1, "reasoning_tokens": 2, "quota_tokens": 1,
        "extra_tokens": 2, "granted_tokens": 2, "overage_tokens": 3, "overage_discount_bp": 0,
        "price_id": 900, "cost_nanos": 9, "discount_nanos": 4, "final_nanos": 5,
        "status": "completed",
        "billing_month": "2026-11", "occurred_at": NOW, "occurred_at_given": True, **WRITTEN,
    },
    "plan_changes": {
        "id": 1, **CLEO, "period_id": 1, "from_plan_id": "plan-basic", "to_plan_id": "plan-pro",
        "status": "open", "credit_minor": 0, "charge_minor": 0, "quota_change": 0,
        "accepted_at": NOW, "lapses_at": LATER,
    },
    "invoices": {
        "id": 1, "public_id": "inv-1", **CLEO, "kind": "usage", "billing_month": "2026-10",
        "status": "issued", "invoice_number": "INV-7-2026-10", "plan_change_id": 1,
        "currency": "USD", "amount_minor": 100, "discount_minor": 10, "tax_minor": 5,
        "final_minor": 95, "credit_used_minor": 95, "tax_rate_bp": 0, "tax_name": "",
        "reverse_charge": False, "seller": {}, "buyer": {}, "issued_at": NOW, "due_at": LATER,
        "notes": "", **WRITTEN,
    },
    "carried_amounts": {
        "id": 1, **CLEO, "kind": "usage", "from_month": "2026-10", "amount_nanos": 1,
        "created_at": NOW,
    },
    "coupon_applications": {
        "id": 1, "usage_id": 1, "invoice_id": 1, "discount_minor": 1, "applied_at": NOW,
    },
    "credit_notes": {
        "id": 1, "invoice_id": 1, **CLEO, "credit_note_number": "CN-7-2026-11", "reason": "",
        "amount_minor": 1, "tax_minor": 0, "content_digest": "", "issued_at": NOW,
    },
    "invoice_lines": {
        "id": 1, "invoice_id": 1, "position": 1, "kind": "usage", "description": "", "quantity": 0,
        "amount_minor": -1, "credited_minor": 0,
    },
    "payments": {
        "id": 1, "public_id": "pay-1", **CLEO, "invoice_id": 1, "purpose": "invoice",
        "provider": "stripe", "method": "checkout", "attempt_number": 1, "idempotency_key": "k1",
        "status": "created", "amount_minor": 95, "currency": "USD", "refunded_minor": 95,
        "provider_session": "cs_1", "provider_payment": "pi_1", "is_overpayment": False, **WRITTEN,
    },
    "usage_corrections": {
        "id": 1, **CLEO, "kind": "void", "record_id": 1, "billing_month": "2026-10",
        "description": "", "amount_nanos": -5, "created_at": NOW,
    },
    "credit_note_lines": {
        "id": 1, "credit_note_id": 1, "invoice_line_id": 1, "amount_minor": 1,
    },
    "disputes": {
        "id": 1, "payment_id": 1, **CLEO, "provider_dispute": "dp_1", "amount_minor": 1,
        "reason": "", "status": "open", "opened_at": NOW,
    },
    "refunds": {
        "id": 1, "payment_id": 1, "amount_minor": 1, "status": "created", "reason": "",
        "requested_by": "olga", "idempotency_key": "r1", "provider_refund": "re_1", **WRITTEN,
    },
}  # fmt: skip

# What makes a copy of the valid row a second one.
SECOND: dict[str, dict[str, object]] = {
    "accounts": {"id": "dora", "number": 8, "email": "dora@example.com"},
    "counters": {"name": "dora"},
    "coupons": {"id": 2, "code": "SUMMER"},
    "idempotency_keys": {"id": 2, "scope": "dora POST /"},
    "journal_entries": {"id": 2},
    "model_aliases": {"alias": "gpt-9-new"},
    "model_prices": {
        "id": 901, "effective_from": NOW + timedelta(days=1),
        "effective_to": NOW + timedelta(days=2),
    },
    "outbox_entries": {"id": 2},
    "provider_events": {"id": 2, "event_id": "evt_2"},
    "subscription_plans": {"id": "plan-10"},
    "tax_rates": {"country": "FR"},
    "alerts": {"id": 2, "threshold": 1},
    "auto_topups": {"user_id": "dora"},
    "billing_settings": {"id": 2, "user_id": "dora"},
    "coupon_usages": {"id": 2, "redemption_number": 2},
    "credit_entries": {"id": 2, "source": "payment:2"},
    "invoice_counters": {"month": "2026-12"},
    "keys": {"id": 2, "public_id": "ijklmnop", "replaced_by": 2},
    "coupon_guesses": {"id": 2},
    "known_devices": {"id": 2, "digest": "b"},
    "mail_tokens": {"id": 2, "digest": "b"},
    "email_changes": {"user_id": "dora"},
    "recovery_codes": {"id": 2, "prefix": "3333"},
    "second_factors": {"user_id": "dora"},
    "sessions": {"id": 2, "digest": "b"},
    "mails": {"id": 2, "source": "invoice_issued:2"},
    "month_closes": {"id": 2, "billing_month": "2026-11"},
    "payment_methods": {"id": 2, "provider_reference": "pm_2", "is_default": False},
    "subscriptions": {"id": 2, "status": "expired"},
    "token_entries": {"id": 2, "source": "coupon_usage:2"},
    "usage_daily": {"model": "b"},
    "usage_hourly": {"model": "b"},
    "usage_labels": {"label": "b"},
    "pruned_usage": {"model": "b"},
    "pruned_requests": {"request_digest": "b"},
    "verified_months": {"billing_month": "2024-11"},
    "verified_usage": {"period_id": 2},
    "usage_monthly": {"model": "b"},
    "subscription_periods": {
        "id": 2, "is_current": False, "starts_at": NOW + timedelta(days=1),
        "ends_at": LATER + timedelta(days=1),
    },
    "billing_records": {"id": 2, "request_id": "req-2"},
    "plan_changes": {"id": 2, "status": "lapsed"},
    "invoices": {
        "id": 2, "public_id": "inv-2", "billing_month": "2026-09", "plan_change_id": 2,
        "invoice_number": "INV-7-2026-09",
    },
    "carried_amounts": {"id": 2, "from_month": "2026-09"},
    "coupon_applications": {"id": 2, "invoice_id": 2},
    "credit_notes": {"id": 2, "credit_note_number": "CN-7-2026-11-2"},
    "invoice_lines": {"id": 2, "position": 2},
    "payments": {
        "id": 2, "public_id": "pay-2", "idempotency_key": "k2", "provider_session": "cs_2",
        "provider_payment": "pi_2",
    },
    "usage_corrections": {"id": 2, "record_id": 2},
    "credit_note_lines": {"id": 2, "credit_note_id": 2},
    "disputes": {"id": 2, "provider_dispute": "dp_2"},
    "refunds": {"id": 2, "idempotency_key": "r2", "provider_refund": "re_2"},
}  # fmt: skip

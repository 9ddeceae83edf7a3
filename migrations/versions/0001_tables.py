"""Every table of the book of rules.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", WHOLE, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("extra_tokens", WHOLE, nullable=False),
        sa.Column("granted_tokens", WHOLE, nullable=False),
        sa.Column("credit_minor", WHOLE, nullable=False),
        sa.Column("credit_limit_minor", WHOLE, nullable=True),
        sa.Column("suspended_at", MOMENT, nullable=True),
        sa.Column("email_verified_at", MOMENT, nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint("role IN ('customer', 'operator')", name=op.f("ck_accounts_role_known")),
        sa.CheckConstraint(
            "credit_limit_minor >= 0", name=op.f("ck_accounts_credit_limit_not_negative")
        ),
        sa.CheckConstraint("credit_minor >= 0", name=op.f("ck_accounts_credit_not_negative")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_accounts_email_lower_case")),
        sa.CheckConstraint(
            "granted_tokens BETWEEN 0 AND extra_tokens",
            name=op.f("ck_accounts_granted_within_extra"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("email", name=op.f("uq_accounts_email")),
        sa.UniqueConstraint("number", name=op.f("uq_accounts_number")),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", WHOLE, nullable=False),
        sa.CheckConstraint("value >= 0", name=op.f("ck_counters_value_not_negative")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.create_table(
        "coupons",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("value", WHOLE, nullable=False),
        sa.Column("max_uses", WHOLE, nullable=False),
        sa.Column("used_count", WHOLE, nullable=False),
        sa.Column("max_usage_per_user", WHOLE, nullable=False),
        sa.Column("min_purchase_minor", WHOLE, nullable=False),
        sa.Column("valid_from", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("applicable_plans", JSON, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "type <> 'percentage' OR value <= 10000", name=op.f("ck_coupons_percentage_in_range")
        ),
        sa.CheckConstraint(
            "type IN ('percentage', 'fixed', 'free_tokens')", name=op.f("ck_coupons_type_known")
        ),
        sa.CheckConstraint("code = upper(code)", name=op.f("ck_coupons_code_upper_case")),
        sa.CheckConstraint("expires_at > valid_from", name=op.f("ck_coupons_ends_after_it_starts")),
        sa.CheckConstraint("max_usage_per_user > 0", name=op.f("ck_coupons_per_user_positive")),
        sa.CheckConstraint(
            "min_purchase_minor >= 0", name=op.f("ck_coupons_min_purchase_not_negative")
        ),
        sa.CheckConstraint(
            "used_count BETWEEN 0 AND max_uses", name=op.f("ck_coupons_used_within_max")
        ),
        sa.CheckConstraint("value > 0", name=op.f("ck_coupons_value_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupons")),
        sa.UniqueConstraint("code", name=op.f("uq_coupons_code")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("body_digest", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("leased_until", MOMENT, nullable=False),
        sa.Column("answer_status", WHOLE, nullable=True),
        sa.Column("answer_body", sa.LargeBinary(), nullable=True),
        sa.Column("answer_media_type", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(answer_status IS NULL) = (answer_body IS NULL)",
            name=op.f("ck_idempotency_keys_answered_whole"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_keys")),
        sa.UniqueConstraint("scope", name=op.f("uq_idempotency_keys_scope")),
    )
    with op.batch_alter_table("idempotency_keys", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_idempotency_keys_created_at"), ["created_at"], unique=False
        )

    op.create_table(
        "journal_entries",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("happened_at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("details", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_entries")),
    )
    with op.batch_alter_table("journal_entries", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_journal_entries_user_id_id"), ["user_id", "id"], unique=False
        )

    op.create_table(
        "model_aliases",
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("alias", name=op.f("pk_model_aliases")),
    )
    with op.batch_alter_table("model_aliases", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_model_aliases_model_id"), ["model_id"], unique=False)

    op.create_table(
        "model_prices",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("prompt_price_pico", WHOLE, nullable=False),
        sa.Column("completion_price_pico", WHOLE, nullable=False),
        sa.Column("cache_read_price_pico", WHOLE, nullable=True),
        sa.Column("cache_write_price_pico", WHOLE, nullable=True),
        sa.Column("included_in_plans", sa.Boolean(), nullable=False),
        sa.Column("effective_from", MOMENT, nullable=False),
        sa.Column("effective_to", MOMENT, nullable=True),
        sa.Column("replaced_at", MOMENT, nullable=True),
        sa.Column("set_by", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "effective_to > effective_from", name=op.f("ck_model_prices_ends_after_it_starts")
        ),
        sa.CheckConstraint(
            "prompt_price_pico >= 0 AND completion_price_pico >= 0 AND cache_read_price_pico >= 0 AND cache_write_price_pico >= 0",
            name=op.f("ck_model_prices_prices_not_negative"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_prices")),
    )
    with op.batch_alter_table("model_prices", schema=None) as batch_op:
        batch_op.create_index(
            "uq_model_prices_open_end",
            ["model_id"],
            unique=True,
            sqlite_where=sa.text("replaced_at IS NULL AND effective_to IS NULL"),
            postgresql_where=sa.text("replaced_at IS NULL AND effective_to IS NULL"),
        )
        batch_op.create_index(
            "uq_model_prices_start",
            ["model_id", "effective_from"],
            unique=True,
            sqlite_where=sa.text("replaced_at IS NULL"),
            postgresql_where=sa.text("replaced_at IS NULL"),
        )

    op.create_table(
        "outbox_entries",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("next_try_at", MOMENT, nullable=True),
        sa.Column("attempts", WHOLE, nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_outbox_entries_attempts_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_entries")),
    )
    with op.batch_alter_table("outbox_entries", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_outbox_entries_next_try_at"), ["next_try_at"], unique=False
        )

    op.create_table(
        "provider_events",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("ignored_because", sa.Text(), nullable=True),
        sa.Column("attempts", WHOLE, nullable=False),
        sa.Column("next_try_at", MOMENT, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("processed_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "(status = 'waiting') = (next_try_at IS NOT NULL)",
            name=op.f("ck_provider_events_waiting_has_its_next_try"),
        ),
        sa.CheckConstraint(
            "provider IN ('stripe', 'paypal')", name=op.f("ck_provider_events_provider_known")
        ),
        sa.CheckConstraint(
            "status <> 'ignored' OR ignored_because IS NOT NULL",
            name=op.f("ck_provider_events_ignored_has_a_reason"),
        ),
        sa.CheckConstraint(
            "status IN ('waiting', 'processed', 'ignored')",
            name=op.f("ck_provider_events_status_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_events")),
        sa.UniqueConstraint(
            "provider", "event_id", name=op.f("uq_provider_events_provider_event_id")
        ),
    )
    with op.batch_alter_table("provider_events", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_provider_events_status_next_try_at"),
            ["status", "next_try_at"],
            unique=False,
        )

    op.create_table(
        "subscription_plans",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("monthly_quota", WHOLE, nullable=False),
        sa.Column("monthly_price_minor", WHOLE, nullable=False),
        sa.Column("extra_token_price_pico", WHOLE, nullable=True),
        sa.Column("support_level", sa.Text(), nullable=False),
        sa.Column("max_concurrent_req", WHOLE, nullable=False),
        sa.Column("rate_limit_per_min", WHOLE, nullable=False),
        sa.Column("overage_discount_bp", WHOLE, nullable=False),
        sa.Column("features", JSON, nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("is_hidden", sa.Boolean(), nullable=False),
        sa.Column("display_order", WHOLE, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "extra_token_price_pico > 0",
            name=op.f("ck_subscription_plans_extra_token_price_positive"),
        ),
        sa.CheckConstraint(
            "max_concurrent_req > 0 AND rate_limit_per_min > 0",
            name=op.f("ck_subscription_plans_limits_positive"),
        ),
        sa.CheckConstraint(
            "monthly_price_minor >= 0", name=op.f("ck_subscription_plans_price_not_negative")
        ),
        sa.CheckConstraint(
            "monthly_quota >= 0", name=op.f("ck_subscription_plans_quota_not_negative")
        ),
        sa.CheckConstraint(
            "overage_discount_bp BETWEEN 0 AND 10000",
            name=op.f("ck_subscription_plans_overage_discount_in_range"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription_plans")),
    )
    op.create_table(
        "tax_rates",
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rate_bp", WHOLE, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint("rate_bp BETWEEN 0 AND 10000", name=op.f("ck_tax_rates_rate_in_range")),
        sa.PrimaryKeyConstraint("country", name=op.f("pk_tax_rates")),
    )
    op.create_table(
        "alerts",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("threshold", WHOLE, nullable=False),
        sa.Column("span", sa.Text(), nullable=False),
        sa.Column("value", WHOLE, nullable=False),
        sa.Column("crossed_at", MOMENT, nullable=False),
        sa.Column("mailed_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "kind IN ('tokens_left', 'quota_percent', 'spend', 'forecast')",
            name=op.f("ck_alerts_kind_known"),
        ),
        sa.CheckConstraint("threshold >= 0", name=op.f("ck_alerts_threshold_not_negative")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["accounts.id"], name=op.f("fk_alerts_user_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint(
            "user_id",
            "kind",
            "threshold",
            "span",
            name=op.f("uq_alerts_user_id_kind_threshold_span"),
        ),
    )
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_alerts_user_id_crossed_at"), ["user_id", "crossed_at"], unique=False
        )

    op.create_table(
        "auto_topups",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("last_attempt_at", MOMENT, nullable=True),
        sa.Column("paused_until", MOMENT, nullable=True),
        sa.Column("declines_in_a_row", WHOLE, nullable=False),
        sa.Column("awaits_authentication", sa.Boolean(), nullable=False),
        sa.Column("switched_off_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "declines_in_a_row >= 0", name=op.f("ck_auto_topups_declines_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["accounts.id"], name=op.f("fk_auto_topups_user_id_accounts")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_auto_topups")),
    )
    op.create_table(
        "billing_settings",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("billing_email", sa.Text(), nullable=True),
        sa.Column("billing_address", sa.Text(), nullable=True),
        sa.Column("tax_id", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("auto_topup", sa.Boolean(), nullable=False),
        sa.Column("auto_topup_threshold", WHOLE, nullable=False),
        sa.Column("auto_topup_amount_minor", WHOLE, nullable=False),
        sa.Column("auto_topup_max_per_month", WHOLE, nullable=False),
        sa.Column("auto_topup_monthly_limit_minor", WHOLE, nullable=False),
        sa.Column("auto_pay", sa.Boolean(), nullable=False),
        sa.Column("invoice_frequency", sa.Text(), nullable=False),
        sa.Column("send_invoice_email", sa.Boolean(), nullable=False),
        sa.Column("enable_alerts", sa.Boolean(), nullable=False),
        sa.Column("alert_threshold", WHOLE, nullable=False),
        sa.Column("alert_percents", JSON, nullable=False),
        sa.Column("alert_spend_minor", WHOLE, nullable=True),
        sa.Column("alert_forecast", sa.Boolean(), nullable=False),
        sa.Column("overage_enabled", sa.Boolean(), nullable=False),
        sa.Column("spend_limit_minor", WHOLE, nullable=True),
        sa.Column("tax_id_approved_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint("currency = 'USD'", name=op.f("ck_billing_settings_currency_known")),
        sa.CheckConstraint(
            "invoice_frequency = 'monthly'",
            name=op.f("ck_billing_settings_invoice_frequency_known"),
        ),
        sa.CheckConstraint(
            "alert_spend_minor >= 0", name=op.f("ck_billing_settings_alert_spend_not_negative")
        ),
        sa.CheckConstraint(
            "alert_threshold >= 0", name=op.f("ck_billing_settings_alert_threshold_not_negative")
        ),
        sa.CheckConstraint(
            "auto_topup_amount_minor BETWEEN 500 AND 1000000",
            name=op.f("ck_billing_settings_auto_topup_amount"),
        ),
        sa.CheckConstraint(
            "auto_topup_max_per_month >= 0",
            name=op.f("ck_billing_settings_auto_topup_count_not_negative"),
        ),
        sa.CheckConstraint(
            "auto_topup_monthly_limit_minor >= 0",
            name=op.f("ck_billing_settings_auto_topup_limit_not_negative"),
        ),
        sa.CheckConstraint(
            "auto_topup_threshold >= 0",
            name=op.f("ck_billing_settings_auto_topup_threshold_not_negative"),
        ),
        sa.CheckConstraint(
            "spend_limit_minor >= 0", name=op.f("ck_billing_settings_spend_limit_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["accounts.id"], name=op.f("fk_billing_settings_user_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_settings")),
        sa.UniqueConstraint("user_id", name=op.f("uq_billing_settings_user_id")),
    )
    op.create_table(
        "coupon_usages",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("coupon_id", WHOLE, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("redemption_number", WHOLE, nullable=False),
        sa.Column("discount_minor", WHOLE, nullable=False),
        sa.Column("remaining_minor", WHOLE, nullable=True),
        sa.Column("tokens_granted", WHOLE, nullable=False),
        sa.Column("redeemed_at", MOMENT, nullable=False),
        sa.Column("used_up_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "discount_minor >= 0", name=op.f("ck_coupon_usages_discount_not_negative")
        ),
        sa.CheckConstraint(
            "redemption_number > 0", name=op.f("ck_coupon_usages_redemption_number_positive")
        ),
        sa.CheckConstraint(
            "remaining_minor >= 0", name=op.f("ck_coupon_usages_remaining_not_negative")
        ),
        sa.CheckConstraint(
            "tokens_granted >= 0", name=op.f("ck_coupon_usages_tokens_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["coupon_id"], ["coupons.id"], name=op.f("fk_coupon_usages_coupon_id_coupons")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["accounts.id"], name=op.f("fk_coupon_usages_user_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_usages")),
        sa.UniqueConstraint(
            "coupon_id",
            "user_id",
            "redemption_number",
            name=op.f("uq_coupon_usages_coupon_id_user_id_redemption_number"),
        ),
    )
    with op.batch_alter_table("coupon_usages", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_coupon_usages_user_id_redeemed_at"),
            ["user_id", "redeemed_at"],
            unique=False,
        )

    op.create_table(
        "credit_entries",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", WHOLE, nullable=False),
        sa.Column("balance_after_minor", WHOLE, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_credit_entries_amount_not_zero")),
        sa.CheckConstraint(
            "balance_after_minor >= 0", name=op.f("ck_credit_entries_balance_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["accounts.id"], name=op.f("fk_credit_entries_user_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_entries")),
        sa.UniqueConstraint("source", name=op.f("uq_credit_entries_source")),
    )
    with op.batch_alter_table("credit_entries", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_credit_entries_user_id_id"), ["user_id", "id"], unique=False
        )

    op.create_table(
        "invoice_counters",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("last_number", WHOLE, nullable=False),
        sa.CheckConstraint(
            "last_number >= 0", name=op.f("ck_invoice_counters_number_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["accounts.id"], name=op.f("fk_invoice_counters_user_id_accounts")
        ),
        sa.PrimaryKeyConstraint("user_id", "series", "month", name=op.f("pk_invoice_counters")),
    )
    op.create_table(
        "keys",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "(kind = 'obl_gw_') = (user_id IS NULL)", name=op.f("ck_keys_gateways_have_no_account")
        ),
        sa.CheckConstraint(
            "kind IN ('obl_sk_', 'obl_gw_', 'obl_op_')", name=op.f("ck_keys_kind_known")
        ),
        sa.CheckConstraint("scope IN ('read', 'write')", name=op.f("ck_keys_scope_known")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["accounts.id"], name=op.f("fk_keys_user_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keys")),
        sa.UniqueConstraint("public_id", name=op.f("uq_keys_public_id")),
    )
    with op.batch_alter_table("keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_keys_user_id"), ["user_id"], unique=False)

    op.create_table(
        "month_closes",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("billing_month", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("closed_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["accounts.id"], name=op.f("fk_month_closes_user_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month_closes")),
        sa.UniqueConstraint(
            "billing_month", "user_id", name=op.f("uq_month_closes_billing_month_user_id")
        ),
    )
    with op.batch_alter_table("month_closes", schema=None) as batch_op:
        batch_op.create_index(
            "uq_month_closes_everyone",
            ["billing_month"],
            unique=True,
            sqlite_where=sa.text("user_id IS NULL"),
            postgresql_where=sa.text("user_id IS NULL"),
        )

    op.create_table(
        "payment_methods",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_customer", sa.Text(), nullable=False),
        sa.Column("provider_reference", sa.Text(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.Column("expires_on", sa.Text(), nullable=True),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("consent_version", sa.Text(), nullable=True),
        sa.Column("consented_at", MOMENT, nullable=True),
        sa.Column("removed_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "provider IN ('stripe', 'paypal')", name=op.f("ck_payment_methods_provider_known")
        ),
        sa.CheckConstraint(
            "(consent_version IS NULL) = (consented_at IS NULL)",
            name=op.f("ck_payment_methods_consent_has_its_moment"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["accounts.id"], name=op.f("fk_payment_methods_user_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_methods")),
        sa.UniqueConstraint(
            "provider",
            "provider_reference",
            name=op.f("uq_payment_methods_provider_provider_reference"),
        ),
    )
    with op.batch_alter_table("payment_methods", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payment_methods_user_id"), ["user_id"], unique=False)
        batch_op.create_index(
            "uq_payment_methods_default",
            ["user_id"],
            unique=True,
            sqlite_where=sa.text("is_default"),
            postgresql_where=sa.text("is_default"),
        )

    op.create_table(
        "subscriptions",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("billing_cycle", sa.Text(), nullable=False),
        sa.Column("anchor_at", MOMENT, nullable=False),
        sa.Column("auto_renew", sa.Boolean(), nullable=False),
        sa.Column("pending_plan_id", sa.Text(), nullable=True),
        sa.Column("cancelled_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "billing_cycle = 'monthly'", name=op.f("ck_subscriptions_billing_cycle_known")
        ),
        sa.CheckConstraint(
            "status IN ('active', 'past_due', 'cancelled', 'expired')",
            name=op.f("ck_subscriptions_status_known"),
        ),
        sa.CheckConstraint(
            "auto_renew OR pending_plan_id IS NULL",
            name=op.f("ck_subscriptions_one_change_at_a_time"),
        ),
        sa.ForeignKeyConstraint(
            ["pending_plan_id"],
            ["subscription_plans.id"],
            name=op.f("fk_subscriptions_pending_plan_id_subscription_plans"),
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["subscription_plans.id"],
            name=op.f("fk_subscriptions_plan_id_subscription_plans"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["accounts.id"], name=op.f("fk_subscriptions_user_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
    )
    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_subscriptions_user_id_status"), ["user_id", "status"], unique=False
        )
        batch_op.create_index(
            "uq_subscriptions_running",
            ["user_id"],
            unique=True,
            sqlite_where=sa.text("status IN ('active', 'past_due')"),
            postgresql_where=sa.text("status IN ('active', 'past_due')"),
        )

    op.create_table(
        "token_entries",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("tokens", WHOLE, nullable=False),
        sa.Column("granted_tokens", WHOLE, nullable=False),
        sa.Column("balance_after", WHOLE, nullable=False),
        sa.Column("price_pico", WHOLE, nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "kind IN ('top_up', 'grant', 'usage', 'usage_void', 'refund', 'adjustment')",
            name=op.f("ck_token_entries_kind_known"),
        ),
        sa.CheckConstraint(
            "(tokens > 0 AND granted_tokens BETWEEN 0 AND tokens) OR (tokens < 0 AND granted_tokens BETWEEN tokens AND 0)",
            name=op.f("ck_token_entries_granted_within_tokens"),
        ),
        sa.CheckConstraint(
            "balance_after >= 0", name=op.f("ck_token_entries_balance_not_negative")
        ),
        sa.CheckConstraint("tokens <> 0", name=op.f("ck_token_entries_tokens_not_zero")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["accounts.id"], name=op.f("fk_token_entries_user_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token_entries")),
        sa.UniqueConstraint("source", name=op.f("uq_token_entries_source")),
    )
    with op.batch_alter_table("token_entries", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_token_entries_user_id_id"), ["user_id", "id"], unique=False
        )

    op.create_table(
        "usage_daily",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("api_key", sa.Text(), nullable=False),
        sa.Column("requests", WHOLE, nullable=False),
        sa.Column("prompt_tokens", WHOLE, nullable=False),
        sa.Column("completion_tokens", WHOLE, nullable=False),
        sa.Column("total_tokens", WHOLE, nullable=False),
        sa.Column("cached_tokens", WHOLE, nullable=False),
        sa.Column("cache_write_tokens", WHOLE, nullable=False),
        sa.Column("reasoning_tokens", WHOLE, nullable=False),
        sa.Column("quota_tokens", WHOLE, nullable=False),
        sa.Column("extra_tokens", WHOLE, nullable=False),
        sa.Column("overage_tokens", WHOLE, nullable=False),
        sa.Column("unpriced_tokens", WHOLE, nullable=False),
        sa.Column("cost_nanos", WHOLE, nullable=False),
        sa.Column("final_nanos", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "day", "model", "api_key", name=op.f("pk_usage_daily")),
    )
    op.create_table(
        "usage_hourly",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("hour", MOMENT, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("api_key", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("requests", WHOLE, nullable=False),
        sa.Column("prompt_tokens", WHOLE, nullable=False),
        sa.Column("completion_tokens", WHOLE, nullable=False),
        sa.Column("total_tokens", WHOLE, nullable=False),
        sa.Column("cached_tokens", WHOLE, nullable=False),
        sa.Column("cache_write_tokens", WHOLE, nullable=False),
        sa.Column("reasoning_tokens", WHOLE, nullable=False),
        sa.Column("quota_tokens", WHOLE, nullable=False),
        sa.Column("extra_tokens", WHOLE, nullable=False),
        sa.Column("overage_tokens", WHOLE, nullable=False),
        sa.Column("unpriced_tokens", WHOLE, nullable=False),
        sa.Column("cost_nanos", WHOLE, nullable=False),
        sa.Column("final_nanos", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint(
            "user_id", "hour", "model", "api_key", "provider", name=op.f("pk_usage_hourly")
        ),
    )
    op.create_table(
        "usage_labels",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('model', 'api_key', 'provider')", name=op.f("ck_usage_labels_kind_known")
        ),
        sa.PrimaryKeyConstraint("user_id", "kind", "label", name=op.f("pk_usage_labels")),
    )
    op.create_table(
        "usage_monthly",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("billing_month", sa.Text(), nullable=False),
        sa.Column("occurred_month", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("requests", WHOLE, nullable=False),
        sa.Column("prompt_tokens", WHOLE, nullable=False),
        sa.Column("completion_tokens", WHOLE, nullable=False),
        sa.Column("total_tokens", WHOLE, nullable=False),
        sa.Column("cached_tokens", WHOLE, nullable=False),
        sa.Column("cache_write_tokens", WHOLE, nullable=False),
        sa.Column("reasoning_tokens", WHOLE, nullable=False),
        sa.Column("quota_tokens", WHOLE, nullable=False),
        sa.Column("extra_tokens", WHOLE, nullable=False),
        sa.Column("overage_tokens", WHOLE, nullable=False),
        sa.Column("unpriced_tokens", WHOLE, nullable=False),
        sa.Column("cost_nanos", WHOLE, nullable=False),
        sa.Column("final_nanos", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint(
            "user_id", "billing_month", "occurred_month", "model", name=op.f("pk_usage_monthly")
        ),
    )
    op.create_table(
        "subscription_periods",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("subscription_id", WHOLE, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("grace_ends_at", MOMENT, nullable=True),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("price_minor", WHOLE, nullable=False),
        sa.Column("quota", WHOLE, nullable=False),
        sa.Column("plan_quota", WHOLE, nullable=False),
        sa.Column("extra_token_price_pico", WHOLE, nullable=True),
        sa.Column("overage_discount_bp", WHOLE, nullable=False),
        sa.Column("max_concurrent_req", WHOLE, nullable=False),
        sa.Column("rate_limit_per_min", WHOLE, nullable=False),
        sa.Column("tokens_used", WHOLE, nullable=False),
        sa.Column("quota_tokens_used", WHOLE, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "ends_at > starts_at", name=op.f("ck_subscription_periods_ends_after_it_starts")
        ),
        sa.CheckConstraint(
            "overage_discount_bp BETWEEN 0 AND 10000",
            name=op.f("ck_subscription_periods_overage_discount_in_range"),
        ),
        sa.CheckConstraint(
            "price_minor >= 0 AND quota >= 0",
            name=op.f("ck_subscription_periods_terms_not_negative"),
        ),
        sa.CheckConstraint(
            "quota_tokens_used BETWEEN 0 AND quota",
            name=op.f("ck_subscription_periods_quota_not_exceeded"),
        ),
        sa.CheckConstraint(
            "tokens_used >= quota_tokens_used",
            name=op.f("ck_subscription_periods_used_covers_quota_used"),
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["subscription_plans.id"],
            name=op.f("fk_subscription_periods_plan_id_subscription_plans"),
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscriptions.id"],
            name=op.f("fk_subscription_periods_subscription_id_subscriptions"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["accounts.id"], name=op.f("fk_subscription_periods_user_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription_periods")),
        sa.UniqueConstraint(
            "user_id", "ends_at", name=op.f("uq_subscription_periods_user_id_ends_at")
        ),
        sa.UniqueConstraint(
            "user_id", "starts_at", name=op.f("uq_subscription_periods_user_id_starts_at")
        ),
    )
    with op.batch_alter_table("subscription_periods", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_subscription_periods_subscription_id"), ["subscription_id"], unique=False
        )
        batch_op.create_index(
            "uq_subscription_periods_current",
            ["user_id"],
            unique=True,
            sqlite_where=sa.text("is_current"),
            postgresql_where=sa.text("is_current"),
        )

    op.create_table(
        "billing_records",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("subscription_id", WHOLE, nullable=False),
        sa.Column("period_id", WHOLE, nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("api_key_alias", sa.Text(), nullable=True),
        sa.Column("prompt_tokens", WHOLE, nullable=False),
        sa.Column("completion_tokens", WHOLE, nullable=False),
        sa.Column("total_tokens", WHOLE, nullable=False),
        sa.Column("cached_tokens", WHOLE, nullable=False),
        sa.Column("cache_write_tokens", WHOLE, nullable=False),
        sa.Column("reasoning_tokens", WHOLE, nullable=False),
        sa.Column("quota_tokens", WHOLE, nullable=False),
        sa.Column("extra_tokens", WHOLE, nullable=False),
        sa.Column("granted_tokens", WHOLE, nullable=False),
        sa.Column("overage_tokens", WHOLE, nullable=False),
        sa.Column("overage_discount_bp", WHOLE, nullable=False),
        sa.Column("price_id", WHOLE, nullable=True),
        sa.Column("cost_nanos", WHOLE, nullable=False),
        sa.Column("discount_nanos", WHOLE, nullable=False),
        sa.Column("final_nanos", WHOLE, nullable=False),
        sa.Column("coupon_id", WHOLE, nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("billing_month", sa.Text(), nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("occurred_at_given", sa.Boolean(), nullable=False),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("voided_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "(status = 'voided') = (voided_at IS NOT NULL)",
            name=op.f("ck_billing_records_void_has_its_moment"),
        ),
        sa.CheckConstraint(
            "status <> 'unpriced' OR cost_nanos = 0",
            name=op.f("ck_billing_records_unpriced_has_no_cost"),
        ),
        sa.CheckConstraint(
            "status IN ('completed', 'unpriced', 'voided')",
            name=op.f("ck_billing_records_status_known"),
        ),
        sa.CheckConstraint(
            "cached_tokens + cache_write_tokens <= prompt_tokens",
            name=op.f("ck_billing_records_cached_within_prompt"),
        ),
        sa.CheckConstraint(
            "final_nanos = cost_nanos - discount_nanos AND cost_nanos >= 0 AND final_nanos >= 0",
            name=op.f("ck_billing_records_cost_adds_up"),
        ),
        sa.CheckConstraint(
            "granted_tokens BETWEEN 0 AND extra_tokens",
            name=op.f("ck_billing_records_granted_within_extra"),
        ),
        sa.CheckConstraint(
            "prompt_tokens >= 0 AND completion_tokens >= 0 AND total_tokens >= 0 AND cached_tokens >= 0 AND cache_write_tokens >= 0 AND reasoning_tokens >= 0",
            name=op.f("ck_billing_records_tokens_not_negative"),
        ),
        sa.CheckConstraint(
            "quota_tokens + extra_tokens + overage_tokens = total_tokens AND quota_tokens >= 0 AND extra_tokens >= 0 AND overage_tokens >= 0",
            name=op.f("ck_billing_records_split_adds_up"),
        ),
        sa.CheckConstraint(
            "reasoning_tokens <= completion_tokens",
            name=op.f("ck_billing_records_reasoning_within_completion"),
        ),
        sa.CheckConstraint(
            "total_tokens = prompt_tokens + completion_tokens",
            name=op.f("ck_billing_records_total_adds_up"),
        ),
        sa.ForeignKeyConstraint(
            ["coupon_id"], ["coupons.id"], name=op.f("fk_billing_records_coupon_id_coupons")
        ),
        sa.ForeignKeyConstraint(
            ["period_id"],
            ["subscription_periods.id"],
            name=op.f("fk_billing_records_period_id_subscription_periods"),
        ),
        sa.ForeignKeyConstraint(
            ["price_id"], ["model_prices.id"], name=op.f("fk_billing_records_price_id_model_prices")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscriptions.id"],
            name=op.f("fk_billing_records_subscription_id_subscriptions"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["accounts.id"], name=op.f("fk_billing_records_user_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_records")),
        sa.UniqueConstraint("request_id", name=op.f("uq_billing_records_request_id")),
    )
    with op.batch_alter_table("billing_records", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_billing_records_created_at"), ["created_at"], unique=False
        )
        batch_op.create_index(
            "ix_billing_records_unpriced",
            ["model", "id"],
            unique=False,
            sqlite_where=sa.text("status = 'unpriced'"),
            postgresql_where=sa.text("status = 'unpriced'"),
        )
        batch_op.create_index(
            batch_op.f("ix_billing_records_user_id_billing_month"),
            ["user_id", "billing_month"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_billing_records_user_id_occurred_at_id"),
            ["user_id", "occurred_at", "id"],
            unique=False,
        )

    op.create_table(
        "plan_changes",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("period_id", WHOLE, nullable=False),
        sa.Column("from_plan_id", sa.Text(), nullable=False),
        sa.Column("to_plan_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("credit_minor", WHOLE, nullable=False),
        sa.Column("charge_minor", WHOLE, nullable=False),
        sa.Column("quota_change", WHOLE, nullable=False),
        sa.Column("accepted_at", MOMENT, nullable=False),
        sa.Column("lapses_at", MOMENT, nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "status IN ('open', 'applied', 'lapsed', 'refunded')",
            name=op.f("ck_plan_changes_status_known"),
        ),
        sa.CheckConstraint(
            "credit_minor >= 0 AND charge_minor >= 0",
            name=op.f("ck_plan_changes_amounts_not_negative"),
        ),
        sa.CheckConstraint(
            "quota_change >= 0", name=op.f("ck_plan_changes_quota_change_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["from_plan_id"],
            ["subscription_plans.id"],
            name=op.f("fk_plan_changes_from_plan_id_subscription_plans"),
        ),
        sa.ForeignKeyConstraint(
            ["period_id"],
            ["subscription_periods.id"],
            name=op.f("fk_plan_changes_period_id_subscription_periods"),
        ),
        sa.ForeignKeyConstraint(
            ["to_plan_id"],
            ["subscription_plans.id"],
            name=op.f("fk_plan_changes_to_plan_id_subscription_plans"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["accounts.id"], name=op.f("fk_plan_changes_user_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_changes")),
    )
    with op.batch_alter_table("plan_changes", schema=None) as batch_op:
        batch_op.create_index(
            "uq_plan_changes_open",
            ["user_id"],
            unique=True,
            sqlite_where=sa.text("status = 'open'"),
            postgresql_where=sa.text("status = 'open'"),
        )

    op.create_table(
        "invoices",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("billing_month", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("invoice_number", sa.Text(), nullable=True),
        sa.Column("period_id", WHOLE, nullable=True),
        sa.Column("plan_id", sa.Text(), nullable=True),
        sa.Column("plan_change_id", WHOLE, nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", WHOLE, nullable=False),
        sa.Column("discount_minor", WHOLE, nullable=False),
        sa.Column("tax_minor", WHOLE, nullable=False),
        sa.Column("final_minor", WHOLE, nullable=False),
        sa.Column("credit_used_minor", WHOLE, nullable=False),
        sa.Column("tax_rate_bp", WHOLE, nullable=False),
        sa.Column("tax_name", sa.Text(), nullable=False),
        sa.Column("reverse_charge", sa.Boolean(), nullable=False),
        sa.Column("seller", JSON, nullable=False),
        sa.Column("buyer", JSON, nullable=False),
        sa.Column("issued_at", MOMENT, nullable=True),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("paid_at", MOMENT, nullable=True),
        sa.Column("voided_at", MOMENT, nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("replaced_by_id", WHOLE, nullable=True),
        sa.Column("payment_method", sa.Text(), nullable=True),
        sa.Column("transaction_id", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("content_digest", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "(status IN ('paid', 'refunded')) = (paid_at IS NOT NULL)",
            name=op.f("ck_invoices_paid_has_its_moment"),
        ),
        sa.CheckConstraint("currency = 'USD'", name=op.f("ck_invoices_currency_known")),
        sa.CheckConstraint(
            "kind IN ('subscription', 'usage', 'topup')", name=op.f("ck_invoices_kind_known")
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'issued', 'paid', 'refunded', 'void')",
            name=op.f("ck_invoices_status_known"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'void') OR (invoice_number IS NOT NULL AND issued_at IS NOT NULL AND due_at IS NOT NULL)",
            name=op.f("ck_invoices_issued_has_number_and_dates"),
        ),
        sa.CheckConstraint(
            "amount_minor - discount_minor + tax_minor = final_minor",
            name=op.f("ck_invoices_totals_add_up"),
        ),
        sa.CheckConstraint(
            "credit_used_minor >= 0 AND credit_used_minor <= final_minor",
            name=op.f("ck_invoices_credit_within_final"),
        ),
        sa.CheckConstraint(
            "discount_minor >= 0 AND final_minor >= 0", name=op.f("ck_invoices_totals_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["period_id"],
            ["subscription_periods.id"],
            name=op.f("fk_invoices_period_id_subscription_periods"),
        ),
        sa.ForeignKeyConstraint(
            ["plan_change_id"],
            ["plan_changes.id"],
            name=op.f("fk_invoices_plan_change_id_plan_changes"),
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["subscription_plans.id"],
            name=op.f("fk_invoices_plan_id_subscription_plans"),
        ),
        sa.ForeignKeyConstraint(
            ["replaced_by_id"], ["invoices.id"], name=op.f("fk_invoices_replaced_by_id_invoices")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["accounts.id"], name=op.f("fk_invoices_user_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("invoice_number", name=op.f("uq_invoices_invoice_number")),
        sa.UniqueConstraint("plan_change_id", name=op.f("uq_invoices_plan_change_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_invoices_public_id")),
    )
    with op.batch_alter_table("invoices", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_invoices_status_due_at"), ["status", "due_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_invoices_user_id_billing_month"),
            ["user_id", "billing_month"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_invoices_user_id_issued_at_id"),
            ["user_id", "issued_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            "uq_invoices_usage_of_a_month",
            ["user_id", "billing_month"],
            unique=True,
            sqlite_where=sa.text("kind = 'usage' AND status <> 'void'"),
            postgresql_where=sa.text("kind = 'usage' AND status <> 'void'"),
        )

    op.create_table(
        "carried_amounts",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("from_month", sa.Text(), nullable=False),
        sa.Column("amount_nanos", WHOLE, nullable=False),
        sa.Column("invoice_id", WHOLE, nullable=True),
        sa.Column("forgiven_by", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "kind IN ('usage', 'other')", name=op.f("ck_carried_amounts_kind_known")
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoices.id"], name=op.f("fk_carried_amounts_invoice_id_invoices")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["accounts.id"], name=op.f("fk_carried_amounts_user_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carried_amounts")),
        sa.UniqueConstraint(
            "user_id", "kind", "from_month", name=op.f("uq_carried_amounts_user_id_kind_from_month")
        ),
    )
    with op.batch_alter_table("carried_amounts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_carried_amounts_invoice_id"), ["invoice_id"], unique=False
        )

    op.create_table(
        "coupon_applications",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("usage_id", WHOLE, nullable=False),
        sa.Column("invoice_id", WHOLE, nullable=False),
        sa.Column("discount_minor", WHOLE, nullable=False),
        sa.Column("applied_at", MOMENT, nullable=False),
        sa.Column("returned_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "discount_minor > 0", name=op.f("ck_coupon_applications_discount_positive")
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoices.id"], name=op.f("fk_coupon_applications_invoice_id_invoices")
        ),
        sa.ForeignKeyConstraint(
            ["usage_id"],
            ["coupon_usages.id"],
            name=op.f("fk_coupon_applications_usage_id_coupon_usages"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_applications")),
        sa.UniqueConstraint(
            "usage_id", "invoice_id", name=op.f("uq_coupon_applications_usage_id_invoice_id")
        ),
    )
    with op.batch_alter_table("coupon_applications", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_coupon_applications_invoice_id"), ["invoice_id"], unique=False
        )

    op.create_table(
        "credit_notes",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("invoice_id", WHOLE, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("credit_note_number", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("amount_minor", WHOLE, nullable=False),
        sa.Column("tax_minor", WHOLE, nullable=False),
        sa.Column("content_digest", sa.Text(), nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "amount_minor > 0 AND tax_minor >= 0", name=op.f("ck_credit_notes_amounts_in_range")
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoices.id"], name=op.f("fk_credit_notes_invoice_id_invoices")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["accounts.id"], name=op.f("fk_credit_notes_user_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_notes")),
        sa.UniqueConstraint("credit_note_number", name=op.f("uq_credit_notes_credit_note_number")),
    )
    with op.batch_alter_table("credit_notes", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_credit_notes_invoice_id"), ["invoice_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_credit_notes_user_id"), ["user_id"], unique=False)

    op.create_table(
        "invoice_lines",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("invoice_id", WHOLE, nullable=False),
        sa.Column("position", WHOLE, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("quantity", WHOLE, nullable=False),
        sa.Column("unit_price_nanos", WHOLE, nullable=True),
        sa.Column("amount_nanos", WHOLE, nullable=True),
        sa.Column("amount_minor", WHOLE, nullable=False),
        sa.Column("credited_minor", WHOLE, nullable=False),
        sa.CheckConstraint(
            "credited_minor >= 0", name=op.f("ck_invoice_lines_credited_not_negative")
        ),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_invoice_lines_quantity_not_negative")),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoices.id"], name=op.f("fk_invoice_lines_invoice_id_invoices")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_lines")),
        sa.UniqueConstraint(
            "invoice_id", "position", name=op.f("uq_invoice_lines_invoice_id_position")
        ),
    )
    op.create_table(
        "payments",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("invoice_id", WHOLE, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("attempt_number", WHOLE, nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("payment_method_id", WHOLE, nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("amount_minor", WHOLE, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("refunded_minor", WHOLE, nullable=False),
        sa.Column("provider_session", sa.Text(), nullable=True),
        sa.Column("provider_payment", sa.Text(), nullable=True),
        sa.Column("checkout_url", sa.Text(), nullable=True),
        sa.Column("decline_code", sa.Text(), nullable=True),
        sa.Column("is_overpayment", sa.Boolean(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "(status = 'settled') = (settled_at IS NOT NULL)",
            name=op.f("ck_payments_settled_has_its_moment"),
        ),
        sa.CheckConstraint("currency = 'USD'", name=op.f("ck_payments_currency_known")),
        sa.CheckConstraint(
            "method IN ('checkout', 'off_session')", name=op.f("ck_payments_method_known")
        ),
        sa.CheckConstraint(
            "provider IN ('stripe', 'paypal')", name=op.f("ck_payments_provider_known")
        ),
        sa.CheckConstraint(
            "purpose IN ('invoice', 'plan_change', 'topup')", name=op.f("ck_payments_purpose_known")
        ),
        sa.CheckConstraint(
            "status <> 'settled' OR provider_payment IS NOT NULL",
            name=op.f("ck_payments_settled_has_its_payment"),
        ),
        sa.CheckConstraint(
            "status IN ('created', 'pending', 'unknown', 'settled', 'failed', 'expired')",
            name=op.f("ck_payments_status_known"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payments_amount_positive")),
        sa.CheckConstraint(
            "refunded_minor BETWEEN 0 AND amount_minor",
            name=op.f("ck_payments_refunded_within_amount"),
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoices.id"], name=op.f("fk_payments_invoice_id_invoices")
        ),
        sa.ForeignKeyConstraint(
            ["payment_method_id"],
            ["payment_methods.id"],
            name=op.f("fk_payments_payment_method_id_payment_methods"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["accounts.id"], name=op.f("fk_payments_user_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_payments_idempotency_key")),
        sa.UniqueConstraint(
            "provider", "provider_payment", name=op.f("uq_payments_provider_provider_payment")
        ),
        sa.UniqueConstraint(
            "provider", "provider_session", name=op.f("uq_payments_provider_provider_session")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_payments_public_id")),
    )
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payments_invoice_id"), ["invoice_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_payments_status_updated_at"), ["status", "updated_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_payments_user_id_created_at"), ["user_id", "created_at"], unique=False
        )

    op.create_table(
        "usage_corrections",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", WHOLE, nullable=True),
        sa.Column("billing_month", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("amount_nanos", WHOLE, nullable=False),
        sa.Column("invoice_id", WHOLE, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "kind IN ('void', 'shortfall')", name=op.f("ck_usage_corrections_kind_known")
        ),
        sa.CheckConstraint("amount_nanos <> 0", name=op.f("ck_usage_corrections_amount_not_zero")),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoices.id"], name=op.f("fk_usage_corrections_invoice_id_invoices")
        ),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["billing_records.id"],
            name=op.f("fk_usage_corrections_record_id_billing_records"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["accounts.id"], name=op.f("fk_usage_corrections_user_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_corrections")),
        sa.UniqueConstraint("kind", "record_id", name=op.f("uq_usage_corrections_kind_record_id")),
    )
    with op.batch_alter_table("usage_corrections", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_usage_corrections_user_id_invoice_id"),
            ["user_id", "invoice_id"],
            unique=False,
        )

    op.create_table(
        "credit_note_lines",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("credit_note_id", WHOLE, nullable=False),
        sa.Column("invoice_line_id", WHOLE, nullable=False),
        sa.Column("amount_minor", WHOLE, nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_credit_note_lines_amount_positive")),
        sa.ForeignKeyConstraint(
            ["credit_note_id"],
            ["credit_notes.id"],
            name=op.f("fk_credit_note_lines_credit_note_id_credit_notes"),
        ),
        sa.ForeignKeyConstraint(
            ["invoice_line_id"],
            ["invoice_lines.id"],
            name=op.f("fk_credit_note_lines_invoice_line_id_invoice_lines"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_note_lines")),
        sa.UniqueConstraint(
            "credit_note_id",
            "invoice_line_id",
            name=op.f("uq_credit_note_lines_credit_note_id_invoice_line_id"),
        ),
    )
    op.create_table(
        "disputes",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("payment_id", WHOLE, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("provider_dispute", sa.Text(), nullable=False),
        sa.Column("amount_minor", WHOLE, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "status IN ('open', 'won', 'lost')", name=op.f("ck_disputes_status_known")
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_disputes_amount_positive")),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_disputes_payment_id_payments")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["accounts.id"], name=op.f("fk_disputes_user_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
        sa.UniqueConstraint(
            "payment_id", "provider_dispute", name=op.f("uq_disputes_payment_id_provider_dispute")
        ),
    )
    with op.batch_alter_table("disputes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_disputes_user_id"), ["user_id"], unique=False)

    op.create_table(
        "refunds",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("payment_id", WHOLE, nullable=False),
        sa.Column("credit_note_id", WHOLE, nullable=True),
        sa.Column("amount_minor", WHOLE, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("provider_refund", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "status IN ('created', 'pending', 'unknown', 'settled', 'failed')",
            name=op.f("ck_refunds_status_known"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refunds_amount_positive")),
        sa.ForeignKeyConstraint(
            ["credit_note_id"],
            ["credit_notes.id"],
            name=op.f("fk_refunds_credit_note_id_credit_notes"),
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_refunds_payment_id_payments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_refunds_idempotency_key")),
        sa.UniqueConstraint(
            "payment_id", "provider_refund", name=op.f("uq_refunds_payment_id_provider_refund")
        ),
    )
    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_refunds_status_updated_at"), ["status", "updated_at"], unique=False
        )


def downgrade() -> None:
    """Take the schema back to the one before."""
    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_refunds_status_updated_at"))

    op.drop_table("refunds")
    with op.batch_alter_table("disputes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_disputes_user_id"))

    op.drop_table("disputes")
    op.drop_table("credit_note_lines")
    with op.batch_alter_table("usage_corrections", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_usage_corrections_user_id_invoice_id"))

    op.drop_table("usage_corrections")
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payments_user_id_created_at"))
        batch_op.drop_index(batch_op.f("ix_payments_status_updated_at"))
        batch_op.drop_index(batch_op.f("ix_payments_invoice_id"))

    op.drop_table("payments")
    op.drop_table("invoice_lines")
    with op.batch_alter_table("credit_notes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_credit_notes_user_id"))
        batch_op.drop_index(batch_op.f("ix_credit_notes_invoice_id"))

    op.drop_table("credit_notes")
    with op.batch_alter_table("coupon_applications", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_coupon_applications_invoice_id"))

    op.drop_table("coupon_applications")
    with op.batch_alter_table("carried_amounts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_carried_amounts_invoice_id"))

    op.drop_table("carried_amounts")
    with op.batch_alter_table("invoices", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_invoices_usage_of_a_month",
            sqlite_where=sa.text("kind = 'usage' AND status <> 'void'"),
            postgresql_where=sa.text("kind = 'usage' AND status <> 'void'"),
        )
        batch_op.drop_index(batch_op.f("ix_invoices_user_id_issued_at_id"))
        batch_op.drop_index(batch_op.f("ix_invoices_user_id_billing_month"))
        batch_op.drop_index(batch_op.f("ix_invoices_status_due_at"))

    op.drop_table("invoices")
    with op.batch_alter_table("plan_changes", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_plan_changes_open",
            sqlite_where=sa.text("status = 'open'"),
            postgresql_where=sa.text("status = 'open'"),
        )

    op.drop_table("plan_changes")
    with op.batch_alter_table("billing_records", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_billing_records_user_id_occurred_at_id"))
        batch_op.drop_index(batch_op.f("ix_billing_records_user_id_billing_month"))
        batch_op.drop_index(
            "ix_billing_records_unpriced",
            sqlite_where=sa.text("status = 'unpriced'"),
            postgresql_where=sa.text("status = 'unpriced'"),
        )
        batch_op.drop_index(batch_op.f("ix_billing_records_created_at"))

    op.drop_table("billing_records")
    with op.batch_alter_table("subscription_periods", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_subscription_periods_current",
            sqlite_where=sa.text("is_current"),
            postgresql_where=sa.text("is_current"),
        )
        batch_op.drop_index(batch_op.f("ix_subscription_periods_subscription_id"))

    op.drop_table("subscription_periods")
    op.drop_table("usage_monthly")
    op.drop_table("usage_labels")
    op.drop_table("usage_hourly")
    op.drop_table("usage_daily")
    with op.batch_alter_table("token_entries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_token_entries_user_id_id"))

    op.drop_table("token_entries")
    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_subscriptions_running",
            sqlite_where=sa.text("status IN ('active', 'past_due')"),
            postgresql_where=sa.text("status IN ('active', 'past_due')"),
        )
        batch_op.drop_index(batch_op.f("ix_subscriptions_user_id_status"))

    op.drop_table("subscriptions")
    with op.batch_alter_table("payment_methods", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_payment_methods_default",
            sqlite_where=sa.text("is_default"),
            postgresql_where=sa.text("is_default"),
        )
        batch_op.drop_index(batch_op.f("ix_payment_methods_user_id"))

    op.drop_table("payment_methods")
    with op.batch_alter_table("month_closes", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_month_closes_everyone",
            sqlite_where=sa.text("user_id IS NULL"),
            postgresql_where=sa.text("user_id IS NULL"),
        )

    op.drop_table("month_closes")
    with op.batch_alter_table("keys", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_keys_user_id"))

    op.drop_table("keys")
    op.drop_table("invoice_counters")
    with op.batch_alter_table("credit_entries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_credit_entries_user_id_id"))

    op.drop_table("credit_entries")
    with op.batch_alter_table("coupon_usages", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_coupon_usages_user_id_redeemed_at"))

    op.drop_table("coupon_usages")
    op.drop_table("billing_settings")
    op.drop_table("auto_topups")
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_alerts_user_id_crossed_at"))

    op.drop_table("alerts")
    op.drop_table("tax_rates")
    op.drop_table("subscription_plans")
    with op.batch_alter_table("provider_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_provider_events_status_next_try_at"))

    op.drop_table("provider_events")
    with op.batch_alter_table("outbox_entries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_entries_next_try_at"))

    op.drop_table("outbox_entries")
    with op.batch_alter_table("model_prices", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_model_prices_start",
            sqlite_where=sa.text("replaced_at IS NULL"),
            postgresql_where=sa.text("replaced_at IS NULL"),
        )
        batch_op.drop_index(
            "uq_model_prices_open_end",
            sqlite_where=sa.text("replaced_at IS NULL AND effective_to IS NULL"),
            postgresql_where=sa.text("replaced_at IS NULL AND effective_to IS NULL"),
        )

    op.drop_table("model_prices")
    with op.batch_alter_table("model_aliases", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_model_aliases_model_id"))

    op.drop_table("model_aliases")
    with op.batch_alter_table("journal_entries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_journal_entries_user_id_id"))

    op.drop_table("journal_entries")
    with op.batch_alter_table("idempotency_keys", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_idempotency_keys_created_at"))

    op.drop_table("idempotency_keys")
    op.drop_table("coupons")
    op.drop_table("counters")
    op.drop_table("accounts")

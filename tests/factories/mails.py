"""Mails of every kind, with the facts that each kind is written with."""

from collections.abc import Mapping
from datetime import datetime

from app.domain.accounts.devices import device_named
from app.domain.accounts.models import Account
from app.domain.mails import operations
from app.domain.mails.links import LINK
from app.domain.mails.models import Mail
from app.foundation.database import session, transaction
from app.foundation.sealing import seal_of
from app.foundation.sentences import say
from tests.databases import SECRET_KEY
from tests.moments import NOW

DUE = "2026-12-22T12:00:00Z"
LATER = "2026-11-29T12:00:00Z"
INVOICE = {"invoice_number": "INV-1001-2026-11", "kind": "usage"}
PLANS = {"from_plan_name": "Pro", "to_plan_name": "Basic", "at": DUE}
STANDING = {"plan_name": "Pro", "price_minor": 9_999, "at": DUE, "unpaid_until": None}
VISIT = {"device": device_named("Linux Firefox/145.0"), "address": "203.0.113.7", "at": LATER}
KEY = {
    "key_name": "Reporting", "key_prefix": "obl_sk_7Qm2xR4t", "key_kind": "customer",
    "page": "/keys",
}  # fmt: skip
TOKEN = "a-token-in-a-link"
SEALED = {"sealed_link": seal_of(SECRET_KEY).close(TOKEN, about=LINK), "expires_at": LATER}
CHANGE = {
    "old_email": "ada@example.com", "new_email": "ada@new.example", "device": VISIT["device"],
    "at": LATER,
}  # fmt: skip
ALERTS = [
    {"kind": "tokens_left", "threshold": 50_000, "value": 49_000},
    {"kind": "quota_percent", "threshold": 80, "value": 81},
    {"kind": "spend", "threshold": 10_000, "value": 10_250},
    {"kind": "forecast", "threshold": 100, "value": 120},
]

# By kind: what whoever writes such a mail must tell.
FACTS: dict[str, dict[str, object]] = {
    "invoice_issued": {
        **INVOICE, "billing_month": "2026-11", "final_minor": 1_613, "due_minor": 1_613,
        "due_at": DUE,
    },
    "invoice_paid": {**INVOICE, "final_minor": 1_613, "paid_at": DUE, "method": "stripe"},
    "invoice_reminder": {**INVOICE, "due_minor": 1_613, "due_at": DUE, "days": 7},
    "account_suspended": {**INVOICE, "due_minor": 1_613, "due_at": DUE},
    "renewal_due": {
        "plan_name": "Pro", "invoice_number": "INV-1001-2026-11", "due_minor": 9_999,
        "grace_ends_at": LATER,
    },
    "renewal_failed": {
        "plan_name": "Pro", "invoice_number": "INV-1001-2026-11", "due_minor": 9_999,
        "decline_code": "insufficient_funds", "grace_ends_at": LATER, "next_try_at": None,
    },
    "plan_expired": {"plan_name": "Pro"},
    "plan_changed": PLANS,
    "change_declined": {
        "from_plan_name": "Basic", "to_plan_name": "Pro", "amount_minor": 4_500,
        "reason": say("there were not enough funds on the card"), "held_until": None,
        "given_back_minor": 500,
    },
    "change_scheduled": {**PLANS, "price_minor": 999, "first_minor": 799},
    "change_taken_back": {**STANDING, "given_up_plan_name": "Basic"},
    "plan_cancelled": {**STANDING, "given_up_plan_name": ""},
    "plan_kept": {**STANDING, "given_up_plan_name": ""},
    "price_rise": {"plan_name": "Pro", "old_minor": 9_999, "new_minor": 10_999, "from": DUE},
    "alerts_crossed": {
        "alerts": ALERTS, "token_balance": 49_000, "quota": 1_000_000, "period_ends_at": DUE,
        "month_cost_minor": 10_250,
    },
    "tokens_bought": {
        "tokens": 2_500_000, "amount_minor": 5_000, "balance": 2_600_000,
        "invoice_number": "INV-1001-2026-11", "automatic": True,
    },
    "topup_declined": {
        "amount_minor": 5_000, "decline_code": "expired_card", "declines": 2,
        "paused_until": LATER, "switched_off": False,
    },
    "topup_needs_authentication": {
        "amount_minor": 5_000, "url": "/tokens/finish/inv-4Jx2",
    },
    "invoice_credited": {
        "invoice_number": "INV-1001-2026-11", "credit_note": "CN-1001-2026-11",
        "amount_minor": 5_000, "reason": "Slow days",
    },
    "refund_made": {
        "invoice_number": "INV-1001-2026-11", "amount_minor": 5_000, "method": "stripe",
    },
    "coupon_redeemed": {"code": "SAVE50", "description": "Save 50%"},
    "overpayment": {"amount_minor": 1_613},
    "refund_bounced": {"amount_minor": 1_613},
    "card_saved": {"brand": "visa", "last4": "4242"},
    "card_removed": {"brand": "visa", "last4": "4242"},
    "new_device": VISIT,
    "password_changed": VISIT,
    "second_factor_on": VISIT,
    "second_factor_off": VISIT,
    "key_made": {**KEY, **VISIT, "scope": "read", "ends_at": DUE},
    "key_replaced": {**KEY, **VISIT, "old_prefix": "obl_sk_91kqH2xP", "ends_at": DUE},
    "key_ending": {**KEY, "ends_at": DUE, "last_used_at": LATER},
    "billing_email_changed": {
        **VISIT, "old_email": "ada@example.com", "new_email": "books@example.com",
    },
    "verify_email": SEALED,
    "reset_password": SEALED,
    "finish_registration": SEALED,
    "registration_tried": VISIT,
    "confirm_email": {**SEALED, **CHANGE},
    "deletion_asked": {
        "due_at": DUE, "plan_name": "Pro", "extra_tokens": 2_500_000, "credit_minor": 1_613,
    },
    "deletion_taken_back": {**STANDING, "has_plan": True, "goes_on": True},
    "account_deleted": {"email": "ada@example.com"},
    "email_changing": {**SEALED, **CHANGE},
    "release_email": {
        **SEALED, **CHANGE, "address": "203.0.113.7", "sealed_release": SEALED["sealed_link"],
        "release_until": LATER,
    },
    "email_left": {
        **SEALED, **CHANGE, "both_confirmed": True, "reason": "", "undo_until": LATER,
    },
    "email_changed": {
        **CHANGE, "both_confirmed": True, "reason": "", "undo_until": LATER,
    },
}  # fmt: skip


def make_mail(
    account: Account,
    kind: str = "plan_expired",
    *,
    facts: Mapping[str, object] | None = None,
    about: str = "1",
    now: datetime = NOW,
) -> Mail:
    """Write a mail, with the sample facts of its kind where none are given."""
    with transaction():
        operations.write(
            kind, account, about=about, facts=FACTS[kind] if facts is None else facts, now=now
        )
    return session.query(Mail).order_by(Mail.id.desc()).limit(1).one()

"""What is said of plans, subscriptions, invoices, coupons, tokens and settings."""

from app.domain.coupons.rules import CouponType
from app.domain.reporting.entitlements import Reason
from app.domain.subscriptions.models import SubscriptionStatus
from app.entrypoints.api.checkout import CHECKOUT
from app.entrypoints.api.coupons import REDEMPTION
from app.entrypoints.api.describing.parts import (
    Json,
    listed,
    moment,
    month,
    number,
    or_null,
    ref,
    shape,
    text,
    truth,
    usd,
    whole,
)
from app.entrypoints.api.invoice_shapes import GENERATION
from app.entrypoints.api.subscription_shapes import PREVIEW, SWITCH
from app.entrypoints.api.topups import TOP_UP

INVOICE_KINDS = ("subscription", "usage", "topup")
INVOICE_STATUSES = ("draft", "issued", "overdue", "paid", "refunded", "void")

_plan = {
    "id": text(example="plan-pro"),
    "name": text(),
    "description": text(),
    "monthly_quota": whole("Tokens a month."),
    "monthly_price": usd(),
    "extra_token_price": or_null(usd("Per token."), "Null: none are for sale."),
    "support_level": text(),
    "max_concurrent_req": whole(),
    "rate_limit_per_min": whole(),
    "overage_discount": number("In percent."),
    "features": listed(text()),
}
_listed_invoice = {
    "id": text(),
    "invoice_number": or_null(text(example="INV-7-2026-11"), "Null: a draft has none."),
    "billing_month": or_null(month()),
    "kind": text(choices=INVOICE_KINDS),
    "status": text(choices=INVOICE_STATUSES),
    "amount": usd("All lines."),
    "final_amount": usd("Less discounts, plus tax."),
    "issued_at": or_null(moment()),
    "due_date": or_null(moment()),
    "paid_at": or_null(moment()),
}
_balances = {
    "token_balance": whole("Quota left and extra tokens."),
    "tokens_remaining": whole("Quota left."),
    "extra_tokens": whole(),
}
_to_pay = {
    "payment_id": text(),
    "checkout_url": text("The provider's page on which it is paid."),
}

PLAN_FIELDS = _plan
BALANCE_FIELDS = _balances
SHAPES: dict[str, Json] = {
    "Plan": shape("A plan that can be chosen.", _plan),
    "Plans": shape("The plans on offer.", {"plans": listed(ref("Plan"))}),
    "Stats": shape(
        "The account at a glance.",
        {
            "current_month_cost": usd("What this month (UTC) has cost so far."),
            "current_month_tokens": whole(),
            "subscription_plan": text("The plan without its `plan-`.", example="pro"),
            "tokens_quota": whole("Of the period."),
            "tokens_used": whole("All tokens of the period."),
            "total_cost": usd("Of all time."),
            **_balances,
            "unpriced_tokens": whole("Of models without a price."),
            "quota_tokens_used": whole(),
            "period_start": moment(),
            "period_end": moment(),
        },
    ),
    "QuotaWarning": shape(
        "Whether tokens run low.",
        {
            "quota_warning": truth(),
            "message": text(),
            "token_balance": whole(),
            "tokens_remaining": whole(),
            "alert_threshold": whole("0: never."),
        },
    ),
    "Entitlement": shape(
        "Advice to the gateway; usage that happened is billed even past a limit.",
        {
            "allowed": truth(),
            "reason": text(choices=list(Reason)),
            "plan": text(example="pro"),
            **_balances,
            "max_concurrent_req": whole(),
            "rate_limit_per_min": whole(),
            "spend_left": or_null(usd(), "Null: the customer has set no limit."),
            "credit_left": usd("How much more the customer may owe."),
            "overage_enabled": truth(),
        },
    ),
    "Subscription": shape(
        "The plan, its period, and what is to change.",
        {
            "plan_id": text(example="plan-pro"),
            "plan": text(example="Pro"),
            "status": text(choices=list(SubscriptionStatus)),
            "period_start": moment(),
            "period_end": moment(),
            "quota": whole(),
            "tokens_used": whole(),
            "quota_tokens_used": whole(),
            "tokens_remaining": whole(),
            "price": usd(),
            "billing_cycle": text(choices=("monthly",)),
            "next_billing_date": moment(),
            "auto_renew": truth(),
            "cancel_at_period_end": truth(),
            "cancelled_at": or_null(moment()),
            "pending_plan_id": or_null(text(), "Null: nothing is scheduled."),
            "grace_ends_at": or_null(moment(), "Null: the period is paid."),
            "open_change": or_null(ref("OpenChange"), "Null: no switch waits for its money."),
        },
    ),
    "OpenChange": shape(
        "A switch of plan that waits for its money.",
        {
            "plan_id": text(),
            "lapses_at": moment(),
            "checkout_url": or_null(text(), "Null: ask for the switch again to get a page."),
        },
    ),
    "PreviewPost": PREVIEW.schema,
    "SwitchPost": SWITCH.schema,
    "Preview": shape(
        "What a switch of plan comes to, to the cent.",
        {
            "kind": text(),
            "from_plan_id": text(),
            "to_plan_id": text(),
            "lines": listed(
                shape(
                    "A line of the invoice, explained.",
                    {"description": text(), "amount": usd(), "formula": text()},
                )
            ),
            "credit": usd("For what is left of the current period."),
            "charge": usd("For the new plan until the period ends."),
            "discounts": listed(
                shape("What a coupon takes off.", {"code": text(), "amount": usd()})
            ),
            "tax": usd(),
            "account_credit_used": usd(),
            "amount_due": usd(),
            "credit_to_account": usd("What is left over becomes account credit."),
            "quota_change": whole("In tokens."),
            "effective_at": moment(),
            "previewed_at": moment("Send it back with the switch."),
            "terms": text("All of it in short. Sent back too, nothing else is ever charged."),
        },
    ),
    "SwitchAnswer": {
        "description": "The subscription as it is now, or the page on which the switch is paid.",
        "anyOf": [ref("Subscription"), ref("SwitchToPay")],
    },
    "SwitchToPay": shape(
        "The page on which the switch is paid; until then nothing changes.",
        {**_to_pay, "subscription": ref("Subscription")},
    ),
    "CheckoutPost": CHECKOUT.schema,
    "Checkout": shape("The page on which it is paid.", _to_pay),
    "TopUpPost": TOP_UP.schema,
    "TopUp": shape("What the amount buys.", {**_to_pay, "tokens": whole()}),
    "TokenLedger": shape(
        "Every movement of extra tokens, the newest first.",
        {
            "entries": listed(ref("TokenEntry")),
            "total": whole("How many there are."),
            "token_balance": whole(),
            "extra_tokens": whole(),
        },
    ),
    "TokenEntry": shape(
        "One movement of extra tokens.",
        {
            "kind": text(
                choices=("top_up", "grant", "usage", "usage_void", "refund", "adjustment")
            ),
            "tokens": whole("Below 0: taken."),
            "granted_tokens": whole("Those of them that were a present."),
            "balance_after": whole(),
            "price_per_token": or_null(usd(), "Null: they were not bought."),
            "note": text(),
            "created_at": moment(),
        },
    ),
    "InvoicePage": shape(
        "Invoices, the newest first.",
        {"invoices": listed(ref("ListedInvoice")), "total": whole("How many there are.")},
    ),
    "ListedInvoice": shape("An invoice in a list.", _listed_invoice),
    "Invoice": shape(
        "An invoice with all that its document says.",
        {
            **_listed_invoice,
            "user_id": text(),
            "currency": text(choices=("USD",)),
            "discount_amount": usd(),
            "tax_amount": usd(),
            "amount_due": usd(),
            "payment_method": or_null(text()),
            "items": listed(ref("InvoiceItem")),
            "discounts": listed(
                shape("What was taken off.", {"description": text(), "amount": usd()})
            ),
            "tax_name": or_null(text()),
            "tax_rate": or_null(number("In percent.")),
            "reverse_charge": truth(),
            "credit_used": usd("Account credit."),
            "credit_notes": listed(ref("CreditNote")),
            "notes": text(),
            "void_reason": or_null(text()),
            "replaced_by": or_null(text("The number of another invoice.")),
            "replaces": or_null(text("The number of another invoice.")),
        },
    ),
    "InvoiceItem": shape(
        "A line.",
        {
            "model": or_null(text(), "Null: the line is not about a model."),
            "quantity": or_null(whole("Tokens, or pieces.")),
            "unit_price": or_null(usd()),
            "amount": usd(),
            "description": text(),
        },
    ),
    "CreditNote": shape(
        "What was taken back of an invoice.",
        {
            "credit_note_number": text(),
            "reason": text(),
            "amount": usd(),
            "tax_amount": usd(),
            "final_amount": usd(),
            "issued_at": moment(),
        },
    ),
    "GeneratePost": GENERATION.schema,
    "CouponPost": REDEMPTION.schema,
    "CouponApplied": shape(
        "What was redeemed.",
        {
            "message": text(),
            "coupon": shape(
                "The coupon.",
                {
                    "code": text(),
                    "type": text(choices=list(CouponType)),
                    "value": number("Percent, USD or tokens, by its type."),
                },
            ),
            "discount": shape(
                "What it does.",
                {
                    "type": text(choices=list(CouponType)),
                    "value": number(),
                    "description": text(),
                },
            ),
        },
    ),
    "Redeemed": shape(
        "Every coupon that was redeemed, the newest first.",
        {"coupons": listed(ref("Redemption"))},
    ),
    "Redemption": shape(
        "A coupon and what it has given so far.",
        {
            "code": text(),
            "type": text(choices=list(CouponType)),
            "value": number("Percent, USD or tokens, by its type."),
            "description": text(),
            "min_purchase_amount": usd(),
            "discount_amount": usd("Given so far."),
            "remaining_amount": or_null(usd(), "Null: nothing is counted down."),
            "tokens_granted": whole(),
            "redeemed_at": moment(),
            "used_up_at": or_null(moment()),
        },
    ),
}

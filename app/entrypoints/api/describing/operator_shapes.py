"""What is said to operators: customers, plans, prices, coupons, taxes and the month's report."""

from app.domain.coupons.rules import CouponType
from app.entrypoints.api.describing.billing_shapes import BALANCE_FIELDS, PLAN_FIELDS
from app.entrypoints.api.describing.parts import (
    Json,
    free,
    listed,
    moment,
    number,
    or_null,
    ref,
    shape,
    text,
    truth,
    usd,
    whole,
)
from app.entrypoints.api.operator_coupon_shapes import COUPON_CHANGE, NEW_COUPON
from app.entrypoints.api.operator_customers import ADJUSTMENT, DECISION
from app.entrypoints.api.operator_plan_shapes import NEW_PLAN, PLAN_CHANGE
from app.entrypoints.api.operator_prices import NEW_PRICE
from app.entrypoints.api.operator_taxes import TAX

_next_cursor = or_null(text("Where the next page begins."), "Null: this is the last.")
_coupon_terms = {
    "type": text(choices=list(CouponType)),
    "value": number("Percent, USD or tokens, by its type."),
    "max_uses": whole(least=1),
    "max_usage_per_user": whole(least=1),
    "min_purchase_amount": usd(),
    "valid_from": moment(),
    "expires_at": moment(),
    "is_active": truth(),
    "description": text(),
    "applicable_plans": or_null(listed(text()), "Null: on every plan."),
}
_per_1k = "Per 1,000 tokens."
_price_terms = {
    "prompt_price_per_k": usd(_per_1k),
    "completion_price_per_k": usd(_per_1k),
}
_cache_terms = {
    "cache_read_price_per_k": or_null(usd(_per_1k), "Null: the price of prompt tokens."),
    "cache_write_price_per_k": or_null(usd(_per_1k), "Null: the price of prompt tokens."),
    "provider": or_null(text()),
}
UNPRICED = "Of the tokens, those of models without a price: they cost nothing so far."
_figures = {"total_revenue": usd(), "total_tokens": whole(), "record_count": whole()}

SHAPES: dict[str, Json] = {
    "CustomerPage": shape(
        "Customers, the newest first.",
        {"customers": listed(ref("Customer")), "next_cursor": _next_cursor},
    ),
    "Customer": shape(
        "A customer and where he stands.",
        {
            "user_id": text(),
            "number": whole("It stands in the numbers of his invoices."),
            "email": text(),
            "name": text(),
            "plan_id": text(),
            **BALANCE_FIELDS,
            "credit": usd("Account credit."),
            "credit_limit": or_null(usd("How much he may owe."), "Null: the usual limit."),
            "current_month_cost": usd(),
            "unpaid": usd("Invoices that are issued and not paid."),
            "suspended": truth(),
            "suspended_at": or_null(moment()),
            "suspended_because": or_null(text(choices=("debt", "operator"))),
            "created_at": moment(),
        },
    ),
    "CustomerPut": DECISION.schema,
    "AdjustmentPost": ADJUSTMENT.schema,
    "OperatorPlan": shape(
        "A plan with everything about it.",
        {
            **PLAN_FIELDS,
            "is_active": truth("Whether it can be chosen."),
            "is_hidden": truth("Whether it is never offered."),
            "display_order": whole(),
            "created_at": moment(),
            "updated_at": moment(),
            "warnings": listed(
                shape("Something odd about its prices.", {"code": text(), "detail": text()})
            ),
        },
    ),
    "OperatorPlans": shape("Every plan.", {"plans": listed(ref("OperatorPlan"))}),
    "PlanPost": NEW_PLAN.schema,
    "PlanPut": PLAN_CHANGE.schema,
    "Price": shape(
        "What a model's tokens cost during a time.",
        {
            "model_id": text(),
            **_price_terms,
            **_cache_terms,
            "included_in_plans": truth("False: always paid as it goes."),
            "effective_from": or_null(moment(), "Null: since ever."),
            "effective_to": or_null(moment(), "Null: for ever."),
            "set_by": or_null(text(), "Null: it came with the installation."),
        },
    ),
    "Prices": shape("Prices in their order.", {"prices": listed(ref("Price"))}),
    "PriceTable": shape(
        "Every price that counts at some time.",
        {"prices": listed(ref("Price")), "aliases": free("Which model each alias means.")},
    ),
    "PricePost": NEW_PRICE.schema,
    "Coupon": shape(
        "A coupon.",
        {
            "code": text(),
            **_coupon_terms,
            "used_count": whole(),
            "created_by": text(),
            "created_at": moment(),
            "updated_at": moment(),
        },
    ),
    "CouponPage": shape(
        "Coupons, the newest first.",
        {"coupons": listed(ref("Coupon")), "next_cursor": _next_cursor},
    ),
    "NewCouponPost": NEW_COUPON.schema,
    "CouponPut": COUPON_CHANGE.schema,
    "Tax": shape(
        "What the customers of a country pay on top.",
        {"country": text(), "name": text(), "percent": number(), "updated_at": moment()},
    ),
    "Taxes": shape("The table of taxes.", {"taxes": listed(ref("Tax"))}),
    "TaxPut": TAX.schema,
    "MonthlyReport": shape(
        "What a month brought; usage by billing month, voided records left out.",
        {
            "month": text(example="2026-11"),
            **_figures,
            "unpriced_tokens": whole(UNPRICED),
            "avg_cost_per_record": usd(),
            "subscription_revenue": usd(),
            "topup_revenue": usd(),
            "discounts": usd(),
            "tax": usd(),
            "paid": usd("What came in."),
            "refunds": usd(),
            "disputes_lost": usd(),
            "collected": usd("What came in, less what went back."),
            "outstanding": usd("Issued and not paid."),
            "new_subscriptions": whole(),
            "lost_subscriptions": whole(),
            "by_plan": listed(ref("PlanFigures")),
            "by_model": listed(ref("ModelFigures")),
        },
    ),
    "PlanFigures": shape(
        "A plan's part of the month.",
        {
            "plan_id": text(),
            "plan": text(),
            **_figures,
            "subscription_revenue": usd(),
            "new_subscriptions": whole(),
            "lost_subscriptions": whole(),
        },
    ),
    "ModelFigures": shape(
        "A model's part of the month.",
        {"model": text(), **_figures, "unpriced_tokens": whole(UNPRICED)},
    ),
}

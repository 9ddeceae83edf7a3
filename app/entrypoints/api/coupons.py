"""Coupons: redeeming one, and what was redeemed."""

from dataclasses import dataclass

from flask import Blueprint, Response, g

from app.domain.coupons import queries, rules
from app.domain.coupons.queries import RedemptionView
from app.entrypoints.api.answering import answer, moment_text
from app.entrypoints.api.auth import for_customers
from app.entrypoints.api.changing import changes_after
from app.entrypoints.api.reading_bodies import json_object
from app.entrypoints.api.reading_fields import NAME, ShortBody
from app.entrypoints.api.reading_queries import Parameters
from app.entrypoints.settings import renewal_grace
from app.foundation import clock
from app.foundation.database import transaction
from app.foundation.money import usd_from_minor
from app.workflows.redeem_coupon import Redemption, redeem_coupon
from app.workflows.try_coupon import try_coupon

calls = Blueprint("coupons", __name__)

REDEMPTION = ShortBody(
    "The code, and the plan that is about to be bought with it.",
    {"coupon_code": NAME.said(example="SAVE50")},
    {"plan_id": NAME},
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which coupon is to be redeemed, and for which plan that is about to be bought."""

    code: str
    plan_id: str | None


def _try_code() -> None:
    """Count a code that does not exist, and keep it counted."""
    asked = _asked()
    with transaction():
        try_coupon(asked.code, g.account, now=clock.now())


@calls.post("/coupons/apply")
@for_customers
@changes_after(_try_code)
def apply() -> Response:
    """Redeem a coupon."""
    asked, now = _asked(), clock.now()
    redeemed = redeem_coupon(
        asked.code, g.account, plan_id=asked.plan_id, grace=renewal_grace(), now=now
    )
    return answer(_applied(redeemed))


@calls.get("/coupons")
@for_customers
def list_redeemed() -> Response:
    """Answer what the customer has redeemed, newest first."""
    Parameters().check()
    return answer({"coupons": [_redeemed(each) for each in queries.redemptions_of(g.account)]})


def _asked() -> Asked:
    fields = REDEMPTION.read(json_object())
    return Asked(fields["coupon_code"], fields.get("plan_id"))


def _applied(redemption: Redemption) -> dict[str, object]:
    coupon = redemption.coupon
    worth = {"type": coupon.type, "value": rules.shown_value(coupon.type, coupon.value)}
    return {
        "message": "coupon applied successfully",
        "coupon": {"code": coupon.code, **worth},
        "discount": {**worth, "description": coupon.says},
    }


def _redeemed(redemption: RedemptionView) -> dict[str, object]:
    left, used_up_at = redemption.remaining_minor, redemption.used_up_at
    return {
        "code": redemption.code,
        "type": redemption.type,
        "value": rules.shown_value(redemption.type, redemption.value),
        "description": redemption.says,
        "min_purchase_amount": usd_from_minor(redemption.min_purchase_minor),
        "discount_amount": usd_from_minor(redemption.discount_minor),
        # Null where nothing is counted down: a percentage acts once.
        "remaining_amount": None if left is None else usd_from_minor(left),
        "tokens_granted": redemption.tokens_granted,
        "redeemed_at": moment_text(redemption.redeemed_at),
        "used_up_at": None if used_up_at is None else moment_text(used_up_at),
    }

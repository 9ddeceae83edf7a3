"""What operators' programs do with coupons: list, make and change them."""

from dataclasses import replace
from datetime import datetime
from functools import partial

from flask import Blueprint, Response

from app.domain.coupons import creating, queries
from app.domain.coupons.rules import CouponDraft
from app.entrypoints.api.answering import answer
from app.entrypoints.api.auth import for_operators, operator_actor
from app.entrypoints.api.changing import changes
from app.entrypoints.api.operator_coupon_shapes import coupon_body
from app.entrypoints.api.reading_bodies import json_object
from app.entrypoints.api.reading_fields import (
    MOMENT_WITH_ZONE,
    NUMBER,
    TEXT,
    TEXTS,
    TRUTH,
    WHOLE,
    read_fields,
)
from app.entrypoints.api.reading_queries import Parameters
from app.foundation import clock

calls = Blueprint("operator_coupons", __name__)

LIMIT, LIMIT_MAX = 100, 1_000
# Named like the fields of a draft.
CHANGEABLE = {
    "type": TEXT,
    "value": NUMBER,
    "max_uses": WHOLE,
    "max_usage_per_user": WHOLE,
    "min_purchase_amount": NUMBER,
    "valid_from": MOMENT_WITH_ZONE,
    "expires_at": MOMENT_WITH_ZONE,
    "is_active": TRUTH,
    "description": TEXT,
    "applicable_plans": TEXTS.or_null(),
}
REQUIRED = ("code", "type", "value", "max_uses", "expires_at")


@calls.get("/operator/coupons")
@for_operators
def list_coupons() -> Response:
    """Answer a page of all coupons, the newest first."""
    asked = Parameters("cursor", "limit")
    limit = asked.whole("limit", default=LIMIT, most=LIMIT_MAX)
    cursor = asked.cursor()
    asked.check()
    page = queries.coupons(limit=limit, cursor=cursor)
    next_cursor = None if page.next_cursor is None else str(page.next_cursor)
    coupons = [coupon_body(coupon) for coupon in page.coupons]
    return answer({"coupons": coupons, "next_cursor": next_cursor})


@calls.post("/operator/coupons")
@for_operators
@changes
def create_coupon() -> Response:
    """Make a coupon; without `valid_from` it is valid from now on."""
    now = clock.now()
    code, draft = _new_coupon(now=now)
    coupon = creating.create(code, draft, actor=operator_actor(), now=now)
    return answer(coupon_body(coupon), status=201)


@calls.get("/operator/coupons/<code>")
@for_operators
def show_coupon(code: str) -> Response:
    """Answer one coupon."""
    Parameters().check()
    return answer(coupon_body(queries.coupon_by_code(code)))


@calls.put("/operator/coupons/<code>")
@for_operators
@changes
def change_coupon(code: str) -> Response:
    """Change of a coupon only what is named, and answer the whole."""
    changed = partial(replace, **read_fields(json_object(), CHANGEABLE))
    return answer(
        coupon_body(creating.change(code, changed, actor=operator_actor(), now=clock.now()))
    )


def _new_coupon(*, now: datetime) -> tuple[str, CouponDraft]:
    fields = read_fields(json_object(), {"code": TEXT, **CHANGEABLE}, required=REQUIRED)
    code = fields.pop("code")
    return code, CouponDraft(**{"valid_from": now, **fields})

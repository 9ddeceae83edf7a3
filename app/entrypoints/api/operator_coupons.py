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
from app.entrypoints.api.operator_coupon_shapes import COUPON_CHANGE, NEW_COUPON, coupon_body
from app.entrypoints.api.reading_bodies import json_object
from app.entrypoints.api.reading_queries import AT_ONCE, CURSOR, Parameters, whole
from app.foundation import clock

calls = Blueprint("operator_coupons", __name__)

LIMIT = whole("limit", AT_ONCE, default=100, most=1_000)


@calls.get("/operator/coupons")
@for_operators
def list_coupons() -> Response:
    """Answer a page of all coupons, the newest first."""
    asked = Parameters(CURSOR, LIMIT)
    limit, cursor = asked.whole(LIMIT), asked.cursor()
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
    changed = partial(replace, **COUPON_CHANGE.read(json_object()))
    return answer(
        coupon_body(creating.change(code, changed, actor=operator_actor(), now=clock.now()))
    )


def _new_coupon(*, now: datetime) -> tuple[str, CouponDraft]:
    fields = NEW_COUPON.read(json_object())
    code = fields.pop("code")
    return code, CouponDraft(**{"valid_from": now, **fields})

"""How operators make coupons and change them. Changes state; never commits."""

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, null, select, update
from sqlalchemy.exc import IntegrityError

from app.domain.catalog import queries as catalog
from app.domain.coupons import queries, rules
from app.domain.coupons.errors import CouponCodeTaken, CouponInvalid, CouponTermsFixed
from app.domain.coupons.models import Coupon
from app.domain.coupons.rules import CouponDraft, CouponTerms
from app.foundation import journal
from app.foundation.bulk import any_of, insert_rows
from app.foundation.database import session
from app.foundation.errors import FieldError
from app.foundation.sentences import say, together

# Nothing that is mistaken for something else when it is read out: no 0, 1, I, L or O.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_RANDOM_LENGTH = 10
COUNT_MAX = 10_000


def create(code: str, draft: CouponDraft, *, actor: str, now: datetime) -> Coupon:
    """Make a coupon. Raises CouponCodeInvalid, CouponCodeTaken and CouponInvalid."""
    code = rules.normal_code(code)
    terms = _checked(draft)
    coupon = Coupon(**_row(code, terms, actor=actor, now=now))
    try:
        with session.begin_nested():
            session.add(coupon)
    except IntegrityError as error:
        raise CouponCodeTaken(
            say("There is a coupon with the code {code} already.", {"code": code})
        ) from error
    journal.write("coupon_created", actor=actor, now=now, details={"code": code, **_told(terms)})
    return coupon


def create_many(
    prefix: str, count: int, draft: CouponDraft, *, actor: str, now: datetime
) -> list[str]:
    """Make coupons that differ in nothing but their codes, and return these: PREFIX-XXXXXXXXXX.

    Raises CouponCodeInvalid and CouponInvalid.
    """
    if not 1 <= count <= COUNT_MAX:
        detail = say("count must be a whole number from 1 to {most:,}.", {"most": COUNT_MAX})
        raise CouponInvalid(detail, fields=[FieldError("count", "count_invalid", detail)])
    terms = _checked(draft)
    made: list[str] = []
    while len(made) < count:
        codes = {_new_code(prefix) for _ in range(count - len(made))} - _taken(prefix)
        insert_rows(Coupon, [_row(code, terms, actor=actor, now=now) for code in sorted(codes)])
        made += sorted(codes)
    details = {"prefix": prefix, "count": count, **_told(terms)}
    journal.write("coupons_created", actor=actor, now=now, details=details)
    return made


def change(
    code: str, edit: Callable[[CouponDraft], CouponDraft], *, actor: str, now: datetime
) -> Coupon:
    """Change a coupon, locked: `edit` is given it as it stands and returns it as it shall be.

    Whoever has redeemed it keeps what it gave: from then on its type and value are fixed, and it
    allows no less than was used. Raises CouponNotFound, CouponInvalid and CouponTermsFixed.
    """
    coupon = _locked(queries.coupon_by_code(code))
    before = _terms_of(coupon)
    terms = _checked(edit(draft_of(coupon)))
    _check_change(coupon, before, terms)
    was = _told(before)
    changed = {
        name: {"from": was[name], "to": told}
        for name, told in _told(terms).items()
        if told != was[name]
    }
    if changed:
        for name, value in asdict(terms).items():
            setattr(coupon, name, null() if value is None else value)
        coupon.updated_at = now
        session.flush()
        session.refresh(coupon)
        details = {"code": coupon.code, **changed}
        journal.write("coupon_changed", actor=actor, now=now, details=details)
    return coupon


def active_count(prefix: str) -> int:
    """Return how many coupons are active whose codes begin so."""
    return session.scalar(select(func.count()).where(_begins(prefix), Coupon.is_active)) or 0


def deactivate_many(prefix: str, *, actor: str, now: datetime) -> None:
    """Let nobody redeem the coupons any more whose codes begin so.

    Whoever has redeemed one keeps what it gave.
    """
    active = select(Coupon.id).where(_begins(prefix), Coupon.is_active).order_by(Coupon.id)
    ids = session.scalars(active.with_for_update()).all()
    if ids:
        ended = update(Coupon).where(any_of(Coupon.id, ids))
        session.execute(ended.values(is_active=False, updated_at=now))
        details = {"prefix": prefix.upper(), "count": len(ids)}
        journal.write("coupons_deactivated", actor=actor, now=now, details=details)


def draft_of(coupon: Coupon) -> CouponDraft:
    """Return a coupon as somebody would write it down."""
    plans = coupon.applicable_plans
    return CouponDraft(
        type=coupon.type,
        value=rules.shown_value(coupon.type, coupon.value),
        max_uses=coupon.max_uses,
        valid_from=coupon.valid_from,
        expires_at=coupon.expires_at,
        max_usage_per_user=coupon.max_usage_per_user,
        min_purchase_amount=rules.shown_value("fixed", coupon.min_purchase_minor),
        description=coupon.description,
        is_active=coupon.is_active,
        applicable_plans=None if plans is None else tuple(plans),
    )


def _checked(draft: CouponDraft) -> CouponTerms:
    return rules.checked(draft, plan_ids=_plan_ids())


def _plan_ids() -> Collection[str]:
    return {plan.id for plan in catalog.plans()}


def _terms_of(coupon: Coupon) -> CouponTerms:
    # A plan it was made for stands for ever, whether or not it is still offered.
    return rules.checked(draft_of(coupon), plan_ids=coupon.applicable_plans or ())


def _check_change(coupon: Coupon, before: CouponTerms, after: CouponTerms) -> None:
    if coupon.used_count and (before.type, before.value) != (after.type, after.value):
        field = "type" if before.type != after.type else "value"
        detail = say(
            "The coupon {code} has been redeemed: its type and value stay as they are.",
            {"code": coupon.code},
        )
        code = f"{field}_is_fixed"
        raise CouponTermsFixed(detail, fields=[FieldError(field, code, detail)])
    used = {
        "max_uses": coupon.used_count,
        "max_usage_per_user": queries.most_redemptions(coupon),
    }
    codes = {name: f"{name}_below_used" for name in used}
    faults = [
        FieldError(
            name,
            codes[name],
            say(
                "{name} must be at least {least}: so often was it used.",
                {"name": name, "least": least},
            ),
        )
        for name, least in used.items()
        if getattr(after, name) < least
    ]
    if faults:
        raise CouponInvalid(together([fault.detail for fault in faults]), fields=faults)


def _locked(coupon: Coupon) -> Coupon:
    locked = select(Coupon).where(Coupon.id == coupon.id).with_for_update()
    return session.scalars(locked).one()


def _new_code(prefix: str) -> str:
    letters = (secrets.choice(CODE_ALPHABET) for _ in range(CODE_RANDOM_LENGTH))
    return rules.normal_code(f"{prefix.strip()}-{''.join(letters)}")


def _begins(prefix: str) -> ColumnElement[bool]:
    return Coupon.code.startswith(prefix.upper(), autoescape=True)


def _taken(prefix: str) -> set[str]:
    known = select(Coupon.code).where(
        Coupon.code.startswith(f"{prefix.strip().upper()}-", autoescape=True)
    )
    return set(session.scalars(known))


def _row(code: str, terms: CouponTerms, *, actor: str, now: datetime) -> dict[str, Any]:
    # Left out, not null: JSON has a null of its own, which no query would find.
    given = {name: value for name, value in asdict(terms).items() if value is not None}
    counted = {"code": code, "used_count": 0, "created_by": actor}
    return {**given, **counted, "created_at": now, "updated_at": now}


def _told(terms: CouponTerms) -> Mapping[str, object]:
    """Return the terms as the journal keeps them."""
    moments = {name: getattr(terms, name).isoformat() for name in ("valid_from", "expires_at")}
    return {**asdict(terms), **moments}

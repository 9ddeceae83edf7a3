"""What a coupon's code and fields must look like. Pure."""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from app.domain.accounts.rules import UNSTORABLE
from app.domain.coupons.errors import CouponCodeInvalid, CouponInvalid
from app.foundation import money
from app.foundation.errors import FieldError
from app.foundation.sentences import say, together

CODE_LENGTH_MIN, CODE_LENGTH_MAX = 3, 40
CODE_LETTERS = "[A-Za-z0-9_-]"
STRANGE = re.compile(f"(?!{CODE_LETTERS}).", re.DOTALL)
DESCRIPTION_LENGTH_MAX = 500
FREE_TOKENS_MAX = 10**12
# A million dollars, and as many redemptions as anybody can count.
AMOUNT_MINOR_MAX = 100_000_000
USES_MAX = 10**9


class CouponType(StrEnum):
    """What a coupon gives: a share of an invoice, an amount of money, or tokens."""

    PERCENTAGE = "percentage"
    FIXED = "fixed"
    FREE_TOKENS = "free_tokens"


@dataclass(frozen=True, slots=True)
class CouponDraft:
    """A coupon as somebody has written it down: percent, dollars or tokens, not yet checked."""

    type: str
    value: Decimal | int
    max_uses: int
    valid_from: datetime
    expires_at: datetime
    max_usage_per_user: int = 1
    min_purchase_amount: Decimal | int = 0
    description: str = ""
    is_active: bool = True
    # Plan ids; None is every plan.
    applicable_plans: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class CouponTerms:
    """A coupon's fields as they are stored: basis points, cents or tokens."""

    type: CouponType
    value: int
    max_uses: int
    valid_from: datetime
    expires_at: datetime
    max_usage_per_user: int
    min_purchase_minor: int
    description: str
    is_active: bool
    applicable_plans: list[str] | None


def guess_digest(text: str, *, user_id: str) -> str:
    """Return what tells a code that somebody tries from all others, and not what it is."""
    try:
        code = normal_code(text)
    except CouponCodeInvalid:
        code = text
    # No digest of one account is another's: nobody compares what several have tried.
    return hashlib.sha256(f"{user_id}\n{code}".encode(errors="surrogatepass")).hexdigest()


def normal_code(text: str) -> str:
    """Return the code as it is stored and compared: trimmed, in capitals.

    Raises CouponCodeInvalid; letters that only look like ours are named.
    """
    code = text.strip()
    if not CODE_LENGTH_MIN <= len(code) <= CODE_LENGTH_MAX:
        raise CouponCodeInvalid(
            say(
                "A coupon’s code has {least} to {most} characters.",
                {"least": CODE_LENGTH_MIN, "most": CODE_LENGTH_MAX},
            )
        )
    # Looked at before it is put in capitals: some foreign letters would become ours by that.
    strange = STRANGE.search(code)
    if strange:
        raise CouponCodeInvalid(
            say(
                "A coupon’s code has letters from A to Z, digits, - and _;"
                " this one holds {character}.",
                {"character": _name_of(strange[0])},
            )
        )
    return code.upper()


def checked(draft: CouponDraft, *, plan_ids: Collection[str]) -> CouponTerms:
    """Return the coupon's terms. Raises CouponInvalid for everything that is wrong with it."""
    faults = [*_value_faults(draft), *_limit_faults(draft), *_other_faults(draft, plan_ids)]
    if faults:
        raise CouponInvalid(together([fault.detail for fault in faults]), fields=faults)
    plans = draft.applicable_plans
    return CouponTerms(
        type=CouponType(draft.type),
        value=_stored_value(draft.type, draft.value),
        max_uses=draft.max_uses,
        valid_from=draft.valid_from,
        expires_at=draft.expires_at,
        max_usage_per_user=draft.max_usage_per_user,
        min_purchase_minor=money.minor_from_usd(draft.min_purchase_amount),
        description=draft.description.strip(),
        is_active=draft.is_active,
        applicable_plans=None if plans is None else list(dict.fromkeys(plans)),
    )


def shown_value(coupon_type: str, value: int) -> Decimal | int:
    """Return a stored value as people write it: percent, dollars or tokens."""
    if coupon_type == CouponType.PERCENTAGE:
        return money.percent_from_basis_points(value)
    return money.usd_from_minor(value) if coupon_type == CouponType.FIXED else value


def _stored_value(coupon_type: str, value: Decimal | int) -> int:
    """Return basis points, cents or tokens. Raises ValueError where there are fractions of one."""
    if coupon_type == CouponType.PERCENTAGE:
        return money.basis_points_from_percent(value)
    return money.minor_from_usd(value) if coupon_type == CouponType.FIXED else int(value)


def _value_faults(draft: CouponDraft) -> Iterator[FieldError]:
    if draft.type not in list(CouponType):
        detail = say("type must be one of {types}.", {"types": ", ".join(CouponType)})
        yield FieldError("type", "type_invalid", detail)
        return
    most, detail = {
        CouponType.PERCENTAGE: (
            10_000,
            say("value must be a percentage from 0.01 to 100 with at most two decimals."),
        ),
        CouponType.FIXED: (
            AMOUNT_MINOR_MAX,
            say("value must be an amount in USD from 0.01 to 1,000,000."),
        ),
        CouponType.FREE_TOKENS: (
            FREE_TOKENS_MAX,
            say("value must be a whole number from 1 to {most:,}.", {"most": FREE_TOKENS_MAX}),
        ),
    }[CouponType(draft.type)]
    tokens = draft.type == CouponType.FREE_TOKENS
    if (tokens and draft.value != int(draft.value)) or not _is_within(draft, most):
        yield FieldError("value", "value_invalid", detail)


def _is_within(draft: CouponDraft, most: int) -> bool:
    try:
        return 1 <= _stored_value(draft.type, draft.value) <= most
    except ValueError:
        return False


def _limit_faults(draft: CouponDraft) -> Iterator[FieldError]:
    for name in ("max_uses", "max_usage_per_user"):
        if not 1 <= getattr(draft, name) <= USES_MAX:
            detail = say(
                "{name} must be a whole number from 1 to {most:,}.",
                {"name": name, "most": USES_MAX},
            )
            code = f"{name}_invalid"
            yield FieldError(name, code, detail)
    try:
        within = 0 <= money.minor_from_usd(draft.min_purchase_amount) <= AMOUNT_MINOR_MAX
    except ValueError:
        within = False
    if not within:
        detail = say("min_purchase_amount must be an amount in USD from 0 to 1,000,000.")
        yield FieldError("min_purchase_amount", "min_purchase_amount_invalid", detail)


def _other_faults(draft: CouponDraft, plan_ids: Collection[str]) -> Iterator[FieldError]:
    if draft.valid_from >= draft.expires_at:
        detail = say("expires_at must lie after valid_from.")
        yield FieldError("expires_at", "expires_at_invalid", detail)
    if len(draft.description) > DESCRIPTION_LENGTH_MAX or UNSTORABLE.search(draft.description):
        detail = say(
            "description has at most {most} characters, all visible.",
            {"most": DESCRIPTION_LENGTH_MAX},
        )
        yield FieldError("description", "description_invalid", detail)
    if draft.applicable_plans == ():
        detail = say("applicable_plans must name a plan; null stands for every plan.")
        yield FieldError("applicable_plans", "applicable_plans_invalid", detail)
    for number, plan_id in enumerate(draft.applicable_plans or ()):
        if plan_id not in plan_ids:
            detail = say("There is no plan with the id {plan_id}.", {"plan_id": repr(plan_id[:64])})
            path = f"applicable_plans[{number}]"
            yield FieldError(path, "unknown_plan", detail)


def _name_of(character: str) -> str:
    # Unicode's own names, which are English everywhere.
    name = unicodedata.name(character, "")
    if not name:
        return say("a character without a name")
    if character.isalpha():
        return say("{name}, which only looks like one", {"name": name})
    return name

"""Questions about coupons and what accounts have redeemed. Reads only."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.domain.accounts.models import Account
from app.domain.coupons.discounting import OpenUse
from app.domain.coupons.errors import CouponNotFound
from app.domain.coupons.models import Coupon, CouponGuess, CouponUsage
from app.domain.coupons.redeeming import (
    GUESSES_WITHIN,
    CouponType,
    CouponView,
    code_as_stored,
    promise,
)
from app.foundation.bulk import any_of
from app.foundation.database import session


@dataclass(frozen=True, slots=True)
class RedemptionView:
    """What a customer sees of a coupon he has redeemed."""

    code: str
    type: str
    value: int
    description: str
    min_purchase_minor: int
    discount_minor: int
    remaining_minor: int | None
    tokens_granted: int
    redeemed_at: datetime
    used_up_at: datetime | None

    @property
    def says(self) -> str:
        """Return what it gives, in its own words or in ours."""
        return self.description or promise(self.type, self.value)

    @property
    def is_open(self) -> bool:
        """Tell whether it has something left to give."""
        return self.used_up_at is None


def find_coupon(text: str) -> CouponView | None:
    """Return the coupon of a code, in whatever case it was typed."""
    code = code_as_stored(text)
    row = None if code is None else session.scalar(_fresh(code))
    return None if row is None else view(row)


def coupon(text: str) -> CouponView:
    """Return the coupon of a code. Raises CouponNotFound."""
    found = find_coupon(text)
    if found is None:
        raise CouponNotFound("There is no coupon with this code. Please check the spelling.")
    return found


def redemptions_count(coupon_id: int, account: Account) -> int:
    """Return how often the account has redeemed the coupon."""
    counted = select(func.count()).where(
        CouponUsage.coupon_id == coupon_id, CouponUsage.user_id == account.id
    )
    return session.scalars(counted).one()


def guesses_count(account: Account, *, now: datetime) -> int:
    """Return how many codes that do not exist the account has tried within the hour."""
    recent = CouponGuess.guessed_at > now - GUESSES_WITHIN
    counted = select(func.count()).where(CouponGuess.user_id == account.id, recent)
    return session.scalars(counted).one()


def redemptions_of(account: Account) -> tuple[RedemptionView, ...]:
    """Return what the account has redeemed, newest first."""
    statement = (
        select(CouponUsage, Coupon)
        .join(Coupon, Coupon.id == CouponUsage.coupon_id)
        .where(CouponUsage.user_id == account.id)
        .order_by(CouponUsage.redeemed_at.desc(), CouponUsage.id.desc())
    )
    return tuple(_redemption(usage, row) for usage, row in session.execute(statement))


def open_uses(user_ids: Collection[str]) -> Mapping[str, Sequence[OpenUse]]:
    """Return the accounts' redemptions that may still take something off an invoice, in order."""
    statement = (
        select(CouponUsage, Coupon)
        .join(Coupon, Coupon.id == CouponUsage.coupon_id)
        .where(any_of(CouponUsage.user_id, user_ids), CouponUsage.used_up_at.is_(None))
        .order_by(CouponUsage.redeemed_at, CouponUsage.id)
        .execution_options(populate_existing=True)
    )
    uses: dict[str, list[OpenUse]] = defaultdict(list)
    for usage, row in session.execute(statement):
        uses[usage.user_id].append(_open_use(usage, row))
    return uses


def use_ahead(coupon: CouponView, account: Account) -> OpenUse:
    """Return the redemption as it would be if the coupon were redeemed: for previews."""
    return OpenUse(
        usage_id=0,
        user_id=account.id,
        code=coupon.code,
        type=coupon.type,
        value=coupon.value,
        remaining_minor=coupon.value if coupon.type == CouponType.FIXED else None,
        min_purchase_minor=coupon.min_purchase_minor,
        applicable_plans=coupon.applicable_plans,
    )


def view(row: Coupon) -> CouponView:
    """Return the coupon of a row."""
    plans = row.applicable_plans
    return CouponView(
        id=row.id,
        code=row.code,
        type=row.type,
        value=row.value,
        max_uses=row.max_uses,
        used_count=row.used_count,
        max_usage_per_user=row.max_usage_per_user,
        min_purchase_minor=row.min_purchase_minor,
        valid_from=row.valid_from,
        expires_at=row.expires_at,
        is_active=row.is_active,
        description=row.description,
        applicable_plans=None if plans is None else tuple(plans),
    )


def _fresh(code: str):  # type: ignore[no-untyped-def]  # SQLAlchemy's own type says no more
    statement = select(Coupon).where(Coupon.code == code)
    return statement.execution_options(populate_existing=True)


def _redemption(usage: CouponUsage, row: Coupon) -> RedemptionView:
    return RedemptionView(
        code=row.code,
        type=row.type,
        value=row.value,
        description=row.description,
        min_purchase_minor=row.min_purchase_minor,
        discount_minor=usage.discount_minor,
        remaining_minor=usage.remaining_minor,
        tokens_granted=usage.tokens_granted,
        redeemed_at=usage.redeemed_at,
        used_up_at=usage.used_up_at,
    )


def _open_use(usage: CouponUsage, row: Coupon) -> OpenUse:
    plans = row.applicable_plans
    return OpenUse(
        usage_id=usage.id,
        user_id=usage.user_id,
        code=row.code,
        type=row.type,
        value=row.value,
        remaining_minor=usage.remaining_minor,
        min_purchase_minor=row.min_purchase_minor,
        applicable_plans=None if plans is None else tuple(plans),
    )

"""Questions about coupons and what accounts have redeemed. Reads only."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    false,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)

from app.domain.accounts.models import Account
from app.domain.coupons import rules
from app.domain.coupons.discounting import OpenUse, UseStatus
from app.domain.coupons.errors import CouponCodeInvalid, CouponNotFound
from app.domain.coupons.models import Coupon, CouponGuess, CouponUsage
from app.domain.coupons.redeeming import GUESSES_WITHIN, CouponView, promise
from app.domain.coupons.rules import CouponType
from app.foundation.bulk import any_of
from app.foundation.database import UTCDateTime, Whole, session
from app.foundation.paging import Cursor
from app.foundation.sentences import say


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


@dataclass(frozen=True, slots=True)
class RedemptionsPage:
    """A page of what an account has redeemed, newest first."""

    redemptions: tuple[RedemptionView, ...]
    total: int


@dataclass(frozen=True, slots=True)
class FoundCoupon:
    """A coupon that an account has named, and how often it has redeemed it."""

    coupon: CouponView
    redeemed_by_account: int


@dataclass(frozen=True, slots=True)
class Guesses:
    """How many codes that do not exist an account has tried, and what stands behind this one."""

    count: int
    # Whether this code is among them.
    has_this: bool
    found: FoundCoupon | None


class Choice(StrEnum):
    """Which coupons operators look through."""

    ALL = "all"
    # Customers can redeem them now.
    OPEN = "open"
    # Somebody has.
    USED = "used"
    # Nobody can any more, as they stand.
    OVER = "over"


@dataclass(frozen=True, slots=True)
class CouponsPage:
    """Some coupons, and where the next page begins."""

    coupons: tuple[Coupon, ...]
    next_cursor: Cursor | None


def coupons(
    *,
    limit: int,
    cursor: Cursor | None = None,
    prefix: str | None = None,
    where: ColumnElement[bool] | None = None,
) -> CouponsPage:
    """Return a page of coupons, the newest first: all, or those for which both hold."""
    statement = select(Coupon).order_by(Coupon.created_at.desc(), Coupon.id.desc())
    if where is not None:
        statement = statement.where(where)
    if prefix is not None:
        statement = statement.where(Coupon.code.startswith(prefix.upper(), autoescape=True))
    if cursor is not None:
        last = tuple_(literal(cursor.moment, UTCDateTime), literal(cursor.id, Whole))
        statement = statement.where(tuple_(Coupon.created_at, Coupon.id) < last)
    rows = tuple(session.scalars(statement.limit(limit + 1)))
    shown = rows[:limit]
    if len(rows) <= limit:
        return CouponsPage(shown, None)
    return CouponsPage(shown, Cursor(shown[-1].created_at, shown[-1].id))


def conditions(*, now: datetime) -> Mapping[Choice, ColumnElement[bool]]:
    """Return what holds for the coupons of each choice."""
    left = Coupon.used_count < Coupon.max_uses
    is_over = or_(~Coupon.is_active, Coupon.expires_at <= now, ~left)
    return {
        Choice.ALL: true(),
        Choice.OPEN: and_(~is_over, Coupon.valid_from <= now),
        Choice.USED: Coupon.used_count > 0,
        Choice.OVER: is_over,
    }


def coupon_by_code(text: str) -> Coupon:
    """Return the coupon with this code, however it is written. Raises CouponNotFound."""
    return _there(find_coupon(text))


def locked_coupon(text: str) -> Coupon:
    """Lock the coupon with this code, however it is written. Raises CouponNotFound."""
    return _there(session.scalar(select(Coupon).where(_is_named(text)).with_for_update()))


def no_such_coupon() -> CouponNotFound:
    """Return the refusal of a code that no coupon has."""
    return CouponNotFound(say("There is no coupon with this code. Please check the spelling."))


def find_coupon(text: str) -> Coupon | None:
    """Return the coupon with this code, however it is written, if there is one."""
    named = select(Coupon).where(_is_named(text))
    return session.scalar(named.execution_options(populate_existing=True))


def _there(found: Coupon | None) -> Coupon:
    if found is None:
        raise no_such_coupon()
    return found


def _is_named(text: str) -> ColumnElement[bool]:
    try:
        return Coupon.code == rules.normal_code(text)
    except CouponCodeInvalid:
        # No coupon has such a code, and databases do not even store some of them.
        return false()


def _redemptions_count(account: Account) -> Select[int]:
    return select(func.count(CouponUsage.id)).where(CouponUsage.user_id == account.id)


def most_redemptions(coupon: Coupon) -> int:
    """Return how often the account that has redeemed the coupon most often has done so."""
    numbers = select(func.max(CouponUsage.redemption_number))
    return session.scalar(numbers.where(CouponUsage.coupon_id == coupon.id)) or 0


def redemptions_count(coupon_id: int, account: Account) -> int:
    """Return how often the account has redeemed the coupon."""
    counted = _redemptions_count(account).where(CouponUsage.coupon_id == coupon_id)
    return session.scalars(counted).one()


def guesses(text: str, account: Account, *, now: datetime) -> Guesses:
    """Return what the account has tried in vain within the hour, and the coupon with this code."""
    digest = rules.guess_digest(text, user_id=account.id)
    is_this = case((CouponGuess.digest == digest, 1))
    tried = (
        select(func.count().label("tried"), func.count(is_this).label("of_this"))
        .where(CouponGuess.user_id == account.id, CouponGuess.guessed_at > now - GUESSES_WITHIN)
        .subquery()
    )
    redeemed = _redemptions_count(account).where(CouponUsage.coupon_id == Coupon.id)
    statement = (
        select(tried.c.tried, tried.c.of_this, Coupon, redeemed.scalar_subquery())
        # One row of guesses there always is; of coupons perhaps none.
        .select_from(tried)
        .outerjoin(Coupon, _is_named(text))
        .execution_options(populate_existing=True)
    )
    count, of_this, row, redeemed_by_account = session.execute(statement).one()
    found = None if row is None else FoundCoupon(view(row), redeemed_by_account)
    return Guesses(count, bool(of_this), found)


def redemptions_of(account: Account) -> tuple[RedemptionView, ...]:
    """Return what the account has redeemed, newest first."""
    return tuple(_redemption(usage, row) for usage, row in session.execute(_redeemed_by(account)))


def redemptions_page(
    account: Account, *, page: int, page_size: int, status: str | None = None
) -> RedemptionsPage:
    """Return a page of what the account has redeemed, newest first: all, or what is open or not."""
    ours = [CouponUsage.user_id == account.id]
    if status is not None:
        is_open = CouponUsage.used_up_at.is_(None)
        ours.append(is_open if status == UseStatus.OPEN else ~is_open)
    counted = select(func.count()).where(*ours)
    newest = _redeemed_by(account).where(*ours).add_columns(counted.scalar_subquery())
    rows = session.execute(newest.limit(page_size).offset((page - 1) * page_size)).all()
    total = rows[0][-1] if rows else 0
    if not rows and page > 1:
        # A page beyond the last one has no row that could tell how many there are.
        total = session.scalars(counted).one()
    return RedemptionsPage(tuple(_redemption(usage, row) for usage, row, _ in rows), total)


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


def use_ahead(coupon: CouponView) -> OpenUse:
    """Return the redemption as it would be if the coupon were redeemed: for previews."""
    return OpenUse(
        usage_id=0,
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


def _redeemed_by(account: Account) -> Select[CouponUsage, Coupon]:
    return (
        select(CouponUsage, Coupon)
        .join(Coupon, Coupon.id == CouponUsage.coupon_id)
        .where(CouponUsage.user_id == account.id)
        .order_by(CouponUsage.redeemed_at.desc(), CouponUsage.id.desc())
    )


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
        code=row.code,
        type=row.type,
        value=row.value,
        remaining_minor=usage.remaining_minor,
        min_purchase_minor=row.min_purchase_minor,
        applicable_plans=None if plans is None else tuple(plans),
    )

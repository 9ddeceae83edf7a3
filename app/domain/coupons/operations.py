"""What can be done with coupons. Changes state; never commits."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select, update

from app.domain.accounts.models import Account
from app.domain.coupons import queries, redeeming, rules
from app.domain.coupons.discounting import Discount, UseAct, UseStatus, used
from app.domain.coupons.models import CouponApplication, CouponGuess, CouponUsage
from app.domain.coupons.queries import FoundCoupon
from app.domain.coupons.redeeming import CouponView
from app.domain.coupons.rules import CouponType
from app.foundation.bulk import any_of, change_rows, insert_rows
from app.foundation.database import session


def try_code(
    text: str, account: Account, *, is_look: bool = False, now: datetime
) -> FoundCoupon | None:
    """Return the coupon with this code, if there is one, or note a guess of the locked account.

    To look at the same code again within the hour is no other guess. Raises TooManyCouponGuesses.
    """
    guesses = queries.guesses(text, account, now=now)
    redeeming.check_guesses(guesses.count)
    # A page that is loaded anew asks for the same code again, and has learnt nothing by it.
    if guesses.found is None and not (is_look and guesses.has_this):
        digest = rules.guess_digest(text, user_id=account.id)
        session.add(CouponGuess(user_id=account.id, guessed_at=now, digest=digest))
    return guesses.found


def redeem(
    text: str, account: Account, *, plan_ids: Collection[str], now: datetime
) -> tuple[CouponView, CouponUsage]:
    """Redeem the coupon for the locked account, once of the times that there are.

    Raises CouponNotFound and what `redeeming.check_redeemable` raises.
    """
    # Locked after the account, so that two accounts cannot take the last redemption together.
    row = queries.locked_coupon(text)
    coupon = queries.view(row)
    redeemed = queries.redemptions_count(row.id, account)
    redeeming.check_redeemable(coupon, redeemed_by_account=redeemed, plan_ids=plan_ids, now=now)
    row.used_count += 1
    is_fixed, gives_tokens = row.type == CouponType.FIXED, row.type == CouponType.FREE_TOKENS
    usage = CouponUsage(
        coupon_id=row.id,
        user_id=account.id,
        redemption_number=redeemed + 1,
        remaining_minor=row.value if is_fixed else None,
        tokens_granted=row.value if gives_tokens else 0,
        redeemed_at=now,
        # Tokens are given at once; nothing is left for an invoice.
        used_up_at=now if gives_tokens else None,
    )
    session.add(usage)
    session.flush()
    return coupon, usage


def apply(given: Sequence[tuple[int, Discount]], *, now: datetime) -> None:
    """Write down what redemptions take off invoices (by invoice id): two statements for all."""
    insert_rows(
        CouponApplication,
        [
            {
                "usage_id": discount.usage_id,
                "invoice_id": invoice_id,
                "discount_minor": discount.minor,
                "applied_at": now,
            }
            for invoice_id, discount in given
        ],
    )
    change_rows(
        CouponUsage,
        [
            {
                "id": discount.usage_id,
                "discount_minor": discount.minor,
                "remaining_minor": discount.remaining_minor,
                "used_up_at": _used_up_at(used(UseStatus.OPEN, discount.act), now=now),
            }
            for _, discount in given
        ],
        key="id",
        adding=("discount_minor",),
    )


def give_back(invoice_id: int, *, now: datetime) -> None:
    """Give the discounts of an invoice that will not be paid back to their redemptions."""
    applied = session.scalars(
        select(CouponApplication)
        .where(CouponApplication.invoice_id == invoice_id, CouponApplication.returned_at.is_(None))
        .with_for_update()
    ).all()
    by_usage = {application.usage_id: application for application in applied}
    usages = session.scalars(
        select(CouponUsage).where(any_of(CouponUsage.id, list(by_usage))).with_for_update()
    )
    for usage in usages.all() if by_usage else ():
        minor = by_usage[usage.id].discount_minor
        usage.discount_minor -= minor
        stood = UseStatus.OPEN if usage.used_up_at is None else UseStatus.USED_UP
        usage.used_up_at = _used_up_at(used(stood, UseAct.COMES_BACK), now=now)
        if usage.remaining_minor is not None:
            usage.remaining_minor += minor
    returned = update(CouponApplication).where(
        any_of(CouponApplication.id, [application.id for application in applied])
    )
    if applied:
        session.execute(returned.values(returned_at=now))


def _used_up_at(status: UseStatus, *, now: datetime) -> datetime | None:
    return now if status is UseStatus.USED_UP else None


def forget_guesses(account: Account) -> None:
    """Delete the codes that the account has tried in vain."""
    session.execute(delete(CouponGuess).where(CouponGuess.user_id == account.id))

"""Try a coupon's code: whoever tries too many that do not exist has to wait."""

from datetime import datetime

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.coupons import operations as coupons
from app.domain.coupons.queries import FoundCoupon


def try_coupon(
    code: str, account: Account, *, is_look: bool = False, now: datetime
) -> FoundCoupon | None:
    """Return the coupon with this code, and count the guess if there is none.

    A look that is repeated counts once. Commit it before anything is refused, or the guess is
    forgotten. Raises TooManyCouponGuesses.
    """
    locked = accounts.lock_in_use(account.id)
    return coupons.try_code(code, locked, is_look=is_look, now=now)

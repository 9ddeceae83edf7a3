"""Announce price rises: whoever renews at a higher price hears of it two weeks before."""

from datetime import datetime, timedelta

from app.domain.accounts import queries as accounts
from app.domain.mails import operations as mails
from app.domain.mails.operations import Letter
from app.domain.subscriptions import queries as subscriptions
from app.domain.subscriptions.queries import PriceRise

AHEAD = timedelta(days=14)
AT_ONCE = 200


def announce_price_rises(*, now: datetime) -> int:
    """Write to the next customers who renew at a higher price within two weeks; how many are new.

    Call it, each time in a transaction of its own, until nobody is left.
    """
    rises = subscriptions.price_rises(now=now, until=now + AHEAD, limit=AT_ONCE)
    addresses = accounts.addresses({rise.user_id for rise in rises})
    letters = [_letter(rise, addresses[rise.user_id]) for rise in rises]
    return mails.write_all(letters, now=now)


def _letter(rise: PriceRise, address: str) -> Letter:
    return Letter(
        kind="price_rise",
        user_id=rise.user_id,
        address=address,
        about=rise.about,
        facts={
            "plan_name": rise.plan_name,
            "old_minor": rise.old_minor,
            "new_minor": rise.new_minor,
            "from": rise.renews_at.isoformat(),
        },
    )

"""9: periods follow one another, and so do prices."""

from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.domain.accounts.models import Account
from app.domain.catalog.models import ModelPrice
from app.domain.subscriptions.models import SubscriptionPeriod
from app.workflows.verify_books.reading import Rows, check


@check("account {} has no current period")
def _one_current_period() -> Rows:
    """9: every account has exactly one current period."""
    current = select(SubscriptionPeriod.user_id).where(SubscriptionPeriod.is_current)
    return select(Account.id).where(Account.id.not_in(current))


@check("period {1} of {0} is current, though {2} is newer")
def _current_period_is_last() -> Rows:
    """9: the current period is the newest one."""
    period, later = SubscriptionPeriod, aliased(SubscriptionPeriod)
    return (
        select(period.user_id, period.id, later.id)
        .join(later, and_(later.user_id == period.user_id, later.starts_at > period.starts_at))
        .where(period.is_current)
    )


@check("periods of {0}: one ends at {2}, the next starts at {1}")
def _periods_without_gaps() -> Rows:
    """9: an account's periods follow one another without overlap or gap."""
    period = SubscriptionPeriod
    return _broken_chain(period.user_id, starts=period.starts_at, ends=period.ends_at)


@check("prices of {0}: one ends at {2}, the next starts at {1}")
def _prices_without_gaps() -> Rows:
    """A model's prices in force follow one another without overlap or gap."""
    price = ModelPrice
    return _broken_chain(
        price.model_id,
        starts=price.effective_from,
        ends=price.effective_to,
        where=price.replaced_at.is_(None),
    )


def _broken_chain(
    owner: InstrumentedAttribute[str],
    *,
    starts: InstrumentedAttribute[Any],
    ends: InstrumentedAttribute[Any],
    where: Any = True,
) -> Rows:
    before = func.lag(ends).over(partition_by=owner, order_by=starts)
    number = func.row_number().over(partition_by=owner, order_by=starts)
    columns = select(owner, starts, before.label("before"), number.label("number"))
    chain = columns.where(where).subquery()
    started = chain.c[starts.key]
    follows = and_(chain.c.before.is_not(None), chain.c.before == started)
    broken = select(chain.c[owner.key], started, chain.c.before)
    return broken.where(chain.c.number > 1, ~follows)


CHECKS = (
    _one_current_period,
    _current_period_is_last,
    _periods_without_gaps,
    _prices_without_gaps,
)

"""9: periods follow one another, and so do prices."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.domain.accounts.models import Account
from app.domain.catalog.models import ModelPrice
from app.domain.subscriptions.models import SubscriptionPeriod
from app.workflows.verify_books.reading import Lines, some


def _one_current_period() -> Lines:
    """9: every account has exactly one current period."""
    current = select(SubscriptionPeriod.user_id).where(SubscriptionPeriod.is_current)
    for (user_id,) in some(select(Account.id).where(Account.id.not_in(current))):
        yield f"account {user_id} has no current period"


def _current_period_is_last() -> Lines:
    """9: the current period is the newest one."""
    period, later = SubscriptionPeriod, aliased(SubscriptionPeriod)
    outlived = (
        select(period.user_id, period.id, later.id)
        .join(later, and_(later.user_id == period.user_id, later.starts_at > period.starts_at))
        .where(period.is_current)
    )
    for user_id, period_id, later_id in some(outlived):
        yield f"period {period_id} of {user_id} is current, though {later_id} is newer"


def _periods_without_gaps() -> Lines:
    """9: an account's periods follow one another without overlap or gap."""
    period = SubscriptionPeriod
    for user_id, starts_at, before in _broken_chain(
        period.user_id, starts=period.starts_at, ends=period.ends_at
    ):
        yield f"periods of {user_id}: one ends at {before}, the next starts at {starts_at}"


def _prices_without_gaps() -> Lines:
    """A model's prices in force follow one another without overlap or gap."""
    price = ModelPrice
    for model, starts_at, before in _broken_chain(
        price.model_id,
        starts=price.effective_from,
        ends=price.effective_to,
        where=price.replaced_at.is_(None),
    ):
        yield f"prices of {model}: one ends at {before}, the next starts at {starts_at}"


def _broken_chain(
    owner: InstrumentedAttribute[str],
    *,
    starts: InstrumentedAttribute[Any],
    ends: InstrumentedAttribute[Any],
    where: Any = True,
) -> Sequence[Any]:
    before = func.lag(ends).over(partition_by=owner, order_by=starts)
    number = func.row_number().over(partition_by=owner, order_by=starts)
    columns = select(owner, starts, before.label("before"), number.label("number"))
    chain = columns.where(where).subquery()
    started = chain.c[starts.key]
    follows = and_(chain.c.before.is_not(None), chain.c.before == started)
    broken = select(chain.c[owner.key], started, chain.c.before)
    return some(broken.where(chain.c.number > 1, ~follows))


CHECKS = (
    _one_current_period,
    _current_period_is_last,
    _periods_without_gaps,
    _prices_without_gaps,
)

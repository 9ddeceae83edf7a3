"""What gateways' questions depend on: of all accounts that are asked about in one statement."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    FromClause,
    Select,
    SelectBase,
    Text,
    and_,
    bindparam,
    cast,
    func,
    not_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute

from app.domain.accounts.models import Account, BillingSettings
from app.domain.invoices.models import Invoice
from app.domain.reporting.owing import due_minor, is_trusted, is_unpaid, used_in_a_month, waiting
from app.domain.reporting.views import Debts
from app.domain.subscriptions.models import SubscriptionPeriod
from app.domain.subscriptions.queries import WrittenPeriod
from app.domain.usage.models import UsageMonthly
from app.foundation.database import Whole
from app.foundation.direct import Awaited, Question, among, on_postgresql, values_of
from app.foundation.periods import BillingMonth
from app.foundation.statements import Row


class Served(NamedTuple):
    """An account that a gateway asks about."""

    user_id: str
    suspended_at: datetime | None
    extra_tokens: int
    credit_limit_minor: int | None
    deletion_due_at: datetime | None
    overage_enabled: bool
    spend_limit_minor: int | None
    period: WrittenPeriod
    debts: Debts


# How a row is made up: what stands in the account and its settings, in its period, and its debts.
_OF_THE_ACCOUNT = len(Served._fields) - 2
_UNTIL_DEBTS = _OF_THE_ACCOUNT + len(WrittenPeriod._fields)


def ask_served(user_ids: Collection[str], *, now: datetime) -> Awaited[dict[str, Served]]:
    """Ask for those of the accounts that there are, with what they owe, by their ids."""
    given = {"user_ids": values_of(user_ids), "running": str(BillingMonth.of(now))}
    return _who_is_served.send(given, _by_user_id)


def _by_user_id(rows: Iterable[Row]) -> dict[str, Served]:
    return {row[0]: _served(row) for row in rows}


def _served(row: Row) -> Served:
    unbilled, spent, unpriced, unpaid, oldest_due_at, *rest = row[_UNTIL_DEBTS:]
    carried, corrected, has_paid, is_contested = rest
    debts = Debts(
        unbilled_nanos=max((unbilled or 0) + (carried or 0) + (corrected or 0), 0),
        unpaid_minor=unpaid or 0,
        oldest_due_at=oldest_due_at,
        spent_nanos=spent or 0,
        unpriced_tokens=unpriced or 0,
        has_paid=bool(has_paid),
        has_open_dispute=bool(is_contested),
    )
    period = WrittenPeriod._make(row[_OF_THE_ACCOUNT:_UNTIL_DEBTS])
    return Served._make((*row[:_OF_THE_ACCOUNT], period, debts))


@Question
def _who_is_served() -> SelectBase:
    account, chosen, period = Account, BillingSettings, SubscriptionPeriod
    used, unpaid = _used(), _unpaid()
    columns = select(
        account.id,
        account.suspended_at,
        account.extra_tokens,
        account.credit_limit_minor,
        account.deletion_due_at,
        chosen.overage_enabled,
        chosen.spend_limit_minor,
        *(getattr(period, name) for name in WrittenPeriod._fields),
        used.c.unbilled,
        used.c.spent,
        used.c.unpriced,
        unpaid.c.due_minor,
        unpaid.c.oldest_due_at,
        *waiting(account.id),
        *is_trusted(account.id),
    )
    theirs = (
        columns.join(chosen, chosen.user_id == account.id)
        .join(period, and_(period.user_id == account.id, period.is_current))
        .outerjoin(used, used.c.user_id == account.id)
        .outerjoin(unpaid, unpaid.c.user_id == account.id)
    )
    return theirs.where(among(account.id, "user_ids"))


def _used() -> FromClause:
    """Return what each has used that no invoice carries yet, in the running month, and unpriced."""
    owner = UsageMonthly.user_id
    by_month = _of_each(select(owner, *used_in_a_month(owner)), owner)
    month = by_month.group_by(owner, UsageMonthly.billing_month).subquery("months").c
    spent, running = func.sum(month.spent), bindparam("running", type_=Text())
    return _beside_each(
        select(
            month.user_id,
            cast(spent.filter(not_(month.is_billed)), Whole).label("unbilled"),
            cast(spent.filter(month.month == running), Whole).label("spent"),
            cast(func.sum(month.unpriced), Whole).label("unpriced"),
        ).group_by(month.user_id),
        "used",
    )


def _unpaid() -> FromClause:
    """Return what each has to pay of issued invoices, and since when."""
    owner = Invoice.user_id
    oldest_due_at = func.min(Invoice.due_at).label("oldest_due_at")
    columns = select(owner, due_minor().label("due_minor"), oldest_due_at)
    theirs = _of_each(columns.where(*is_unpaid()), owner).group_by(owner)
    return _beside_each(theirs, "unpaid")


def _of_each(
    rows: Select[*tuple[Any, ...]], owner: InstrumentedAttribute[str]
) -> Select[*tuple[Any, ...]]:
    """Return those of the rows that are of the accounts asked about."""
    # PostgreSQL looks them up for each account by itself. Asked for those of several together, it
    # assumes that they are ten, and where no more have any rows, it reads everybody's. The same it
    # does for one if nearly all rows are another's; of a range it assumes that it is short.
    if on_postgresql():
        return rows.where(owner.between(Account.id, Account.id)).correlate(Account)
    return rows.where(among(owner, "user_ids"))


def _beside_each(sums: Select[*tuple[Any, ...]], name: str) -> FromClause:
    """Return the sums of each account, to be joined to it."""
    return sums.lateral(name) if on_postgresql() else sums.subquery(name)

"""The operator's list of customers: who they are, what they have, and what they owe."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import cast, func, literal, or_, select, tuple_

from app.domain.accounts.errors import UnknownAccount
from app.domain.accounts.models import Account, Role
from app.domain.accounts.rules import may_be_user_id
from app.domain.invoices.models import Invoice
from app.domain.reporting.overview import Overview
from app.domain.subscriptions import queries as subscriptions
from app.domain.subscriptions.queries import PeriodView
from app.domain.usage.models import UsageMonthly
from app.foundation.bulk import any_of
from app.foundation.database import UTCDateTime, Whole, session
from app.foundation.paging import Cursor
from app.foundation.periods import BillingMonth
from app.foundation.sentences import say


@dataclass(frozen=True, slots=True)
class CustomerView:
    """A customer as an operator sees him."""

    user_id: str
    number: int
    email: str
    name: str
    plan_id: str
    tokens_remaining: int
    extra_tokens: int
    # Account credit, used by the next invoices first.
    credit_minor: int
    # The operator's own limit for him; None is the general one.
    credit_limit_minor: int | None
    # Usage that occurred in the running UTC month.
    month_cost_nanos: int
    unpaid_minor: int
    suspended_at: datetime | None
    suspended_because: str | None
    created_at: datetime
    # Its owner, or we for him, asked for that; it is erased once its waiting is over.
    deletion_due_at: datetime | None
    erased_at: datetime | None

    @property
    def is_erased(self) -> bool:
        """Tell whether nobody has this account any more."""
        return self.erased_at is not None

    @property
    def is_to_be_deleted(self) -> bool:
        """Tell whether the account waits for its end."""
        return self.deletion_due_at is not None and not self.is_erased

    @property
    def token_balance(self) -> int:
        """Return the quota left and the extra tokens together."""
        return self.tokens_remaining + self.extra_tokens


@dataclass(frozen=True, slots=True)
class CustomersPage:
    """Some customers, and where the next page begins."""

    customers: tuple[CustomerView, ...]
    next_cursor: Cursor | None


def customers_page(
    *,
    now: datetime,
    grace: timedelta,
    limit: int,
    query: str | None = None,
    cursor: Cursor | None = None,
) -> CustomersPage:
    """Return a page of customers, the newest first: all, or whose id, mail or name has the text.

    Capitals do not matter. The same few statements, however long the page.
    """
    newest = select(Account).where(Account.role == Role.CUSTOMER)
    newest = newest.order_by(Account.created_at.desc(), Account.number.desc())
    if query is not None:
        named = (Account.id, Account.email, Account.name)
        newest = newest.where(or_(*(text.icontains(query, autoescape=True) for text in named)))
    if cursor is not None:
        last = tuple_(literal(cursor.moment, UTCDateTime), literal(cursor.id, Whole))
        newest = newest.where(tuple_(Account.created_at, Account.number) < last)
    accounts = session.scalars(newest.limit(limit + 1)).all()
    shown = _views(accounts[:limit], now=now, grace=grace)
    if len(accounts) <= limit:
        return CustomersPage(shown, None)
    return CustomersPage(shown, Cursor(shown[-1].created_at, shown[-1].number))


def customer_seen(account: Account, seen: Overview) -> CustomerView:
    """Return a customer whose figures were read already."""
    return _view(
        account,
        seen.period,
        month_cost_nanos=seen.month_sums.final_nanos,
        unpaid_minor=seen.position.debts.issued_minor,
    )


def customer(user_id: str, *, now: datetime, grace: timedelta) -> CustomerView:
    """Return one customer. Raises UnknownAccount, for operators too."""
    named = select(Account).where(Account.id == user_id, Account.role == Role.CUSTOMER)
    named = named.execution_options(populate_existing=True)
    accounts = session.scalars(named).all() if may_be_user_id(user_id) else ()
    if not accounts:
        raise UnknownAccount(say("There is no customer with this id."))
    return _views(accounts, now=now, grace=grace)[0]


def _views(
    accounts: Sequence[Account], *, now: datetime, grace: timedelta
) -> tuple[CustomerView, ...]:
    user_ids = [account.id for account in accounts]
    periods = subscriptions.current_periods(user_ids, now=now, grace=grace)
    costs, unpaid = _month_costs(user_ids, BillingMonth.of(now)), _unpaid(user_ids)
    return tuple(
        _view(
            account,
            periods[account.id],
            month_cost_nanos=costs.get(account.id, 0),
            unpaid_minor=unpaid.get(account.id, 0),
        )
        for account in accounts
    )


def _view(
    account: Account, period: PeriodView, *, month_cost_nanos: int, unpaid_minor: int
) -> CustomerView:
    return CustomerView(
        user_id=account.id,
        number=account.number,
        email=account.email,
        name=account.name,
        plan_id=period.terms.plan_id,
        tokens_remaining=period.tokens_remaining,
        extra_tokens=account.extra_tokens,
        credit_minor=account.credit_minor,
        credit_limit_minor=account.credit_limit_minor,
        month_cost_nanos=month_cost_nanos,
        unpaid_minor=unpaid_minor,
        suspended_at=account.suspended_at,
        suspended_because=account.suspended_because,
        created_at=account.created_at,
        deletion_due_at=account.deletion_due_at,
        erased_at=account.erased_at,
    )


def _month_costs(user_ids: Collection[str], month: BillingMonth) -> dict[str, int]:
    rolled = UsageMonthly
    statement = (
        select(rolled.user_id, cast(func.sum(rolled.final_nanos), Whole))
        .where(any_of(rolled.user_id, user_ids), rolled.occurred_month == str(month))
        .group_by(rolled.user_id)
    )
    return {user_id: nanos for user_id, nanos in session.execute(statement)}


def _unpaid(user_ids: Collection[str]) -> dict[str, int]:
    owed = cast(func.sum(Invoice.final_minor - Invoice.credit_used_minor), Whole)
    statement = (
        select(Invoice.user_id, owed)
        .where(any_of(Invoice.user_id, user_ids), Invoice.status == "issued")
        .group_by(Invoice.user_id)
    )
    return {user_id: minor for user_id, minor in session.execute(statement)}

"""Questions across subjects. Reads only."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import compress
from typing import Any, NamedTuple, Protocol, TypeVar

from sqlalchemy import (
    ColumnElement,
    Select,
    SelectBase,
    Text,
    bindparam,
    exists,
    func,
    select,
    true,
)

from app.domain.accounts import queries as accounts
from app.domain.accounts.models import Account
from app.domain.catalog import queries as catalog
from app.domain.catalog.models import PAY_AS_YOU_GO
from app.domain.invoices.models import Invoice
from app.domain.invoices.queries import net_paid_of
from app.domain.payments.declines import DeclinedTopUp, declined_of, newest_attempt
from app.domain.payments.models import PaymentMethod
from app.domain.payments.queries import CHARGEABLE
from app.domain.reporting.entitlements import CreditLimits, Position, credit_limit_minor
from app.domain.reporting.owing import (
    BILLED_IN,
    first_of,
    is_trusted,
    is_unpaid,
    sum_of,
    used_in_a_month,
    waiting,
)
from app.domain.reporting.views import Debts, QuotaWatch, Stats
from app.domain.subscriptions import queries as subscriptions
from app.domain.subscriptions.models import SubscriptionPeriod
from app.domain.subscriptions.queries import PeriodView
from app.domain.usage import queries as usage
from app.domain.usage.models import UsageMonthly
from app.domain.usage.series import sums_over
from app.domain.usage.views import Sums
from app.foundation.database import UTCDateTime, session
from app.foundation.direct import Question
from app.foundation.periods import BillingMonth
from app.foundation.statements import Row

T = TypeVar("T")


def stats(account: Account, *, now: datetime, grace: timedelta) -> Stats:
    """Return the account's figures."""
    month = usage.month_to_date(account, month=BillingMonth.of(now))
    total = usage.all_time(account)
    period = subscriptions.current_period(account.id, now=now, grace=grace)
    return Stats(
        month_cost_nanos=month.final_nanos,
        month_tokens=month.total_tokens,
        total_cost_nanos=total.final_nanos,
        unpriced_tokens=total.unpriced_tokens,
        plan_id=period.terms.plan_id,
        period_starts_at=period.starts_at,
        period_ends_at=period.ends_at,
        tokens_quota=period.quota,
        tokens_used=period.tokens_used,
        quota_tokens_used=period.quota_tokens_used,
        extra_tokens=account.extra_tokens,
    )


def quota_watch(account: Account, *, now: datetime, grace: timedelta) -> QuotaWatch:
    """Return how far the token balance is from the customer's threshold."""
    period = subscriptions.current_period(account.id, now=now, grace=grace)
    return QuotaWatch(
        has_quota=period.quota > 0,
        tokens_remaining=period.tokens_remaining,
        extra_tokens=account.extra_tokens,
        alert_threshold=accounts.settings_of(account).alert_threshold,
    )


class Held(Protocol):
    """What decides of an account whether it may go on."""

    @property
    def suspended_at(self) -> datetime | None:
        """Return since when it is suspended."""

    @property
    def extra_tokens(self) -> int:
        """Return how many extra tokens it has."""

    @property
    def credit_limit_minor(self) -> int | None:
        """Return its own limit; None for the general one."""


class Chosen(Protocol):
    """What its customer has chosen of that."""

    @property
    def overage_enabled(self) -> bool:
        """Tell whether usage goes on past what is paid for."""

    @property
    def spend_limit_minor(self) -> int | None:
        """Return what may be spent in a month."""


def position(
    account: Held, chosen: Chosen, period: PeriodView, owed: Debts, *, limits: CreditLimits
) -> Position:
    """Return all that decides whether the account may go on."""
    return Position(
        is_suspended=account.suspended_at is not None,
        pays_as_he_goes=period.terms.plan_id == PAY_AS_YOU_GO,
        overage_enabled=chosen.overage_enabled,
        token_balance=period.tokens_remaining + account.extra_tokens,
        spend_limit_minor=chosen.spend_limit_minor,
        credit_limit_minor=credit_limit_minor(account.credit_limit_minor, owed, limits=limits),
        debts=owed,
    )


def position_now(
    account: Account,
    chosen: Chosen,
    period: PeriodView,
    *,
    now: datetime,
    limits: CreditLimits,
) -> Position:
    """Return the same with what the account owes now."""
    return position(account, chosen, period, debts(account, now=now), limits=limits)


def debts(account: Account, *, now: datetime) -> Debts:
    """Return what the account owes and has paid: two statements, whatever it has done."""
    given = {"user_id": account.id, "now": now}
    months = [_Month(*row) for row in _usage_by_month.ask(given)]
    return _debts(months, _what_is_owed.ask(given)[0], now=now)


class DebtsAndUsage(NamedTuple):
    """What an account owes and has used, by its occurrence."""

    debts: Debts
    in_month: Sums
    ever: Sums
    # The automatic purchase that was declined, if one was.
    declined: DeclinedTopUp | None
    # In the order in which they were taken up.
    models: tuple[str, ...]
    # For the current period as it is written; None where no invoice of it is paid.
    paid_for_period_minor: int | None
    # Models that no quota covers now, whoever uses them.
    outside_plans: frozenset[str]
    # Of models that have a price, each with the month it occurred in.
    priced: tuple[tuple[str, Sums], ...]

    def priced_since(self, month: BillingMonth) -> Sums:
        """Return what was used from a month on, by occurrence, of models that have a price."""
        return usage.total_of(used for occurred, used in self.priced if occurred >= str(month))


def debts_and_usage(account: Account, *, now: datetime) -> DebtsAndUsage:
    """Return the same, and what was used: one statement for all of it."""
    owed, used = _owed_in_all().subquery("owed"), _used_by_month().subquery("used")
    tried = newest_attempt(USER_ID).subquery("tried")
    # Who has used nothing owes something all the same.
    joined = owed.outerjoin(used, true()).outerjoin(tried, true())
    statement = select(owed, used, tried).select_from(joined)
    rows = session.execute(statement, {"user_id": account.id, "now": now}).all()
    issued_minor, issued_count, renewal_number, has_card, models, paid, outside, *rest = rows[0][
        : len(owed.c)
    ]
    months = [row[len(owed.c) : -len(tried.c)] for row in rows if row.month is not None]
    attempt = rows[0][-len(tried.c) :]
    of_debts = len(_Month._fields)
    by_month = [_Month(*month[:of_debts]) for month in months]
    sums = [(month[of_debts], Sums(*month[of_debts + 2 :])) for month in months]
    are_priced = [bool(month[of_debts + 1]) for month in months]
    running = str(BillingMonth.of(now))
    owes = _debts(by_month, tuple(rest), now=now)
    return DebtsAndUsage(
        replace(
            owes,
            issued_minor=issued_minor or 0,
            issued_count=issued_count,
            renewal_number=renewal_number,
            has_card=bool(has_card),
        ),
        usage.total_of(used for month, used in sums if month == running),
        usage.total_of(used for _, used in sums),
        None if attempt[0] is None else declined_of(attempt),
        usage.models_in_order(models),
        None if paid is None else max(int(paid), 0),
        catalog.outside_plans_of(outside),
        tuple(compress(sums, are_priced)),
    )


USER_ID = bindparam("user_id", type_=Text())


@Question
def _what_is_owed() -> SelectBase:
    return select(*_owed())


def _owed_in_all() -> Select[*tuple[Any, ...]]:
    """Return the same, and before it what is issued and unpaid, if a card is there, the models."""
    is_issued = (Invoice.user_id == USER_ID, Invoice.status == "issued")
    renewal = first_of(Invoice.invoice_number, *is_issued, Invoice.kind == "subscription")
    has_card = exists().where(PaymentMethod.user_id == USER_ID, *CHARGEABLE)
    issued_count = select(func.count(Invoice.id)).where(*is_issued).scalar_subquery()
    period = SubscriptionPeriod
    current = select(period.id).where(period.user_id == USER_ID, period.is_current)
    paid = net_paid_of(current.scalar_subquery())
    columns: tuple[ColumnElement[Any], ...] = (
        *(sum_of(*is_issued), issued_count, renewal, has_card, usage.models_taken_up(USER_ID)),
        *(paid, catalog.outside_plans_taken_up(bindparam("now", type_=UTCDateTime()))),
        *_owed(),
    )
    return select(*(each.label(f"owed_{at}") for at, each in enumerate(columns)))


def _owed() -> tuple[ColumnElement[Any], ...]:
    unpaid = (Invoice.user_id == USER_ID, *is_unpaid())
    return (
        sum_of(*unpaid),
        sum_of(*unpaid, Invoice.due_at <= bindparam("now", type_=UTCDateTime())),
        first_of(Invoice.due_at, *unpaid),
        first_of(Invoice.invoice_number, *unpaid),
        *waiting(USER_ID),
        *is_trusted(USER_ID),
    )


def _debts(by_month: Sequence["_Month"], rest: Row, *, now: datetime) -> Debts:
    unpaid, overdue, oldest, number, carried, corrected, has_paid, is_contested = rest
    unbilled = sum(month.final_nanos for month in by_month if not month.is_billed)
    running = str(BillingMonth.of(now))
    return Debts(
        unbilled_nanos=max(unbilled + (carried or 0) + (corrected or 0), 0),
        unpaid_minor=unpaid or 0,
        oldest_due_at=oldest,
        spent_nanos=sum(month.final_nanos for month in by_month if month.month == running),
        unpriced_tokens=sum(month.unpriced_tokens for month in by_month),
        has_paid=bool(has_paid),
        has_open_dispute=bool(is_contested),
        overdue_minor=overdue or 0,
        oldest_number=number,
    )


class _Month(NamedTuple):
    month: str
    final_nanos: int
    unpriced_tokens: int
    # Its usage stands on an invoice, is carried, or was forgiven.
    is_billed: bool


@Question
def _usage_by_month() -> SelectBase:
    return (
        select(*used_in_a_month(USER_ID)).where(UsageMonthly.user_id == USER_ID).group_by(BILLED_IN)
    )


def _used_by_month() -> Select[*tuple[Any, ...]]:
    """Return the same with all sums, the months of occurrence and what has no price kept apart."""
    occurred = UsageMonthly.occurred_month
    is_priced = UsageMonthly.unpriced_tokens == 0
    beside = (occurred, is_priced.label("is_priced"))
    columns = select(*used_in_a_month(USER_ID), *beside, *sums_over(UsageMonthly))
    return columns.where(UsageMonthly.user_id == USER_ID).group_by(BILLED_IN, occurred, is_priced)

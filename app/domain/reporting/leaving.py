"""What somebody leaves behind who deletes his account: what he owes, and what he loses."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import cast, exists, func, select

from app.domain.accounts.models import Account
from app.domain.catalog import queries as catalog
from app.domain.catalog.models import PAY_AS_YOU_GO
from app.domain.invoices.models import Invoice
from app.domain.invoices.rules import LEAST_MINOR
from app.domain.payments.models import Payment, Refund
from app.domain.payments.rules import REFUND_UNDECIDED, UNDECIDED
from app.domain.reporting import queries
from app.domain.subscriptions import queries as subscriptions
from app.foundation.database import Whole, session
from app.foundation.money import nanos_from_minor


@dataclass(frozen=True, slots=True)
class Leaving:
    """An account as it would be left now."""

    # Invoices that are issued and not paid, renewals too.
    unpaid_minor: int
    # Used, and on no invoice yet.
    unbilled_nanos: int
    # Used, and of a model that has no price yet.
    unpriced_tokens: int
    # A payment or a refund is under way, or is contested.
    is_money_moving: bool
    plan_name: str
    has_plan: bool
    # A switch that is scheduled is given up, also by whoever stays after all.
    pending_plan_name: str | None
    period_ends_at: datetime
    # These are lost.
    quota_left: int
    extra_tokens: int
    credit_minor: int

    @property
    def must_wait(self) -> bool:
        """Tell whether something has to be settled before anything may be erased."""
        is_owed = self.unpaid_minor > 0 or self.unbilled_nanos >= nanos_from_minor(LEAST_MINOR)
        return is_owed or self.unpriced_tokens > 0 or self.is_money_moving


def leaving(account: Account, *, now: datetime, grace: timedelta) -> Leaving:
    """Return what the account would leave behind now."""
    standing = subscriptions.subscription_of(account.id, now=now, grace=grace)
    period, pending_id = standing.period, standing.pending_plan_id
    debts = queries.debts(account, now=now)
    return Leaving(
        unpaid_minor=_unpaid_minor(account),
        unbilled_nanos=debts.unbilled_nanos,
        unpriced_tokens=debts.unpriced_tokens,
        is_money_moving=debts.has_open_dispute or _is_money_moving(account),
        plan_name=catalog.plan(period.terms.plan_id).name,
        has_plan=period.terms.plan_id != PAY_AS_YOU_GO,
        pending_plan_name=None if pending_id is None else catalog.plan(pending_id).name,
        period_ends_at=period.ends_at,
        quota_left=period.tokens_remaining,
        extra_tokens=account.extra_tokens,
        credit_minor=account.credit_minor,
    )


def _unpaid_minor(account: Account) -> int:
    owed = cast(func.sum(Invoice.final_minor - Invoice.credit_used_minor), Whole)
    unpaid = select(owed).where(Invoice.user_id == account.id, Invoice.status == "issued")
    return session.scalar(unpaid) or 0


def _is_money_moving(account: Account) -> bool:
    paying = exists().where(Payment.user_id == account.id, Payment.status.in_(UNDECIDED))
    refunded = (
        select(Refund.id)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.user_id == account.id, Refund.status.in_(REFUND_UNDECIDED))
    )
    return bool(session.scalar(select(paying | refunded.exists())))

"""Whether a customer may go on, and the first reason why not. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.reporting.views import Debts
from app.foundation.money import nanos_from_minor

OVERDUE_MAX = timedelta(days=7)
UNPRICED_TOKENS_MAX = 1_000_000


class Reason(StrEnum):
    """Why the gateway should refuse a request, in the order of precedence."""

    SUSPENDED = "suspended"
    INVOICE_OVERDUE = "invoice_overdue"
    TOKENS_EXHAUSTED = "tokens_exhausted"
    SPEND_LIMIT = "spend_limit"
    CREDIT_LIMIT = "credit_limit"
    UNPRICED_LIMIT = "unpriced_limit"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class CreditLimits:
    """What may be owed before the first settled payment, and after it."""

    new_minor: int
    settled_minor: int


@dataclass(frozen=True, slots=True)
class Position:
    """All that the answer depends on."""

    is_suspended: bool
    pays_as_he_goes: bool
    overage_enabled: bool
    token_balance: int
    spend_limit_minor: int | None
    credit_limit_minor: int
    debts: Debts

    @property
    def unpriced_tokens_max(self) -> int | None:
        """Return how many tokens may wait for their price; None where a plan is paid for."""
        return UNPRICED_TOKENS_MAX if self.pays_as_he_goes else None

    @property
    def owed_nanos(self) -> int:
        """Return what the account owes, invoiced or not."""
        return self.debts.unbilled_nanos + nanos_from_minor(self.debts.unpaid_minor)

    @property
    def refused_after(self) -> datetime | None:
        """Return until when what is due may stay unpaid; None while nothing is."""
        due_at = self.debts.oldest_due_at
        return None if due_at is None else due_at + OVERDUE_MAX

    @property
    def spend_left_nanos(self) -> int | None:
        """Return what the customer's own limit leaves for this month; None without a limit."""
        if self.spend_limit_minor is None:
            return None
        return max(nanos_from_minor(self.spend_limit_minor) - self.debts.spent_nanos, 0)

    @property
    def credit_left_nanos(self) -> int:
        """Return what the operator's limit leaves."""
        return max(nanos_from_minor(self.credit_limit_minor) - self.owed_nanos, 0)


def credit_limit_minor(own_minor: int | None, debts: Debts, *, limits: CreditLimits) -> int:
    """Return the account's own limit, or the general one for what has been paid and contested."""
    if own_minor is not None:
        return own_minor
    if debts.has_open_dispute:
        return 0
    return limits.settled_minor if debts.has_paid else limits.new_minor


def first_reason(position: Position, *, now: datetime) -> Reason:
    """Return the first reason that denies, or OK."""
    debts = position.debts
    refused_after = position.refused_after
    unpriced_max = position.unpriced_tokens_max
    denials = {
        Reason.SUSPENDED: position.is_suspended,
        Reason.INVOICE_OVERDUE: refused_after is not None and now > refused_after,
        Reason.TOKENS_EXHAUSTED: not position.overage_enabled and position.token_balance <= 0,
        Reason.SPEND_LIMIT: _is_spent(position),
        Reason.CREDIT_LIMIT: position.credit_left_nanos == 0,
        Reason.UNPRICED_LIMIT: unpriced_max is not None and debts.unpriced_tokens >= unpriced_max,
    }
    return next((reason for reason in Reason if denials.get(reason)), Reason.OK)


def _is_spent(position: Position) -> bool:
    # A limit of 0 forbids to spend; it does not take away tokens that are paid for.
    if position.spend_limit_minor == 0:
        return position.token_balance <= 0 or position.debts.spent_nanos > 0
    return position.spend_left_nanos == 0

"""What questions across subjects are answered with: frozen, and free of tables."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.alerts.rules import is_low, owns_tokens


@dataclass(frozen=True, slots=True)
class Stats:
    """The figures of an account at a moment: its UTC month, its period, and all time."""

    month_cost_nanos: int
    month_tokens: int
    total_cost_nanos: int
    unpriced_tokens: int
    plan_id: str
    period_starts_at: datetime
    period_ends_at: datetime
    tokens_quota: int
    tokens_used: int
    quota_tokens_used: int
    extra_tokens: int

    @property
    def plan(self) -> str:
        """Return the plan as programs know it: `pro` for plan-pro."""
        return self.plan_id.removeprefix("plan-")

    @property
    def tokens_remaining(self) -> int:
        """Return what is left of the period's quota."""
        return self.tokens_quota - self.quota_tokens_used

    @property
    def token_balance(self) -> int:
        """Return the quota left and the extra tokens together."""
        return self.tokens_remaining + self.extra_tokens


@dataclass(frozen=True, slots=True)
class QuotaWatch:
    """How far the token balance is from the threshold that the customer has set."""

    has_quota: bool
    tokens_remaining: int
    extra_tokens: int
    alert_threshold: int

    @property
    def token_balance(self) -> int:
        """Return the quota left and the extra tokens together."""
        return self.tokens_remaining + self.extra_tokens

    @property
    def is_low(self) -> bool:
        """Tell whether to warn; who owns no tokens at all has none that could run out."""
        has_tokens = owns_tokens(has_quota=self.has_quota, extra_tokens=self.extra_tokens)
        return has_tokens and is_low(self.token_balance, threshold=self.alert_threshold)


@dataclass(frozen=True, slots=True)
class Debts:
    """What an account owes and has paid, as far as its credit depends on it."""

    # Usage that no invoice carries yet.
    unbilled_nanos: int
    # Issued and unpaid usage invoices; renewals are void if their grace passes unpaid.
    unpaid_minor: int
    oldest_due_at: datetime | None
    # Billed to the running month, whenever it occurred.
    spent_nanos: int
    unpriced_tokens: int
    has_paid: bool
    has_open_dispute: bool
    # As far as it is past its day.
    overdue_minor: int = 0
    # The unpaid invoice that is or was due first.
    oldest_number: str | None = None
    # All that is issued and unpaid, renewals too; and the renewal among it.
    issued_minor: int = 0
    issued_count: int = 0
    renewal_number: str | None = None
    # A card is saved that may be charged without its owner.
    has_card: bool = False

    @property
    def first_number(self) -> str | None:
        """Return what to pay first of all that is issued: what is due, before a renewal."""
        return self.oldest_number or self.renewal_number


@dataclass(frozen=True, slots=True)
class Entitlement:
    """Whether a customer may go on, and what is left to him."""

    is_allowed: bool
    reason: str
    plan_id: str
    tokens_remaining: int
    extra_tokens: int
    max_concurrent_req: int
    rate_limit_per_min: int
    # None where the customer has set no limit.
    spend_left_nanos: int | None
    credit_left_nanos: int
    overage_enabled: bool

    @property
    def plan(self) -> str:
        """Return the plan as programs know it: `pro` for plan-pro."""
        return self.plan_id.removeprefix("plan-")

    @property
    def token_balance(self) -> int:
        """Return the quota left and the extra tokens together."""
        return self.tokens_remaining + self.extra_tokens

"""Extra tokens on offer: what an account has, what more would cost, and what overage costs."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.accounts.models import Account
from app.domain.subscriptions.queries import PeriodView
from app.domain.usage import queries as usage
from app.domain.usage.views import Sums
from app.foundation import money
from app.foundation.periods import BillingMonth

# The running month and the two before it.
MONTHS_COMPARED = 2


@dataclass(frozen=True, slots=True)
class Overage:
    """What tokens beyond the plan cost: by the account's own requests, never a guess.

    By the list, less the discount of the plan that runs: what was billed as overage before may
    have been billed on another plan.
    """

    tokens: int
    nanos: int
    discount_bp: int

    @property
    def per_token_pico(self) -> int:
        """Return the average price of a token, for display."""
        return money.round_half_up(self.nanos * 1000, self.tokens)

    def is_cheaper_than(self, price_pico: int) -> bool:
        """Tell whether a token costs less beyond the plan than one that is bought."""
        return self.nanos * 1000 < price_pico * self.tokens

    def minor_for(self, tokens: int) -> int:
        """Return what so many tokens would come to."""
        return money.minor_from_nanos(money.round_half_up(self.nanos * tokens, self.tokens))


@dataclass(frozen=True, slots=True)
class TokenOffer:
    """The token balance in its parts, and what buying more is like."""

    plan_id: str
    quota: int
    # What a whole period brings: more, where the plan came in the middle of this one.
    plan_quota: int
    tokens_remaining: int
    granted_tokens: int
    bought_tokens: int
    period_ends_at: datetime
    # What one extra token costs; None where the plan sells none.
    price_pico: int | None
    # None where nothing was used yet that could be compared with.
    overage: Overage | None

    @property
    def token_balance(self) -> int:
        """Return the quota left and the extra tokens together."""
        return self.tokens_remaining + self.granted_tokens + self.bought_tokens


def token_offer(account: Account, period: PeriodView, *, now: datetime) -> TokenOffer:
    """Return what the account has and what it is offered in its current period."""
    return TokenOffer(
        plan_id=period.terms.plan_id,
        quota=period.quota,
        plan_quota=period.terms.quota,
        tokens_remaining=period.tokens_remaining,
        granted_tokens=account.granted_tokens,
        bought_tokens=account.extra_tokens - account.granted_tokens,
        period_ends_at=period.ends_at,
        price_pico=period.terms.extra_token_price_pico,
        overage=overage_in(account, period, now=now),
    )


def overage_in(account: Account, period: PeriodView, *, now: datetime) -> Overage | None:
    """Return what the account's own requests would cost beyond the plan of a period."""
    used = usage.priced_since(account, month=compared_since(now))
    return overage_of(used, discount_bp=period.terms.overage_discount_bp)


def compared_since(now: datetime) -> BillingMonth:
    """Return the month from which on an account's own requests are compared with."""
    return BillingMonth.of(now).plus(-MONTHS_COMPARED)


def overage_of(used: Sums, *, discount_bp: int) -> Overage | None:
    """Return what all that was used would cost beyond the plan; None if nothing had a price."""
    if not used.total_tokens or not used.cost_nanos:
        return None
    paid_share = money.BASIS_POINTS - discount_bp
    nanos = money.round_half_up(used.cost_nanos * paid_share, money.BASIS_POINTS)
    return Overage(used.total_tokens, nanos, discount_bp)

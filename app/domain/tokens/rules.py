"""What extra tokens cost, and whether some are to be bought automatically. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.tokens.errors import NoTokensForSale, TopUpAmountInvalid
from app.foundation.errors import FieldError
from app.foundation.sentences import say

TOP_UP_MINOR_MIN, TOP_UP_MINOR_MAX = 500, 1_000_000
# A cent in the unit of token prices.
PICO_PER_MINOR = 10_000_000_000
PAUSE_BETWEEN = timedelta(minutes=10)
PAUSE_AFTER_DECLINE = timedelta(hours=1)
DECLINES_MAX = 3
# How long a purchase waits for the customer to prove himself to his bank.
AUTHENTICATION_WAITS = timedelta(hours=24)


def tokens_for(amount_minor: int, *, price_pico: int | None) -> int:
    """Return how many tokens a net amount buys. Raises NoTokensForSale and TopUpAmountInvalid."""
    if price_pico is None:
        raise NoTokensForSale(
            say("Your plan sells no extra tokens. Choose a plan that does first.")
        )
    if not TOP_UP_MINOR_MIN <= amount_minor <= TOP_UP_MINOR_MAX:
        message = say("The amount must be from 5 to 10,000 USD.")
        fields = [FieldError("amount", "top_up_amount_invalid", message)]
        raise TopUpAmountInvalid(message, fields=fields)
    return amount_minor * PICO_PER_MINOR // price_pico


def tokens_of_part(tokens: int, *, part_minor: int, whole_minor: int, before_minor: int = 0) -> int:
    """Return how many of bought tokens a part of their net price paid for.

    Parts before it are counted along, so that all parts together are all tokens.
    """
    upto = tokens * (before_minor + part_minor) // whole_minor
    return upto - tokens * before_minor // whole_minor


def price_of_part(tokens: int, *, tokens_count: int, whole_minor: int) -> int:
    """Return the largest part of a net price that paid for no more than so many of the tokens."""
    # A cent more would have paid for more than these.
    return ((tokens + 1) * whole_minor - 1) // tokens_count if tokens else 0


def is_automatic(*, switched_on: bool, threshold: int) -> bool:
    """Tell whether automatic top-up is on: while its threshold is 0 it is off."""
    return switched_on and threshold > 0


class NeverBuys(StrEnum):
    """Why automatic top-up buys nothing as it is set, whatever is used and whoever pays."""

    NO_THRESHOLD = "no_threshold"
    NO_TIMES = "no_times"
    LIMIT_TOO_LOW = "limit_too_low"


def never_buys_because(
    *, threshold: int, max_per_month: int, monthly_limit_minor: int, gross_minor: int
) -> NeverBuys | None:
    """Return what keeps every purchase from happening, if anything set does."""
    reasons = {
        NeverBuys.NO_THRESHOLD: threshold == 0,
        NeverBuys.NO_TIMES: max_per_month == 0,
        NeverBuys.LIMIT_TOO_LOW: monthly_limit_minor < gross_minor,
    }
    return next((reason for reason, applies in reasons.items() if applies), None)


class Guard(StrEnum):
    """Why tokens are bought now, or not, in the order in which it is asked."""

    OFF = "off"
    SWITCHED_OFF = "switched_off"
    ACCOUNT_ENDS = "account_ends"
    NO_TOKENS_FOR_SALE = "no_tokens_for_sale"
    NO_CARD = "no_card"
    ENOUGH_TOKENS = "enough_tokens"
    IN_FLIGHT = "in_flight"
    AWAITS_AUTHENTICATION = "awaits_authentication"
    PAUSED = "paused"
    TOO_SOON = "too_soon"
    COUNT_REACHED = "count_reached"
    AMOUNT_REACHED = "amount_reached"
    BUY = "buy"


@dataclass(frozen=True, slots=True)
class TopUpState:
    """All that automatic top-up depends on."""

    is_on: bool
    threshold: int
    amount_minor: int
    # With tax, as the card is charged and the monthly limit counts.
    gross_minor: int
    price_pico: int | None
    token_balance: int
    has_card: bool
    is_in_flight: bool
    last_attempt_at: datetime | None
    paused_until: datetime | None
    awaits_authentication: bool
    was_switched_off: bool
    # Settled and in flight, of this UTC month.
    count_this_month: int
    gross_this_month_minor: int
    max_per_month: int
    monthly_limit_minor: int
    declines_in_a_row: int = 0
    # Nothing is bought for an account that is to be deleted.
    account_ends: bool = False

    @property
    def next_possible_at(self) -> datetime | None:
        """Return before which moment nothing is bought, if there is one."""
        after_last = None if self.last_attempt_at is None else self.last_attempt_at + PAUSE_BETWEEN
        return max(filter(None, (self.paused_until, after_last)), default=None)


def guard(state: TopUpState, *, now: datetime) -> Guard:
    """Return the first reason that keeps tokens from being bought, or BUY."""
    would_be_minor = state.gross_this_month_minor + state.gross_minor
    last, paused = state.last_attempt_at, state.paused_until
    reasons = {
        Guard.SWITCHED_OFF: state.was_switched_off and not state.is_on,
        Guard.OFF: not is_automatic(switched_on=state.is_on, threshold=state.threshold),
        Guard.ACCOUNT_ENDS: state.account_ends,
        Guard.NO_TOKENS_FOR_SALE: state.price_pico is None,
        Guard.NO_CARD: not state.has_card,
        Guard.ENOUGH_TOKENS: state.token_balance >= state.threshold,
        Guard.IN_FLIGHT: state.is_in_flight,
        Guard.AWAITS_AUTHENTICATION: state.awaits_authentication and _lasts(paused, now=now),
        Guard.PAUSED: _lasts(paused, now=now),
        Guard.TOO_SOON: last is not None and now < last + PAUSE_BETWEEN,
        Guard.COUNT_REACHED: state.count_this_month >= state.max_per_month,
        Guard.AMOUNT_REACHED: would_be_minor > state.monthly_limit_minor,
    }
    return next((reason for reason, applies in reasons.items() if applies), Guard.BUY)


def begun_anew(state: TopUpState) -> TopUpState:
    """Return how it stands for whoever switches it on: what was declined before is forgotten."""
    return replace(
        state,
        paused_until=None,
        awaits_authentication=False,
        was_switched_off=False,
        declines_in_a_row=0,
    )


def is_declined(
    *, declines_in_a_row: int, awaits_authentication: bool, is_on: bool, was_switched_off: bool
) -> bool:
    """Tell whether a decline keeps tokens from being bought that are wanted.

    Whoever has switched it off himself wants none; where declines did, nobody has asked him.
    """
    is_wanted = is_on or was_switched_off
    return is_wanted and (declines_in_a_row > 0 or awaits_authentication)


def _lasts(until: datetime | None, *, now: datetime) -> bool:
    return until is not None and now < until


@dataclass(frozen=True, slots=True)
class Lot:
    """A movement of the ledger, as far as it matters which bought tokens are left."""

    source: str | None
    tokens: int
    granted_tokens: int

    @property
    def bought_tokens(self) -> int:
        """Return how many bought tokens came or went."""
        return self.tokens - self.granted_tokens


def unused_of(source: str, ledger: list[Lot]) -> int:
    """Return how many tokens of one purchase are left: bought ones are drawn first in, first out.

    What was taken back of a purchase is its own; what a void gives back goes to the end.
    """
    lots: list[tuple[str | None, int]] = []
    for entry in ledger:
        if entry.bought_tokens > 0:
            lots.append((entry.source, entry.bought_tokens))
        else:
            lots = _drawn(lots, -entry.bought_tokens, first=_owner(entry.source))
    return sum(tokens for lot, tokens in lots if lot == source)


def _owner(source: str | None) -> str | None:
    """Return whose tokens a refund takes: `refund:7:payment:pay-1` takes those of payment:pay-1."""
    if source is None or not source.startswith("refund:"):
        return None
    return source.partition(":")[2].partition(":")[2]


def _drawn(
    lots: list[tuple[str | None, int]], tokens: int, *, first: str | None
) -> list[tuple[str | None, int]]:
    """Return what is left after a draw: of the named lot first, then of the oldest."""
    order = sorted(range(len(lots)), key=lambda at: (lots[at][0] != first, at))
    left = dict(enumerate(tokens_left for _, tokens_left in lots))
    for at in order:
        taken = min(left[at], tokens)
        left[at] -= taken
        tokens -= taken
    return [(lot, left[at]) for at, (lot, _) in enumerate(lots)]

"""The prices that a process has read before, and how it learns that others hold now.

Whoever changes prices marks their state with a number that was never used before, in the same
transaction. Whoever prices usage reads that number first: a change holds at once in every process,
and a change that is undone takes its number along.
"""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, SelectBase, select, text

from app.domain.accounts.models import Counter
from app.domain.catalog.rules import Price, PriceBook
from app.foundation.database import bound_to, session
from app.foundation.direct import Question

STATE = "prices"
MARK = text(
    "INSERT INTO counters (name, value) VALUES (:name, :value)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
STATE_BITS = 62
# How many names a process remembers, those without a price too; whole price tables have 3,000.
NAMES_MAX = 20_000
# Where nobody has changed a price since the installation.
UNTOUCHED = 0


@dataclass(slots=True)
class RememberedPrices:
    """What the names mean that were asked for while prices stood in one state."""

    state: int
    names: set[str] = field(default_factory=set)
    prices: dict[str, list[Price]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)

    def unknown_of(self, names: Collection[str]) -> set[str]:
        """Return the names that were not asked for yet."""
        return set(names) - self.names

    def learn(
        self, names: Collection[str], *, prices: Mapping[str, list[Price]], aliases: dict[str, str]
    ) -> None:
        """Remember what these names mean, or that they mean nothing."""
        self.prices.update(prices)
        self.aliases.update(aliases)
        # Last: another thread may look at the names first.
        self.names.update(names)

    def book(self) -> PriceBook:
        """Return all that is remembered."""
        return PriceBook(self.prices, self.aliases)


_remembered: WeakKeyDictionary[Engine | Connection, RememberedPrices] = WeakKeyDictionary()


@Question
def _state() -> SelectBase:
    return select(Counter.value).where(Counter.name == STATE)


def remembered_prices() -> RememberedPrices:
    """Return what this process remembers of the prices as they stand in this database now."""
    state = next((value for (value,) in _state.ask({})), UNTOUCHED)
    engine = bound_to()
    known = _remembered.get(engine)
    if known is None or known.state != state or len(known.names) > NAMES_MAX:
        known = _remembered[engine] = RememberedPrices(state)
    return known


def mark_change() -> None:
    """Let everybody read prices anew once this transaction is committed; prices are locked."""
    # Drawn, not counted: a count that was rolled back would come again for another state.
    session.execute(MARK, {"name": STATE, "value": secrets.randbits(STATE_BITS)})

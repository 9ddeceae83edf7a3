"""What tokens cost, and which price a name means. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Price:
    """What a model's tokens cost during `[effective_from, effective_to)`, in pico-USD a token."""

    id: int
    model_id: str
    prompt_pico: int
    completion_pico: int
    cache_read_pico: int
    cache_write_pico: int
    included_in_plans: bool
    effective_from: datetime
    effective_to: datetime | None

    def holds_at(self, moment: datetime) -> bool:
        """Tell whether this is the price at the moment."""
        return self.effective_from <= moment and (
            self.effective_to is None or moment < self.effective_to
        )


@dataclass(frozen=True, slots=True)
class PriceBook:
    """The prices and aliases that a set of reported model names may mean."""

    prices: Mapping[str, Sequence[Price]]
    aliases: Mapping[str, str]

    def find_price_at(self, name: str, moment: datetime) -> Price | None:
        """Return the price of the model so named, at the moment of use; None if it has none.

        The name itself comes first, then an alias, then both without the `provider/` prefix.
        """
        for price in self.prices_of(name):
            if price.holds_at(moment):
                return price
        return None

    def prices_of(self, name: str) -> Iterator[Price]:
        """Yield every price that the name may mean at some moment, in the order of precedence."""
        for candidate in names_of(name):
            for model_id in (candidate, self.aliases.get(candidate)):
                yield from self.prices.get(model_id, ()) if model_id else ()


def names_of(name: str) -> tuple[str, ...]:
    """Return the names to look up, best first: as reported, then without its `provider/`."""
    provider, separator, bare = name.partition("/")
    return (name, bare) if provider and separator and bare else (name,)


class TokenKind(StrEnum):
    """What tokens of a request are charged as."""

    INPUT = "input"
    CACHE_READ = "cache_read"
    CACHE_WRITE = "cache_write"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class PricedTokens:
    """A request's tokens of one kind, and what each of them costs in pico-USD."""

    kind: TokenKind
    tokens: int
    pico: int

    @property
    def cost_pico(self) -> int:
        """Return what they cost together, exactly."""
        return self.tokens * self.pico


def priced_tokens(
    price: Price,
    *,
    prompt_tokens: int,
    completion_tokens: int,
    cached_tokens: int,
    cache_write_tokens: int,
) -> tuple[PricedTokens, ...]:
    """Return a request's tokens by what they are charged as; kinds without any are left out."""
    plain_tokens = prompt_tokens - cached_tokens - cache_write_tokens
    every = (
        PricedTokens(TokenKind.INPUT, plain_tokens, price.prompt_pico),
        PricedTokens(TokenKind.CACHE_READ, cached_tokens, price.cache_read_pico),
        PricedTokens(TokenKind.CACHE_WRITE, cache_write_tokens, price.cache_write_pico),
        PricedTokens(TokenKind.OUTPUT, completion_tokens, price.completion_pico),
    )
    return tuple(part for part in every if part.tokens)


def pico_tokens(
    price: Price,
    *,
    prompt_tokens: int,
    completion_tokens: int,
    cached_tokens: int,
    cache_write_tokens: int,
) -> int:
    """Return the exact list cost in tokens times pico-USD; cached tokens are part of the prompt."""
    plain_tokens = prompt_tokens - cached_tokens - cache_write_tokens
    return (
        plain_tokens * price.prompt_pico
        + cached_tokens * price.cache_read_pico
        + cache_write_tokens * price.cache_write_pico
        + completion_tokens * price.completion_pico
    )

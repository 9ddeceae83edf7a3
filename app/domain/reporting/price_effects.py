"""What another price of a model comes to, before it is set: on the usage of the last 30 days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import cast, func, select

from app.domain.catalog import queries as catalog
from app.domain.catalog.price_changes import PriceTerms
from app.domain.catalog.rules import PriceBook, names_of
from app.domain.reporting.plan_costs import DAYS
from app.domain.usage.models import UsageDaily, UsageMonthly
from app.foundation.bulk import any_of
from app.foundation.database import Whole, session
from app.foundation.money import round_half_up, token_cost_nanos
from app.foundation.periods import BillingMonth

SUMMED = (
    *("prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens"),
    *("cost_nanos", "final_nanos"),
)


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A model's tokens under all of its names, what they list for, and what was charged."""

    customers: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    cost_nanos: int
    final_nanos: int


@dataclass(frozen=True, slots=True)
class PriceEffect:
    """What a model's users would have paid for their last 30 days of it."""

    customers: int
    before_nanos: int
    after_nanos: int

    @property
    def difference_nanos(self) -> int:
        """Return by how much a month's revenue would differ."""
        return self.after_nanos - self.before_nanos


def price_effect(model_id: str, terms: PriceTerms, *, now: datetime) -> PriceEffect | None:
    """Return what the terms come to; None where nothing that has a price was used."""
    used = _used(_reported_as(model_id, now=now), now=now)
    if not used.cost_nanos:
        return None
    return PriceEffect(used.customers, used.final_nanos, charged_at(terms, used))


def charged_at(terms: PriceTerms, used: ModelUse) -> int:
    """Return what would be charged for the tokens, of which plans cover the same share as now."""
    read, write = (
        terms.prompt_pico if pico is None else pico
        for pico in (terms.cache_read_pico, terms.cache_write_pico)
    )
    plain_tokens = used.prompt_tokens - used.cached_tokens - used.cache_write_tokens
    listed = token_cost_nanos(
        plain_tokens * terms.prompt_pico
        + used.cached_tokens * read
        + used.cache_write_tokens * write
        + used.completion_tokens * terms.completion_pico
    )
    return round_half_up(used.final_nanos * listed, used.cost_nanos)


def means(name: str, model_id: str, book: PriceBook) -> bool:
    """Tell whether usage that is reported under a name costs what the model costs."""
    first = next(book.prices_of(name), None)
    named = {
        each for candidate in names_of(name) for each in (candidate, book.aliases.get(candidate))
    }
    return model_id in named and (first is None or first.model_id == model_id)


def _reported_as(model_id: str, *, now: datetime) -> Sequence[str]:
    """Return the names of lately under which the model was reported."""
    since = str(BillingMonth.of(now - timedelta(days=DAYS)))
    lately = select(UsageMonthly.model).where(UsageMonthly.billing_month >= since).distinct()
    names = session.scalars(lately).all()
    book = catalog.price_book(names)
    return [name for name in names if means(name, model_id, book)]


def _used(names: Sequence[str], *, now: datetime) -> ModelUse:
    sums = [func.coalesce(cast(func.sum(getattr(UsageDaily, name)), Whole), 0) for name in SUMMED]
    counted = func.count(UsageDaily.user_id.distinct())
    first = (now - timedelta(days=DAYS)).date()
    lately = any_of(UsageDaily.model, names), UsageDaily.day > first
    figures: Sequence[int] = session.execute(select(counted, *sums).where(*lately)).one()
    return ModelUse(*figures)

"""The operator's list of models: what each costs, by which names, and what a change would do."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.domain.catalog import price_changes, queries
from app.domain.catalog.models import ModelAlias, ModelPrice
from app.domain.catalog.price_changes import PriceChange, PriceInForce, PriceTerms
from app.foundation.bulk import any_of
from app.foundation.database import session


@dataclass(frozen=True, slots=True)
class PricedModel:
    """A model with its prices in the order of time, and the other names that stand for it."""

    model_id: str
    prices: tuple[PriceInForce, ...]
    aliases: tuple[str, ...]

    def price_at(self, moment: datetime) -> PriceInForce:
        """Return the price that counts at a moment, or else the first that will."""
        begun = [price for price in self.prices if price.effective_from <= moment]
        return begun[-1] if begun else self.prices[0]


@dataclass(frozen=True, slots=True)
class ReplacedPrice:
    """A price that another one took the place of; what it priced keeps its cost."""

    terms: PriceTerms
    effective_from: datetime
    replaced_at: datetime
    set_by: str | None


@dataclass(frozen=True, slots=True)
class ModelsPage:
    """Some models in the order of their names, and the name that the next ones follow."""

    models: tuple[PricedModel, ...]
    next_after: str | None


def models_page(*, limit: int, query: str | None = None, after: str | None = None) -> ModelsPage:
    """Return a page of the models that have a price: all, or whose name has the text.

    Capitals do not matter. Three statements, however long the page.
    """
    names = select(ModelPrice.model_id).where(ModelPrice.replaced_at.is_(None)).distinct()
    if query is not None:
        names = names.where(ModelPrice.model_id.icontains(query, autoescape=True))
    if after is not None:
        names = names.where(ModelPrice.model_id > after)
    found = session.scalars(names.order_by(ModelPrice.model_id).limit(limit + 1)).all()
    shown = found[:limit]
    return ModelsPage(_models(shown), shown[-1] if len(found) > limit else None)


def find_model(model_id: str) -> PricedModel | None:
    """Return the model, if it has a price."""
    return next(iter(_models([model_id])), None)


def replaced_prices(model_id: str, *, limit: int) -> tuple[ReplacedPrice, ...]:
    """Return the model's prices that count for nothing any more, the last replaced first."""
    price = ModelPrice
    gone = select(price).where(price.model_id == model_id, price.replaced_at.is_not(None))
    newest = gone.order_by(price.replaced_at.desc(), price.id.desc()).limit(limit)
    return tuple(
        ReplacedPrice(
            terms=PriceTerms(
                row.prompt_price_pico,
                row.completion_price_pico,
                row.cache_read_price_pico,
                row.cache_write_price_pico,
                row.provider,
                row.included_in_plans,
            ),
            effective_from=row.effective_from,
            replaced_at=row.replaced_at,
            set_by=row.set_by,
        )
        for row in session.scalars(newest)
        if row.replaced_at is not None
    )


def preview_price(model_id: str, terms: PriceTerms, *, starts_at: datetime) -> PriceChange | None:
    """Return what setting the price would change; None if it says the same already.

    Raises ModelNameInvalid and PriceInvalid, as setting it would.
    """
    price_changes.checked_model_name(model_id)
    price_changes.check_terms(terms)
    in_force = queries.prices_in_force([model_id]).get(model_id, [])
    return price_changes.find_change(model_id, in_force, terms, starts_at=starts_at)


def _models(model_ids: Sequence[str]) -> tuple[PricedModel, ...]:
    prices, aliases = queries.prices_in_force(model_ids), _aliases(model_ids)
    return tuple(
        PricedModel(model_id, tuple(prices[model_id]), tuple(aliases[model_id]))
        for model_id in model_ids
        if prices.get(model_id)
    )


def _aliases(model_ids: Collection[str]) -> dict[str, list[str]]:
    known = select(ModelAlias.model_id, ModelAlias.alias).where(
        any_of(ModelAlias.model_id, model_ids)
    )
    aliases: dict[str, list[str]] = defaultdict(list)
    for model_id, alias in session.execute(known.order_by(ModelAlias.alias)):
        aliases[model_id].append(alias)
    return aliases

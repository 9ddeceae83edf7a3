"""Questions about plans and prices. Reads only."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, Select, or_, select

from app.domain.accounts.rules import UNSTORABLE
from app.domain.catalog.errors import UnknownModel, UnknownPlan
from app.domain.catalog.models import ModelAlias, ModelPrice, Plan
from app.domain.catalog.price_changes import (
    ListedPrice,
    PriceImport,
    PriceInForce,
    PriceTerms,
    import_changes,
)
from app.domain.catalog.price_memory import remembered_prices
from app.domain.catalog.rules import Price, PriceBook, names_of
from app.foundation.bulk import any_of
from app.foundation.database import session
from app.foundation.one_text import as_one_text, names_in
from app.foundation.sentences import say


def plan(plan_id: str) -> Plan:
    """Return the plan, offered or not. Raises UnknownPlan."""
    # Some of what is asked for is no text for a database.
    found = None if UNSTORABLE.search(plan_id) else session.get(Plan, plan_id)
    if found is None:
        raise no_such_plan()
    return found


def no_such_plan() -> UnknownPlan:
    """Return the refusal of an id that no plan has."""
    return UnknownPlan(say("There is no plan with this id."))


def plans() -> Sequence[Plan]:
    """Return every plan, in the order in which they are shown."""
    return session.scalars(select(Plan).order_by(Plan.display_order)).all()


def plans_for_sale() -> Sequence[Plan]:
    """Return the plans that a customer may choose, in the order in which they are shown."""
    offered = select(Plan).where(Plan.is_active, ~Plan.is_hidden)
    return session.scalars(offered.order_by(Plan.display_order)).all()


def price_book(names: Collection[str]) -> PriceBook:
    """Return what these reported names may mean, and others that were asked for before.

    One statement where all are known already, else three, however many names.
    """
    candidates = {candidate for name in names for candidate in names_of(name)}
    remembered = remembered_prices()
    unknown = remembered.unknown_of(candidates)
    if unknown:
        aliases = _models_of_aliases(unknown)
        prices = _prices_by_model(unknown | set(aliases.values()))
        remembered.learn(unknown, prices=prices, aliases=aliases)
    return remembered.book()


def _models_of_aliases(names: Collection[str]) -> dict[str, str]:
    known = select(ModelAlias.alias, ModelAlias.model_id).where(any_of(ModelAlias.alias, names))
    return {alias: model_id for alias, model_id in session.execute(known)}


def _prices_by_model(model_ids: Collection[str]) -> dict[str, list[Price]]:
    prices: dict[str, list[Price]] = defaultdict(list)
    in_force = select(ModelPrice).where(ModelPrice.replaced_at.is_(None))
    rows = session.scalars(
        in_force.where(any_of(ModelPrice.model_id, model_ids)),
        # What was read before may be from before a change.
        execution_options={"populate_existing": True},
    )
    for row in rows:
        prices[row.model_id].append(price_of(row))
    return prices


def price_of(row: ModelPrice) -> Price:
    """Return the price a row holds; cached tokens without one of their own cost the prompt's."""
    prompt = row.prompt_price_pico
    read, write = row.cache_read_price_pico, row.cache_write_price_pico
    return Price(
        id=row.id,
        model_id=row.model_id,
        prompt_pico=prompt,
        completion_pico=row.completion_price_pico,
        cache_read_pico=prompt if read is None else read,
        cache_write_pico=prompt if write is None else write,
        included_in_plans=row.included_in_plans,
        effective_from=row.effective_from,
        effective_to=row.effective_to,
    )


def prices_called(price_ids: Collection[int]) -> dict[int, Price]:
    """Return the prices with these ids, also those that count for nothing any more."""
    if not price_ids:
        return {}
    rows = session.scalars(select(ModelPrice).where(any_of(ModelPrice.id, price_ids)))
    return {row.id: price_of(row) for row in rows}


def prices_at(moment: datetime) -> Sequence[Price]:
    """Return what every model costs at a moment."""
    price = ModelPrice
    holds = select(price).where(
        price.replaced_at.is_(None),
        price.effective_from <= moment,
        or_(price.effective_to.is_(None), price.effective_to > moment),
    )
    return [price_of(row) for row in session.scalars(holds.order_by(price.model_id))]


def models_outside_plans(*, now: datetime) -> frozenset[str]:
    """Return the models that no quota covers now."""
    return frozenset(session.scalars(_outside_plans(now)))


def outside_plans_taken_up(now: ColumnElement[datetime]) -> ScalarSelect[str]:
    """Return how the same are read beside something else, as one text."""
    return as_one_text(_outside_plans(now).subquery("outside").c.model_id)


def outside_plans_of(text: str | None) -> frozenset[str]:
    """Return the models of that text."""
    return frozenset(names_in(text))


def _outside_plans(now: datetime | ColumnElement[datetime]) -> Select[str]:
    price = ModelPrice
    return select(price.model_id).where(
        price.included_in_plans.is_(False),
        price.replaced_at.is_(None),
        price.effective_from <= now,
        or_(price.effective_to.is_(None), price.effective_to > now),
    )


def prices_in_force(model_ids: Collection[str] | None = None) -> dict[str, list[PriceInForce]]:
    """Return the prices that count, of these models or of all, each model's in order of time."""
    price = ModelPrice
    statement = select(
        price.id,
        price.model_id,
        price.effective_from,
        price.effective_to,
        price.set_by,
        price.prompt_price_pico,
        price.completion_price_pico,
        price.cache_read_price_pico,
        price.cache_write_price_pico,
        price.provider,
        price.included_in_plans,
    ).where(price.replaced_at.is_(None))
    if model_ids is not None:
        statement = statement.where(any_of(price.model_id, model_ids))
    by_model: dict[str, list[PriceInForce]] = defaultdict(list)
    for row in session.execute(statement.order_by(price.model_id, price.effective_from)):
        by_model[row.model_id].append(
            PriceInForce(
                id=row.id,
                model_id=row.model_id,
                terms=PriceTerms(*row[5:]),
                effective_from=row.effective_from,
                effective_to=row.effective_to,
                set_by=row.set_by,
            )
        )
    return by_model


def model_of_alias() -> dict[str, str]:
    """Return every alias with the model it stands for."""
    statement = select(ModelAlias.alias, ModelAlias.model_id).order_by(ModelAlias.alias)
    return {alias: model_id for alias, model_id in session.execute(statement)}


def price_import(
    listed: Sequence[ListedPrice], *, now: datetime, override: Collection[str] = ()
) -> PriceImport:
    """Return what importing a price table now would change. Raises UnknownModel.

    It is raised for a model of `override` that the table does not price.
    """
    unknown = set(override) - {price.model_id for price in listed}
    if unknown:
        first = min(unknown)
        raise UnknownModel(say("The table has no price for {model}.", {"model": first}))
    return import_changes(
        listed, prices_in_force(), aliases=model_of_alias(), override=override, now=now
    )

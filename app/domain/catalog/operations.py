"""What can be done with prices and aliases. Changes state; never commits."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, update

from app.domain.catalog import price_changes, queries
from app.domain.catalog.errors import AliasTaken, UnknownModel
from app.domain.catalog.models import PAY_AS_YOU_GO, ModelAlias, ModelPrice, Plan
from app.domain.catalog.price_changes import SINCE_EVER, PriceChange, PriceTerms
from app.domain.catalog.price_memory import mark_change
from app.foundation import journal, outbox
from app.foundation.bulk import Row, any_of, change_rows, insert_rows
from app.foundation.database import session
from app.foundation.money import usd_per_1k_from_pico
from app.foundation.sentences import say

# What is promised whenever a model may have got a price: usage may be waiting for it.
PRICE_UNPRICED = "price_unpriced"


def set_price(
    model_id: str,
    terms: PriceTerms,
    *,
    actor: str,
    now: datetime,
    starts_at: datetime = SINCE_EVER,
) -> PriceChange | None:
    """Make these the model's terms from a moment on, or since ever; None if they are already.

    The price running then ends there, later ones are replaced. Raises ModelNameInvalid and
    PriceInvalid.
    """
    price_changes.checked_model_name(model_id)
    price_changes.check_terms(terms)
    lock_prices()
    in_force = queries.prices_in_force([model_id]).get(model_id, [])
    change = price_changes.find_change(model_id, in_force, terms, starts_at=starts_at)
    if change is not None:
        change_prices([change], now=now)
        journal.write("price_set", actor=actor, now=now, details=_told(change))
    # Even one that was right already is now somebody's word: no import takes it back.
    _last_price(model_id).set_by = actor
    return change


def set_alias(alias: str, *, model_id: str, actor: str, now: datetime) -> ModelAlias:
    """Let a name stand for a model, whatever it stood for before.

    Raises AliasTaken if the name is a priced model, UnknownModel if the model has no price, and
    ModelNameInvalid.
    """
    price_changes.checked_model_name(alias)
    lock_prices()
    in_force = queries.prices_in_force([alias, model_id])
    names = {"alias": alias, "model": model_id}
    if in_force.get(alias):
        sentence = say("{alias} has a price of its own, so it cannot stand for {model}.", names)
        raise AliasTaken(sentence)
    if not in_force.get(model_id):
        sentence = say("There is no price for {model}, so nothing can stand for it.", names)
        raise UnknownModel(sentence)
    row = session.get(ModelAlias, alias)
    if row is None:
        row = ModelAlias(alias=alias, model_id=model_id, created_at=now)
        session.add(row)
    elif row.model_id == model_id:
        return row
    row.model_id = model_id
    mark_change()
    outbox.add(PRICE_UNPRICED, {}, now=now)
    journal.write("alias_set", actor=actor, now=now, details={"alias": alias, "model_id": model_id})
    return row


def lock_prices() -> None:
    """Let one change of prices happen at a time: whoever comes second sees what the first did."""
    # A row that stands in every installation; usage, which only refers to it, does not wait.
    only = select(Plan.id).where(Plan.id == PAY_AS_YOU_GO)
    session.execute(only.with_for_update(key_share=True))


def change_prices(changes: Sequence[PriceChange], *, now: datetime) -> None:
    """Write the changes: a handful of statements, however many; prices are locked."""
    replaced = [price_id for change in changes for price_id in change.replaced_ids]
    if replaced:
        gone = update(ModelPrice).where(any_of(ModelPrice.id, replaced))
        session.execute(gone.values(replaced_at=now))
    ends: list[Row] = [
        {"id": change.ended_id, "effective_to": change.starts_at}
        for change in changes
        if change.ended_id is not None
    ]
    ends += [
        {"id": change.reopened_id, "effective_to": None}
        for change in changes
        if change.reopened_id is not None
    ]
    change_rows(ModelPrice, ends, key="id")
    new = [_row(change, now=now) for change in changes if change.reopened_id is None]
    insert_rows(ModelPrice, new)
    mark_change()
    outbox.add(PRICE_UNPRICED, {}, now=now)


def _row(change: PriceChange, *, now: datetime) -> Row:
    terms = change.terms
    return {
        "model_id": change.model_id,
        "provider": terms.provider,
        "prompt_price_pico": terms.prompt_pico,
        "completion_price_pico": terms.completion_pico,
        "cache_read_price_pico": terms.cache_read_pico,
        "cache_write_price_pico": terms.cache_write_pico,
        "included_in_plans": terms.included_in_plans,
        "effective_from": change.starts_at,
        "created_at": now,
    }


def _last_price(model_id: str) -> ModelPrice:
    in_force = ModelPrice.replaced_at.is_(None) & ModelPrice.effective_to.is_(None)
    statement = select(ModelPrice).where(ModelPrice.model_id == model_id, in_force)
    return session.scalars(statement.execution_options(populate_existing=True)).one()


def _told(change: PriceChange) -> Mapping[str, object]:
    """Return the change as the journal keeps it: exact amounts, as text."""
    told = {"model_id": change.model_id, "from": change.starts_at.isoformat()}
    before = {} if change.before is None else {"usd_per_1k_before": _prices(change.before)}
    return {**told, **before, "usd_per_1k": _prices(change.terms)}


def _prices(terms: PriceTerms) -> Mapping[str, object]:
    prices = {
        "prompt": terms.prompt_pico,
        "completion": terms.completion_pico,
        "cache_read": terms.cache_read_pico,
        "cache_write": terms.cache_write_pico,
    }
    return {
        name: None if pico is None else str(usd_per_1k_from_pico(pico))
        for name, pico in prices.items()
    }

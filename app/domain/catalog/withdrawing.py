"""Taking back what was said of prices: other names of models, and prices that have not begun.

Changes state; never commits. What usage has cost is never touched.
"""

from datetime import datetime

from sqlalchemy import select, update

from app.domain.catalog import price_changes, queries
from app.domain.catalog.errors import UnknownAlias
from app.domain.catalog.models import ModelAlias, ModelPrice
from app.domain.catalog.operations import lock_prices
from app.domain.catalog.price_changes import PriceWithdrawal
from app.domain.catalog.price_memory import mark_change
from app.foundation import journal
from app.foundation.database import session
from app.foundation.sentences import say


def model_called(name: str) -> str | None:
    """Return the model that a name stands for; None if it stands for none."""
    row = None if price_changes.is_unstorable(name) else session.get(ModelAlias, name)
    return None if row is None else row.model_id


def alias_called(name: str) -> ModelAlias:
    """Return the alias of this name. Raises UnknownAlias."""
    # Some of what is asked for is no text for a database.
    row = None if price_changes.is_unstorable(name) else session.get(ModelAlias, name)
    if row is None:
        raise UnknownAlias(say("There is no alias of this name."))
    return row


def remove_alias(name: str, *, actor: str, now: datetime) -> None:
    """Let a name stand for no model any more. Raises UnknownAlias."""
    lock_prices()
    row = alias_called(name)
    told = {"alias": row.alias, "model_id": row.model_id}
    session.delete(row)
    mark_change()
    journal.write("alias_removed", actor=actor, now=now, details=told)


def preview_withdrawal(price_id: int, *, now: datetime) -> PriceWithdrawal:
    """Return what taking back a price would change. Raises UnknownPrice and PriceBegun."""
    model_id = session.scalar(select(ModelPrice.model_id).where(ModelPrice.id == price_id))
    in_force = queries.prices_in_force([model_id or ""]).get(model_id or "", [])
    return price_changes.find_withdrawal(in_force, price_id, now=now)


def withdraw_price(price_id: int, *, actor: str, now: datetime) -> None:
    """Take back a price that has not begun; the one before it goes on in its place.

    Raises UnknownPrice and PriceBegun.
    """
    lock_prices()
    withdrawal = preview_withdrawal(price_id, now=now)
    gone = withdrawal.price
    # First the one that goes: a model has one price without an end at a time.
    for row_id, values in (
        (gone.id, {"replaced_at": now}),
        (withdrawal.extended_id, {"effective_to": gone.effective_to}),
    ):
        if row_id is not None:
            session.execute(update(ModelPrice).where(ModelPrice.id == row_id).values(**values))
    mark_change()
    told = {"model_id": gone.model_id, "from": gone.effective_from.isoformat()}
    journal.write("price_withdrawn", actor=actor, now=now, details=told)

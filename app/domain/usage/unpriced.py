"""Which usage still waits for a price. Reads only."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select

from app.domain.catalog.rules import Price
from app.domain.usage.models import BillingRecord, RecordStatus
from app.domain.usage.records import LateRecord
from app.foundation.bulk import any_of
from app.foundation.database import COUNTED_MAX, session

IS_UNPRICED = BillingRecord.status == RecordStatus.UNPRICED


class UnpricedModel(NamedTuple):
    """A model without a price, and the usage that waits for one."""

    model: str
    records: int
    tokens: int


class UnpricedTotal(NamedTuple):
    """How much usage waits for a price, over all models; counted up to COUNTED_MAX records."""

    records: int
    tokens: int


def unpriced_total() -> UnpricedTotal:
    """Return how much usage waits for a price, without reading more than is counted."""
    waiting = select(BillingRecord.total_tokens).where(IS_UNPRICED).limit(COUNTED_MAX).subquery()
    total = func.coalesce(func.sum(waiting.c.total_tokens), 0)
    records, tokens = session.execute(select(func.count(), total)).one()
    return UnpricedTotal(records, int(tokens))


def unpriced_models() -> list[str]:
    """Return the names under which unpriced usage was reported, in their order."""
    # From name to name: a look into the index for each of them, however many records wait.
    first = select(func.min(BillingRecord.model).label("model")).where(IS_UNPRICED)
    names = first.cte("names", recursive=True)
    following = select(func.min(BillingRecord.model)).where(
        IS_UNPRICED, BillingRecord.model > names.c.model
    )
    names = names.union_all(select(following.scalar_subquery()).where(names.c.model.is_not(None)))
    found = select(names.c.model).where(names.c.model.is_not(None)).order_by(names.c.model)
    return list(session.scalars(found))


def unpriced_usage() -> list[UnpricedModel]:
    """Return what waits for a price by model, what has most tokens first."""
    tokens = func.sum(BillingRecord.total_tokens)
    counted = select(BillingRecord.model, func.count(), tokens).where(IS_UNPRICED)
    rows = session.execute(
        counted.group_by(BillingRecord.model).order_by(tokens.desc(), BillingRecord.model)
    )
    return [UnpricedModel(model, count, int(total)) for model, count, total in rows]


def records_with_price(
    model: str, prices: Collection[Price], *, after: int, limit: int
) -> Sequence[tuple[int, str]]:
    """Return id and account of the model's next unpriced records that these prices hold for."""
    columns = select(BillingRecord.id, BillingRecord.user_id).where(
        IS_UNPRICED,
        BillingRecord.model == model,
        BillingRecord.id > after,
        or_(*map(_holds, prices)),
    )
    rows = session.execute(columns.order_by(BillingRecord.id).limit(limit))
    return [(record_id, user_id) for record_id, user_id in rows]


def still_unpriced(record_ids: Collection[int]) -> list[LateRecord]:
    """Return those of the records that are unpriced now; ask under the accounts' lock."""
    columns = select(*(getattr(BillingRecord, name) for name in LateRecord._fields))
    rows = session.execute(columns.where(any_of(BillingRecord.id, record_ids), IS_UNPRICED))
    return [LateRecord(*row) for row in rows]


def _holds(price: Price) -> ColumnElement[bool]:
    begun = BillingRecord.occurred_at >= price.effective_from
    if price.effective_to is None:
        return begun
    return and_(begun, BillingRecord.occurred_at < price.effective_to)

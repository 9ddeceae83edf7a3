"""Price the unpriced: usage of a model that had no price is charged once the price has come.

A price or an alias promises it, and the schedule finds what came in between. It may be stopped
anywhere, done twice, and done by two at once: a record is priced under its account's lock, if it
still waits for a price then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from app.domain.accounts import operations as accounts
from app.domain.catalog import queries as catalog
from app.domain.catalog.rules import PriceBook
from app.domain.usage import late_prices, unpriced
from app.domain.usage.late_prices import Filled
from app.domain.usage.records import LateRecord
from app.foundation import journal

RECORDS_AT_ONCE = 500


class Place(NamedTuple):
    """Where the next part begins: after this record of this model."""

    model: str
    record_id: int


START = Place("", 0)


@dataclass(frozen=True, slots=True)
class PricingProgress:
    """How much was priced; `next_after` is None once everything that has a price was looked at."""

    priced_count: int
    next_after: Place | None


def price_unpriced(*, now: datetime, after: Place = START) -> PricingProgress:
    """Price the next part of the unpriced records whose model has a price at their moment.

    Call it, each time in a transaction of its own, until nothing comes after.
    """
    models = [model for model in unpriced.unpriced_models() if model >= after.model]
    book = catalog.price_book(models) if models else PriceBook({}, {})
    with_price = [model for model in models if any(book.prices_of(model))]
    if not with_price:
        return PricingProgress(0, None)
    model, *later = with_price
    found = unpriced.records_with_price(
        model,
        list(book.prices_of(model)),
        after=after.record_id if model == after.model else 0,
        limit=RECORDS_AT_ONCE,
    )
    priced = _price(found, book, now=now)
    if priced:
        told = {"model": model, "records": priced}
        journal.write("usage_priced", actor="system", now=now, details=told)
    if len(found) == RECORDS_AT_ONCE:
        return PricingProgress(priced, Place(model, found[-1][0]))
    return PricingProgress(priced, Place(later[0], 0) if later else None)


def _price(found: Sequence[tuple[int, str]], book: PriceBook, *, now: datetime) -> int:
    if not found:
        return 0
    balances = accounts.lock_balances({user_id for _, user_id in found})
    # Read again: only under the lock is it certain that nobody voids or prices them meanwhile.
    records = unpriced.still_unpriced([record_id for record_id, _ in found])
    filled = _filled(records, book, now=now)
    if filled:
        late_prices.write(filled, balances, now=now)
    return len(filled)


def _filled(records: Sequence[LateRecord], book: PriceBook, *, now: datetime) -> list[Filled]:
    months = late_prices.open_months(records, now=now)
    filled = []
    for record in records:
        price = book.find_price_at(record.model, record.occurred_at)
        assert price is not None, "a record was found for a price that does not hold"
        priced = late_prices.with_price(record, price, month=months[record.id])
        # One that costs too much keeps waiting, for an operator to correct the price.
        if priced is not None:
            filled.append((record, priced))
    return filled

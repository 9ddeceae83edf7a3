"""Import prices: what a public price table says becomes what models cost."""

from collections.abc import Collection, Sequence
from datetime import datetime

from app.domain.catalog import operations as catalog
from app.domain.catalog import queries
from app.domain.catalog.price_changes import ListedPrice, PriceImport
from app.foundation import journal


def import_prices(
    listed: Sequence[ListedPrice], *, actor: str, now: datetime, override: Collection[str] = ()
) -> PriceImport:
    """Write what the table changes, and return it: a second import of it changes nothing.

    New models cost so since ever, changed ones from now on. What was set by hand stays unless
    `override` names it. Raises UnknownModel for a name there that the table does not price.
    """
    catalog.lock_prices()
    changes = queries.price_import(listed, now=now, override=override)
    if changes.new or changes.changed:
        catalog.change_prices([*changes.new, *changes.changed], now=now)
        counts = {"new": len(changes.new), "changed": len(changes.changed)}
        journal.write("prices_imported", actor=actor, now=now, details=counts)
    return changes

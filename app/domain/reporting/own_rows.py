"""A customer's own rows, a page at a time, with exact amounts. Reads only."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from sqlalchemy import Select, inspect, select, tuple_

from app.domain.accounts import security_journal
from app.domain.accounts.models import Account
from app.domain.accounts.security_journal import By
from app.domain.reporting.own_tables import OF_THE_ACCOUNT, OF_THE_SETTINGS, OwnTable
from app.foundation.database import end_reading, session
from app.foundation.journal import JournalEntry
from app.foundation.money import usd_from_minor, usd_from_nanos, usd_per_token_from_pico

ROWS_AT_ONCE = 500
# What a mail's link opens, sealed or not, is the mail's reader's alone.
NEVER_TOLD = "sealed_"
# What was noted for our own eyes: why we think what we think of somebody.
OURS = ("reason",)
OURSELVES = {By.OPERATOR, By.PROVIDER, By.PROGRAM}

OwnRow = Mapping[str, object]


def account_row(account: Account) -> OwnRow:
    """Return what is known of the account itself."""
    return next(each_row(account, OF_THE_ACCOUNT))


def settings_row(account: Account) -> OwnRow:
    """Return what the account has set."""
    return next(each_row(account, OF_THE_SETTINGS))


def names_of(table: OwnTable) -> tuple[str, ...]:
    """Return under which names a table's rows are told."""
    return tuple(_told(dict.fromkeys([*table.columns, *(table.beside or {})])))


def each_row(account: Account, table: OwnTable) -> Iterator[OwnRow]:
    """Return the account's rows of a table one by one, oldest first, however many there are.

    Not for use inside a transaction: nothing is held while whoever asked takes his time.
    """
    keys = inspect(table.model).primary_key
    statement = _own(account, table).add_columns(*keys).order_by(*keys)
    names = [*table.columns, *(table.beside or {})]
    rows = session.execute(statement.limit(ROWS_AT_ONCE)).all()
    while rows:
        end_reading()
        for row in rows:
            yield _told(dict(zip(names, row, strict=False)))
        if len(rows) < ROWS_AT_ONCE:
            return
        after = tuple_(*keys) > tuple_(*rows[-1][len(names) :])
        rows = session.execute(statement.where(after).limit(ROWS_AT_ONCE)).all()


def each_act(account: Account) -> Iterator[OwnRow]:
    """Return what the journal holds about the account, oldest first."""
    last_id, entries = 0, _entries_after(account, 0)
    while entries:
        end_reading()
        for entry in entries:
            yield _act(entry, account)
            last_id = entry.id
        entries = _entries_after(account, last_id)


def _own(account: Account, table: OwnTable) -> Select[Any]:
    model, columns = table.model, [getattr(table.model, name) for name in table.columns]
    owner = model.id if model is Account else getattr(model, "user_id", None)
    statement = select(*columns)
    for through, other, told in (table.beside or {}).values():
        of_other = select(getattr(other, told)).where(other.id == getattr(model, through))
        statement = statement.add_columns(of_other.correlate(model).scalar_subquery())
    if table.through is not None:
        column, parent = table.through
        theirs = select(parent.id).where(parent.user_id == account.id)
        return statement.where(getattr(model, column).in_(theirs))
    assert owner is not None, "every table of the list names its account"
    return statement.where(owner == account.id)


def _told(row: Mapping[str, object]) -> OwnRow:
    """Return the row with its amounts in USD, under the name that they have outside."""
    return dict(chain.from_iterable(_named(name, value) for name, value in row.items()))


def _named(name: str, value: object) -> Iterator[tuple[str, object]]:
    stem, _, unit = name.rpartition("_")
    exact = {"minor": usd_from_minor, "nanos": usd_from_nanos, "pico": usd_per_token_from_pico}.get(
        unit
    )
    if exact is not None:
        yield f"{stem}_usd", exact(value) if isinstance(value, int) else None
    elif isinstance(value, Mapping):
        yield name, {key: each for key, each in value.items() if not key.startswith(NEVER_TOLD)}
    else:
        yield name, value


def _entries_after(account: Account, last_id: int) -> list[JournalEntry]:
    ours = select(JournalEntry).where(JournalEntry.user_id == account.id, JournalEntry.id > last_id)
    return list(session.scalars(ours.order_by(JournalEntry.id).limit(ROWS_AT_ONCE)))


def _act(entry: JournalEntry, account: Account) -> OwnRow:
    by = security_journal.by_whom(entry.actor, account)
    hidden = OURS if by in OURSELVES else ()
    details = {name: value for name, value in entry.details.items() if name not in hidden}
    return {"happened_at": entry.happened_at, "action": entry.action, "by": by, "details": details}

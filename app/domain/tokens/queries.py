"""Questions about extra tokens. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, true
from sqlalchemy.orm import aliased

from app.domain.accounts.models import Account
from app.domain.tokens.models import AutoTopup, TokenEntry
from app.domain.tokens.rules import Lot
from app.foundation.database import session


@dataclass(frozen=True, slots=True)
class EntryView:
    """One movement of extra tokens, as its customer sees it."""

    kind: str
    tokens: int
    granted_tokens: int
    balance_after: int
    price_pico: int | None
    note: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class EntriesPage:
    """A page of the ledger, newest first."""

    entries: tuple[EntryView, ...]
    total: int


def entries_page(
    account: Account, *, page: int, page_size: int, kind: str | None = None
) -> EntriesPage:
    """Return a page of the account's token ledger, newest first: of all kinds, or of one."""
    ours = [TokenEntry.user_id == account.id]
    if kind is not None:
        ours.append(TokenEntry.kind == kind)
    newest = select(TokenEntry).where(*ours)
    newest = newest.order_by(TokenEntry.created_at.desc(), TokenEntry.id.desc())
    on_page = newest.limit(page_size).offset((page - 1) * page_size).subquery()
    entry = aliased(TokenEntry, on_page)
    # How many there are is one row always: a page beyond the last one is told it, too.
    counted = select(func.count().label("total")).where(*ours).subquery()
    found = select(counted.c.total, entry).select_from(counted).outerjoin(entry, true())
    rows = session.execute(found.order_by(entry.created_at.desc(), entry.id.desc())).all()
    entries = tuple(_view(row) for _, row in rows if row is not None)
    return EntriesPage(entries, rows[0].total)


def ledger(account: Account) -> list[Lot]:
    """Return the whole ledger, oldest first, for finding out which bought tokens are left."""
    columns = select(TokenEntry.source, TokenEntry.tokens, TokenEntry.granted_tokens)
    rows = session.execute(columns.filter_by(user_id=account.id).order_by(TokenEntry.id))
    return [Lot(*row) for row in rows]


def find_guard(user_id: str) -> AutoTopup | None:
    """Return what automatic top-up remembers of the account, if it ever tried."""
    return session.get(AutoTopup, user_id, populate_existing=True)


def _view(row: TokenEntry) -> EntryView:
    return EntryView(
        kind=row.kind,
        tokens=row.tokens,
        granted_tokens=row.granted_tokens,
        balance_after=row.balance_after,
        price_pico=row.price_pico,
        note=row.note,
        created_at=row.created_at,
    )

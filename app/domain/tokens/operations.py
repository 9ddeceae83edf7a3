"""What can be done with extra tokens. Changes state; never commits."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from app.domain.accounts.models import Account
from app.domain.tokens.models import TokenEntry
from app.foundation.bulk import change_rows, insert_rows


@dataclass(frozen=True, slots=True)
class Movement:
    """How a locked account's extra tokens change; signed, with the balance that it leaves."""

    user_id: str
    kind: str
    tokens: int
    granted_tokens: int
    balance_after: int
    granted_after: int
    note: str = ""


def book(movements: Iterable[Movement], *, now: datetime) -> None:
    """Enter the movements in the ledger and set the balances: two statements, however many."""
    moved = [movement for movement in movements if movement.tokens]
    insert_rows(
        TokenEntry,
        [
            {
                "user_id": movement.user_id,
                "kind": movement.kind,
                "tokens": movement.tokens,
                "granted_tokens": movement.granted_tokens,
                "balance_after": movement.balance_after,
                "note": movement.note,
                "created_at": now,
            }
            for movement in moved
        ],
    )
    change_rows(
        Account,
        [
            {
                "id": movement.user_id,
                "extra_tokens": movement.balance_after,
                "granted_tokens": movement.granted_after,
            }
            for movement in moved
        ],
        key="id",
    )

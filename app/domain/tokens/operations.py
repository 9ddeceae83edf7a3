"""What can be done with extra tokens. Changes state; never commits."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update

from app.domain.accounts.models import Account
from app.domain.tokens import queries, rules
from app.domain.tokens.models import AutoTopup, TokenEntry
from app.foundation.bulk import changing, inserting
from app.foundation.database import session
from app.foundation.writes import Write, do_together


@dataclass(frozen=True, slots=True)
class Movement:
    """How a locked account's extra tokens change; signed, with the balance that it leaves."""

    user_id: str
    kind: str
    tokens: int
    granted_tokens: int
    balance_after: int
    granted_after: int
    # What one bought token cost, in pico-USD.
    price_pico: int | None = None
    # What it came from, once: a repeat breaks the unique key.
    source: str | None = None
    note: str = ""


def book(movements: Iterable[Movement], *, now: datetime) -> None:
    """Enter the movements in the ledger and set the balances, however many."""
    do_together(booking(movements, now=now))


def booking(movements: Iterable[Movement], *, now: datetime) -> list[Write]:
    """Prepare what book does."""
    moved = [movement for movement in movements if movement.tokens]
    entries = inserting(
        TokenEntry,
        [
            {
                "user_id": movement.user_id,
                "kind": movement.kind,
                "tokens": movement.tokens,
                "granted_tokens": movement.granted_tokens,
                "balance_after": movement.balance_after,
                "price_pico": movement.price_pico,
                "source": movement.source,
                "note": movement.note,
                "created_at": now,
            }
            for movement in moved
        ],
    )
    balances = changing(
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
    return [entries, balances]


def buy(
    account: Account, *, tokens_count: int, price_pico: int, source: str, now: datetime
) -> None:
    """Give the locked account tokens that were paid for, once for each source."""
    _move(account, "top_up", tokens_count, granted=0, price_pico=price_pico, source=source, now=now)


def grant(account: Account, *, tokens_count: int, source: str, note: str, now: datetime) -> None:
    """Give the locked account tokens for nothing, once for each source."""
    _move(account, "grant", tokens_count, granted=tokens_count, source=source, note=note, now=now)


def take_back(
    account: Account, *, tokens_count: int, source: str, note: str, now: datetime
) -> None:
    """Take bought tokens of the locked account back, once for each source."""
    bought = account.extra_tokens - account.granted_tokens
    assert 0 <= tokens_count <= bought, "only bought tokens are taken back"
    _move(account, "refund", -tokens_count, granted=0, source=source, note=note, now=now)


def note_attempt(user_id: str, *, now: datetime) -> None:
    """Remember that the locked account's card is about to be charged."""
    _guard(user_id, now=now).last_attempt_at = now


def note_bought(user_id: str, *, now: datetime) -> None:
    """Forget what was declined before: tokens have been bought."""
    guard = _guard(user_id, now=now)
    guard.declines_in_a_row, guard.awaits_authentication = 0, False
    guard.paused_until = guard.switched_off_at = None


def note_declined(user_id: str, *, now: datetime) -> AutoTopup:
    """Remember a decline: wait an hour, or for the customer after the third in a row."""
    guard = _guard(user_id, now=now)
    guard.declines_in_a_row += 1
    guard.paused_until = now + rules.PAUSE_AFTER_DECLINE
    if guard.declines_in_a_row >= rules.DECLINES_MAX:
        guard.switched_off_at = now
    return guard


def note_authentication(user_id: str, *, now: datetime) -> None:
    """Remember that the bank wants to hear the customer himself."""
    guard = _guard(user_id, now=now)
    guard.awaits_authentication = True
    guard.paused_until = now + rules.AUTHENTICATION_WAITS


def note_switched_on(user_id: str, *, now: datetime) -> None:
    """Let an account that has switched automatic top-up on begin anew."""
    note_bought(user_id, now=now)


def note_switched_off(user_id: str, *, now: datetime) -> None:
    """Remember that the locked account's owner wants nothing bought: the declines' word is over."""
    if queries.find_guard(user_id) is not None:
        _guard(user_id, now=now).switched_off_at = None


def _guard(user_id: str, *, now: datetime) -> AutoTopup:
    guard = queries.find_guard(user_id)
    if guard is None:
        guard = AutoTopup(
            user_id=user_id, declines_in_a_row=0, awaits_authentication=False, updated_at=now
        )
        session.add(guard)
    guard.updated_at = now
    return guard


def _move(
    account: Account,
    kind: str,
    tokens: int,
    *,
    granted: int,
    source: str,
    now: datetime,
    price_pico: int | None = None,
    note: str = "",
) -> None:
    session.flush()
    movement = Movement(
        user_id=account.id,
        kind=kind,
        tokens=tokens,
        granted_tokens=granted,
        balance_after=account.extra_tokens + tokens,
        granted_after=account.granted_tokens + granted,
        price_pico=price_pico,
        source=source,
        note=note,
    )
    book([movement], now=now)
    # Written behind the session's back.
    session.refresh(account, ["extra_tokens", "granted_tokens"])


def forget_notes(account: Account, *, but: str) -> None:
    """Erase what was written beside the account's movements; the movements stay."""
    written = TokenEntry.user_id == account.id, TokenEntry.note != but
    session.execute(update(TokenEntry).where(*written).values(note=""))

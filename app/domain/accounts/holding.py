"""An account that is locked from the beginning of a transaction to its end.

A form is sent by somebody who is signed in: his account is locked before his session is looked
at, and everything that the form does would lock it again, at a statement each time. So would each
part of a program's change of settings.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from app.domain.accounts.models import Account

_held: ContextVar[tuple[str, Account] | None] = ContextVar("held", default=None)


@contextmanager
def holding(account: Account) -> Iterator[None]:
    """Let whoever locks this locked account inside have it without asking.

    Until the transaction ends nobody else can change its row, and it is this object that is
    changed: to read the row anew would tell nothing new.
    """
    held = _held.set((account.id, account))
    try:
        yield
    finally:
        _held.reset(held)


def find_held(user_id: str) -> Account | None:
    """Return the account if the running transaction holds it."""
    held = _held.get()
    return held[1] if held is not None and held[0] == user_id else None

"""Makes extra tokens, through the ledger."""

from datetime import datetime

from app.domain.accounts.operations import lock_balances
from app.domain.tokens import operations as tokens
from app.domain.tokens.operations import Movement
from app.foundation.database import session, transaction
from tests.moments import NOW


def make_extra_tokens(
    user_id: str = "ada", *, bought: int = 0, granted: int = 0, now: datetime = NOW
) -> None:
    """Give an account extra tokens, some of them granted and some of them bought."""
    for tokens_count, granted_count, kind in ((granted, granted, "grant"), (bought, 0, "top_up")):
        with transaction():
            balance = lock_balances({user_id})[user_id]
            movement = Movement(
                user_id=user_id,
                kind=kind,
                tokens=tokens_count,
                granted_tokens=granted_count,
                balance_after=balance.extra_tokens + tokens_count,
                granted_after=balance.granted_tokens + granted_count,
            )
            tokens.book([movement], now=now)
    session.expire_all()

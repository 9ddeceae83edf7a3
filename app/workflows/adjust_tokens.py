"""Adjust tokens: an operator gives a customer extra tokens, or takes some away, for a reason."""

from datetime import datetime

from app.domain.accounts import rules, standing
from app.domain.tokens import operations as tokens
from app.domain.tokens.adjusting import adjustment
from app.domain.tokens.operations import Movement
from app.foundation import journal


def adjust_tokens(
    user_id: str, tokens_count: int, *, reason: str, actor: str, now: datetime
) -> Movement:
    """Book the adjustment, signed, and return it with the balance that it leaves.

    Raises UnknownAccount, ReasonInvalid, AdjustmentInvalid and TokensMissing.
    """
    reason = rules.check_reason(reason)
    account = standing.lock_customer(user_id)
    movement = adjustment(
        user_id,
        tokens_count,
        extra_tokens=account.extra_tokens,
        granted_tokens=account.granted_tokens,
        note=reason,
    )
    tokens.book([movement], now=now)
    details = {"tokens": tokens_count, "reason": reason, "balance_after": movement.balance_after}
    journal.write("tokens_adjusted", actor=actor, user_id=user_id, now=now, details=details)
    return movement

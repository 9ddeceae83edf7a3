"""Adjustments: extra tokens that an operator gives or takes away. Decides, and books nothing."""

from app.domain.tokens.errors import AdjustmentInvalid, TokensMissing
from app.domain.tokens.operations import Movement

ADJUSTMENT_MAX = 10**12


def adjustment(
    user_id: str, tokens: int, *, extra_tokens: int, granted_tokens: int, note: str
) -> Movement:
    """Return the movement of an adjustment, given the balances before it.

    What is given was not bought, so it is granted; what is taken away is drawn like usage, granted
    tokens first. Raises AdjustmentInvalid and TokensMissing.
    """
    if not 0 < abs(tokens) <= ADJUSTMENT_MAX:
        raise AdjustmentInvalid(
            f"An adjustment is from 1 to {ADJUSTMENT_MAX:,} tokens, given or taken away."
        )
    if extra_tokens + tokens < 0:
        raise TokensMissing(f"There are only {extra_tokens:,} extra tokens to take away.")
    granted = max(tokens, -granted_tokens)
    return Movement(
        user_id=user_id,
        kind="adjustment",
        tokens=tokens,
        granted_tokens=granted,
        balance_after=extra_tokens + tokens,
        granted_after=granted_tokens + granted,
        note=note,
    )

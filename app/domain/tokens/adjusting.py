"""Adjustments: extra tokens that an operator gives or takes away. Decides, and books nothing."""

from app.domain.tokens.errors import AdjustmentInvalid, TokensMissing
from app.domain.tokens.operations import Movement
from app.foundation.sentences import say, say_count

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
            say(
                "An adjustment is from 1 to {most:,} tokens, given or taken away.",
                {"most": ADJUSTMENT_MAX},
            )
        )
    if extra_tokens + tokens < 0:
        raise TokensMissing(
            say_count(
                "There is only one extra token to take away.",
                "There are only {number:,} extra tokens to take away.",
                extra_tokens,
            )
        )
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

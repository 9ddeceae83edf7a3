"""Adjustments: what is given is granted, what is taken was granted first."""

import pytest

from app.domain.tokens.adjusting import ADJUSTMENT_MAX, adjustment
from app.domain.tokens.errors import AdjustmentInvalid, TokensMissing


def adjusted(tokens: int, *, extra: int = 0, granted: int = 0) -> tuple[int, ...]:
    movement = adjustment("ada", tokens, extra_tokens=extra, granted_tokens=granted, note="why")
    assert (movement.kind, movement.note, movement.tokens) == ("adjustment", "why", tokens)
    return movement.granted_tokens, movement.balance_after, movement.granted_after


class TestAdjustment:
    @pytest.mark.parametrize(
        ("tokens", "extra", "granted", "expected"),
        [
            (5, 0, 0, (5, 5, 5)),
            (5, 10, 3, (5, 15, 8)),
            (-2, 10, 3, (-2, 8, 1)),
            (-3, 10, 3, (-3, 7, 0)),
            (-4, 10, 3, (-3, 6, 0)),
            (-10, 10, 0, (0, 0, 0)),
            (-10, 10, 10, (-10, 0, 0)),
            (ADJUSTMENT_MAX, 0, 0, (ADJUSTMENT_MAX,) * 3),
        ],
    )
    def test_moves_granted_tokens_first(self, tokens, extra, granted, expected) -> None:
        assert adjusted(tokens, extra=extra, granted=granted) == expected

    def test_never_goes_below_nothing(self) -> None:
        with pytest.raises(TokensMissing, match="only 10 extra tokens"):
            adjusted(-11, extra=10, granted=10)

    @pytest.mark.parametrize("tokens", [0, ADJUSTMENT_MAX + 1, -ADJUSTMENT_MAX - 1])
    def test_refuses_what_is_none(self, tokens: int) -> None:
        with pytest.raises(AdjustmentInvalid):
            adjusted(tokens, extra=2 * ADJUSTMENT_MAX)

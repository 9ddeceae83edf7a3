"""Which lines a balance passes, at the moment before, at and after each."""

import pytest

from app.domain.accounts.operations import Balance
from app.domain.usage.watching import AUTO_TOP_UP, CHECK_ALERTS, crossed


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (1_000, 501, []),
        (1_000, 500, [CHECK_ALERTS]),
        (501, 500, [CHECK_ALERTS]),
        (500, 499, [AUTO_TOP_UP]),
        (1_000, 0, [CHECK_ALERTS, AUTO_TOP_UP]),
        (499, 10, []),
        # Tokens came back: nothing is crossed downwards.
        (10, 1_000, []),
        (500, 500, []),
    ],
)
def test_alerts_are_due_at_their_line_and_top_ups_below_it(
    before: int, after: int, expected: list[str]
) -> None:
    balance = Balance("ada", "UTC", 0, 0, alert_threshold=500, topup_threshold=500)
    assert list(crossed(balance, before=before, after=after)) == expected


@pytest.mark.parametrize("after", [0, 1])
def test_no_line_is_never_crossed(after: int) -> None:
    assert list(crossed(Balance("ada", "UTC", 0, 0), before=1_000, after=after)) == []

"""Where a subscription may go, and until when a period is owed."""

from datetime import timedelta
from itertools import product

import pytest

from app.domain.subscriptions import rules
from app.domain.subscriptions.models import SubscriptionStatus
from tests.moments import NOW

TICK = timedelta(microseconds=1)
ACTIVE, PAST_DUE, CANCELLED, EXPIRED = SubscriptionStatus
ALLOWED = {
    (ACTIVE, ACTIVE),
    (ACTIVE, PAST_DUE),
    (ACTIVE, CANCELLED),
    (ACTIVE, EXPIRED),
    (PAST_DUE, ACTIVE),
    (PAST_DUE, CANCELLED),
    (PAST_DUE, EXPIRED),
}


class TestMoved:
    def test_knows_every_status(self) -> None:
        assert set(rules.TRANSITIONS) == set(SubscriptionStatus)

    @pytest.mark.parametrize(("current", "following"), [*product(SubscriptionStatus, repeat=2)])
    def test_follows_the_table(self, current, following) -> None:
        if (current, following) in ALLOWED:
            assert rules.moved(current.value, following) is following
        else:
            with pytest.raises(AssertionError):
                rules.moved(current.value, following)


class TestIsOwed:
    @pytest.mark.parametrize(
        ("grace_ends_at", "is_current", "expected"),
        [
            (None, True, False),
            (NOW + TICK, True, True),
            (NOW, True, False),
            (NOW - TICK, True, False),
            (NOW + TICK, False, False),
        ],
    )
    def test_ends_with_the_grace(self, grace_ends_at, is_current, expected) -> None:
        assert rules.is_owed(grace_ends_at, is_current=is_current, now=NOW) is expected

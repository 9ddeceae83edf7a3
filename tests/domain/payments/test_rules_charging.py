"""When a saved card is charged for an invoice, and how long pages live."""

from datetime import timedelta

import pytest

from app.domain.payments import rules
from tests.moments import NOW

TICK, DAY = timedelta(microseconds=1), timedelta(days=1)


class TestNextChargeAt:
    @pytest.mark.parametrize(
        ("after", "expected_day"),
        [
            (-TICK, 0),
            (timedelta(0), 1),
            (DAY - TICK, 1),
            (DAY, 3),
            (3 * DAY - TICK, 3),
            (3 * DAY, 5),
            (5 * DAY - TICK, 5),
            (5 * DAY, None),
            (30 * DAY, None),
        ],
    )
    def test_is_on_days_one_three_and_five(self, after, expected_day: int | None) -> None:
        expected = None if expected_day is None else NOW + expected_day * DAY
        assert rules.next_charge_at(NOW, now=NOW + after) == expected


class TestIsChargeDue:
    @pytest.mark.parametrize(
        ("after", "last_after", "expected"),
        [
            # At once, but not before.
            (-TICK, None, False),
            (timedelta(0), None, True),
            (DAY - TICK, timedelta(0), False),
            (DAY, timedelta(0), True),
            (3 * DAY - TICK, DAY, False),
            (3 * DAY, DAY, True),
            (5 * DAY, 3 * DAY, True),
            (5 * DAY, 5 * DAY, False),
            (60 * DAY, 5 * DAY, False),
            # Whoever comes late tries once, not once for each day that was missed.
            (4 * DAY, None, True),
            (4 * DAY, 4 * DAY - TICK, False),
            # Whose card is saved late is charged then.
            (60 * DAY, None, True),
        ],
    )
    def test_is_once_for_each_of_these_days(self, after, last_after, expected) -> None:
        last = None if last_after is None else NOW + last_after
        assert rules.is_charge_due(NOW, last_at=last, now=NOW + after) is expected


class TestCheckoutLife:
    @pytest.mark.parametrize(
        ("purpose", "minutes"), [("invoice", 60), ("topup", 60), ("plan_change", 35)]
    )
    def test_is_short_for_changes_of_plan(self, purpose: str, minutes: int) -> None:
        assert rules.checkout_life(purpose) == timedelta(minutes=minutes)


def test_keys_of_charges_are_no_keys_of_pages() -> None:
    page = rules.idempotency_key("pay-1", attempt_number=1)
    charge = rules.idempotency_key("pay-1", attempt_number=1, method=rules.OFF_SESSION)
    assert (page, charge) == ("pay-1:checkout:1", "pay-1:off_session:1")

"""Periods must follow one another, the current one last."""

from datetime import datetime

import pytest

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.catalog import queries as catalog
from app.domain.subscriptions import operations as subscriptions
from app.foundation.database import transaction
from app.workflows.verify_books import verify_books
from tests.tampering import lines_after


@pytest.fixture(autouse=True)
def two_periods(ada: Account, strangers: None, now: datetime) -> None:
    with transaction():
        locked = accounts.lock_accounts({"ada"})["ada"]
        subscriptions.begin_plan(locked, catalog.plan("plan-basic"), now=now)


def test_finds_nothing_where_they_follow() -> None:
    assert verify_books() == []


@pytest.mark.parametrize("moment", ["2026-11-23 00:00:00.000000", "2026-11-22 11:59:59.000000"])
def test_tells_an_overlap_and_a_gap(moment: str) -> None:
    lines = lines_after(
        f"UPDATE subscription_periods SET ends_at = '{moment}'"
        " WHERE user_id = 'ada' AND NOT is_current"
    )
    assert len(lines) == 1
    assert lines[0].startswith("periods of ada: one ends at 2026-11-2")


def test_tells_a_current_period_that_is_not_the_last() -> None:
    lines = lines_after(
        "UPDATE subscription_periods SET is_current = false WHERE user_id = 'ada'",
        "UPDATE subscription_periods SET is_current = true"
        " WHERE user_id = 'ada' AND plan_id = 'plan-payg'",
    )
    assert len(lines) == 1
    assert "of ada is current, though" in lines[0]

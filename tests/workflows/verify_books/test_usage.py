"""Records must add up, and months be theirs, even where the database did not see to it."""

import pytest

from app.domain.accounts.models import Account
from tests.factories.usage import make_usage
from tests.moments import NOW
from tests.tampering import lines_after


@pytest.mark.parametrize(
    ("tampering", "dropping"),
    [
        ("SET overage_tokens = overage_tokens - 1", "split_adds_up"),
        ("SET discount_nanos = discount_nanos + 1", "cost_adds_up"),
    ],
)
def test_tells_a_record_that_does_not_add_up(
    ada: Account, strangers: None, tampering: str, dropping: str
) -> None:
    make_usage("ada", request_id="req-1")
    lines = lines_after(
        f"UPDATE billing_records {tampering}",
        dropping=f"billing_records.ck_billing_records_{dropping}",
    )
    assert "record req-1 does not add up: see its split and its discount" in lines


@pytest.mark.parametrize(
    ("changed", "column", "was"),
    [("model = 'gpt-5'", "gpt-5", "gpt-4"), ("occurred_month = '2001-01'", "2001-01", "2026-11")],
)
def test_tells_which_month_stands_under_another_key(
    ada: Account, strangers: None, changed: str, column: str, was: str
) -> None:
    make_usage("ada", occurred_at=NOW)
    lines = lines_after(f"UPDATE usage_monthly SET {changed} WHERE user_id = 'ada'")
    key = {"billing_month": "2026-11", "occurred_month": "2026-11", "model": "gpt-4"}
    name = changed.split(" ", maxsplit=1)[0]
    told = [
        "records less usage_monthly of ada, "
        + ", ".join(f"{column} {text!r}" for column, text in {**key, name: value}.items())
        + f" leave {{'requests': {left},"
        for value, left in ((column, -1), (was, 1))
    ]
    assert len(lines) == len(told)
    assert all(any(line.startswith(one) for line in lines) for one in told), lines

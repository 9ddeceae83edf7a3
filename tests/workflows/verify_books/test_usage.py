"""Records must add up, even where the database did not see to it."""

import pytest

from app.domain.accounts.models import Account
from tests.factories.usage import make_usage
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

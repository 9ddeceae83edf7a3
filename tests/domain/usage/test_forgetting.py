"""Names are forgotten, and every sum stays what it was."""

import pytest

from app.domain.accounts.models import Account
from app.domain.usage import recording
from app.domain.usage.forgetting import forget_names
from app.domain.usage.models import BillingRecord, UsageDaily
from app.foundation.database import session, transaction
from tests.books import check_books
from tests.factories.usage import make_usage


@pytest.mark.parametrize(
    ("first", "kept"), [("prod", {"key 1": 1, "other": 2}), ("other", {"key 1": 3})]
)
def test_what_is_over_the_limit_stays_with_the_rest(
    ada: Account, monkeypatch: pytest.MonkeyPatch, first: str, kept: dict[str, int]
) -> None:
    monkeypatch.setitem(recording.APART_MAX, "api_key", 1)
    # Over the limit, even what is called as the first key will be.
    for alias in (first, "key 1", "dev"):
        make_usage(api_key_alias=alias)
    with transaction():
        forget_names(ada)
    assert {row.api_key: row.requests for row in session.query(UsageDaily)} == kept
    assert {row.api_key_alias for row in session.query(BillingRecord)} == set(kept)
    check_books()

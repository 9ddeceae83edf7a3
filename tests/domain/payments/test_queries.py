"""Which cards may be charged, and what automatic top-ups came to in a month."""

from datetime import timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.payments import queries
from app.foundation.periods import BillingMonth
from tests.books import check_books
from tests.factories.purchases import make_card
from tests.moments import NOW

TICK = timedelta(microseconds=1)
NOVEMBER = BillingMonth(2026, 11)


@pytest.fixture(autouse=True)
def books(app):
    yield
    check_books()


class TestCards:
    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({}, True),
            ({"is_default": False}, False),
            ({"removed_at": NOW}, False),
            ({"consented_at": None, "consent_version": None}, False),
        ],
    )
    def test_are_charged_with_consent(self, ada: Account, ben: Account, changes, expected) -> None:
        make_card(ada, **changes)
        assert (queries.card_to_charge("ada") is not None) is expected
        assert queries.chargeable(["ada", "ben"]) == ({"ada"} if expected else set())
        assert queries.card_to_charge("ben") is None

"""The order of reasons, and the limits behind them."""

from datetime import timedelta

import pytest

from app.domain.reporting.entitlements import (
    CreditLimits,
    Position,
    Reason,
    credit_limit_minor,
    first_reason,
)
from app.domain.reporting.views import Debts
from tests.moments import NOW

LIMITS = CreditLimits(new_minor=500, settled_minor=10_000)
USD = 1_000_000_000


def debts(**changes: object) -> Debts:
    given = {
        "unbilled_nanos": 0,
        "unpaid_minor": 0,
        "oldest_due_at": None,
        "spent_nanos": 0,
        "unpriced_tokens": 0,
        "has_paid": False,
        "has_open_dispute": False,
        **changes,
    }
    return Debts(**given)


def position(*, owing: Debts | None = None, **changes: object) -> Position:
    given = {
        "is_suspended": False,
        "pays_as_he_goes": True,
        "overage_enabled": True,
        "token_balance": 0,
        "spend_limit_minor": None,
        "credit_limit_minor": 500,
        "debts": owing or debts(),
        **changes,
    }
    return Position(**given)


def reason(**changes: object) -> Reason:
    return first_reason(position(**changes), now=NOW)


class TestFirstReason:
    def test_is_ok_when_nothing_denies(self) -> None:
        assert reason() is Reason.OK

    def test_comes_in_the_order_of_the_book(self) -> None:
        everything = {
            "is_suspended": True,
            "overage_enabled": False,
            "spend_limit_minor": 100,
            "credit_limit_minor": 0,
            "owing": debts(
                oldest_due_at=NOW - timedelta(days=8),
                spent_nanos=USD,
                unpriced_tokens=1_000_000,
            ),
        }
        relief = [
            ("suspended", {"is_suspended": False}),
            ("invoice_overdue", {"owing": debts(spent_nanos=USD, unpriced_tokens=1_000_000)}),
            ("tokens_exhausted", {"overage_enabled": True}),
            ("spend_limit", {"spend_limit_minor": 101}),
            ("credit_limit", {"credit_limit_minor": 1}),
            ("unpriced_limit", {"pays_as_he_goes": False}),
        ]
        for denied, relieved in relief:
            assert reason(**everything) == denied
            everything.update(relieved)
        assert reason(**everything) is Reason.OK

    @pytest.mark.parametrize(
        ("late", "found"),
        [
            (timedelta(days=7), Reason.OK),
            (timedelta(days=7, microseconds=1), Reason.INVOICE_OVERDUE),
            (timedelta(days=-30), Reason.OK),
        ],
    )
    def test_denies_seven_days_after_the_due_date(self, late, found) -> None:
        assert reason(owing=debts(oldest_due_at=NOW - late)) is found

    def test_denies_without_tokens_only_where_overage_is_off(self) -> None:
        assert reason(overage_enabled=False, token_balance=1) is Reason.OK
        assert reason(overage_enabled=False, token_balance=0) is Reason.TOKENS_EXHAUSTED
        assert reason(overage_enabled=True, token_balance=0) is Reason.OK

    @pytest.mark.parametrize(
        ("limit_minor", "spent_nanos", "balance", "found"),
        [
            (None, 10**18, 0, Reason.OK),
            (100, USD - 1, 0, Reason.OK),
            (100, USD, 0, Reason.SPEND_LIMIT),
            (100, USD, 5_000, Reason.SPEND_LIMIT),
            (100, 2 * USD, 0, Reason.SPEND_LIMIT),
            (0, 0, 0, Reason.SPEND_LIMIT),
            (0, 0, 5_000, Reason.OK),
            (0, 1, 5_000, Reason.SPEND_LIMIT),
        ],
    )
    def test_denies_at_the_customers_own_limit(
        self, limit_minor, spent_nanos, balance, found
    ) -> None:
        owing = debts(spent_nanos=spent_nanos)
        assert found is reason(spend_limit_minor=limit_minor, owing=owing, token_balance=balance)

    @pytest.mark.parametrize(
        ("unbilled_nanos", "unpaid_minor", "found"),
        [
            (5 * USD - 1, 0, Reason.OK),
            (5 * USD, 0, Reason.CREDIT_LIMIT),
            (0, 499, Reason.OK),
            (0, 500, Reason.CREDIT_LIMIT),
            (3 * USD, 200, Reason.CREDIT_LIMIT),
            (3 * USD - 1, 200, Reason.OK),
        ],
    )
    def test_denies_at_the_credit_limit(self, unbilled_nanos, unpaid_minor, found) -> None:
        owing = debts(unbilled_nanos=unbilled_nanos, unpaid_minor=unpaid_minor)
        assert reason(owing=owing) is found

    @pytest.mark.parametrize(
        ("tokens", "pays_as_he_goes", "found"),
        [
            (999_999, True, Reason.OK),
            (1_000_000, True, Reason.UNPRICED_LIMIT),
            (9_000_000, False, Reason.OK),
        ],
    )
    def test_denies_unpriced_usage_without_end(self, tokens, pays_as_he_goes, found) -> None:
        owing = debts(unpriced_tokens=tokens)
        assert reason(owing=owing, pays_as_he_goes=pays_as_he_goes) is found


class TestCreditLimitMinor:
    @pytest.mark.parametrize(
        ("own", "history", "limit"),
        [
            (None, {}, 500),
            (None, {"has_paid": True}, 10_000),
            (None, {"has_paid": True, "has_open_dispute": True}, 0),
            (None, {"has_open_dispute": True}, 0),
            (7, {"has_paid": True}, 7),
            (0, {}, 0),
            (7, {"has_open_dispute": True}, 7),
        ],
    )
    def test_is_the_accounts_own_or_the_general_one(self, own, history, limit) -> None:
        assert credit_limit_minor(own, debts(**history), limits=LIMITS) == limit


class TestPosition:
    def test_never_has_less_than_nothing_left(self) -> None:
        owing = debts(unbilled_nanos=9 * USD, spent_nanos=9 * USD)
        poor = position(owing=owing, spend_limit_minor=100)
        assert poor.spend_left_nanos == poor.credit_left_nanos == 0
        rich = position(owing=debts(spent_nanos=1), spend_limit_minor=100)
        assert rich.spend_left_nanos == USD - 1
        assert rich.credit_left_nanos == 5 * USD
        assert position().spend_left_nanos is None

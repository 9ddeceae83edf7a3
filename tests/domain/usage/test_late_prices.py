"""What a late price changes of a record, and what it leaves. No database."""

from datetime import UTC, datetime

import pytest

from app.domain.catalog.rules import Price
from app.domain.usage.late_prices import with_price
from app.domain.usage.records import LateRecord
from tests.moments import NOW

SINCE_EVER = datetime(1970, 1, 1, tzinfo=UTC)
# Nano-USD a token: 0.03 and 0.06 USD per 1,000.
PRICE = Price(7, "gpt-4", 30_000_000, 60_000_000, 3_000_000, 30_000_000, True, SINCE_EVER, None)


def make_late(*, split: tuple[int, int, int, int] = (0, 0, 0, 620), **changes: object):
    quota, extra, granted, overage = split
    given = {
        "prompt_tokens": 500,
        "completion_tokens": 120,
        "total_tokens": 620,
        "cached_tokens": 0,
        "overage_discount_bp": 0,
        **changes,
    }
    return LateRecord(
        id=1,
        user_id="ada",
        period_id=1,
        model="gpt-4",
        provider=None,
        api_key_alias=None,
        cache_write_tokens=0,
        reasoning_tokens=0,
        quota_tokens=quota,
        extra_tokens=extra,
        granted_tokens=granted,
        overage_tokens=overage,
        price_id=None,
        cost_nanos=0,
        discount_nanos=0,
        final_nanos=0,
        status="unpriced",
        billing_month="2026-10",
        occurred_at=NOW,
        **given,
    )


class TestWithPrice:
    @pytest.mark.parametrize(
        ("record", "cost", "final"),
        [
            (make_late(), 22_200_000, 22_200_000),
            # The book's example of a record that is rounded once.
            (make_late(split=(100, 0, 0, 520), overage_discount_bp=1_000), 22_200_000, 16_757_419),
            (make_late(split=(600, 20, 5, 0)), 22_200_000, 0),
            (make_late(cached_tokens=500), 8_700_000, 8_700_000),
            (
                make_late(prompt_tokens=0, completion_tokens=0, total_tokens=0, split=(0, 0, 0, 0)),
                0,
                0,
            ),
        ],
    )
    def test_fills_in_what_it_costs(self, record: LateRecord, cost: int, final: int) -> None:
        priced = with_price(record, PRICE, month="2026-11")
        assert priced == record._replace(
            price_id=7,
            cost_nanos=cost,
            discount_nanos=cost - final,
            final_nanos=final,
            status="completed",
            billing_month="2026-11",
        )

    @pytest.mark.parametrize(
        ("tokens", "is_priced"), [(33_333_333, True), (33_333_334, False), (1_000_000_000, False)]
    )
    def test_leaves_what_would_cost_too_much(self, tokens: int, is_priced: bool) -> None:
        record = make_late(
            prompt_tokens=tokens,
            completion_tokens=0,
            total_tokens=tokens,
            split=(tokens, 0, 0, 0),
        )
        dear = Price(8, "m", 30_000_000_000, 0, 0, 0, True, SINCE_EVER, None)
        assert (with_price(record, dear, month="2026-11") is not None) == is_priced

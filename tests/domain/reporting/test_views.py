"""What read models say of themselves."""

import pytest

from app.domain.reporting.views import QuotaWatch


class TestQuotaWatch:
    @pytest.mark.parametrize(
        ("has_quota", "remaining", "extra", "threshold", "is_low"),
        [
            (True, 100, 0, 99, False),
            (True, 100, 0, 100, True),
            (True, 50, 50, 100, True),
            (True, 50, 51, 100, False),
            (True, 0, 0, 0, False),
            (True, 0, 0, 1, True),
            (False, 0, 0, 100, False),
            (False, 0, 100, 100, True),
            (False, 0, 101, 100, False),
        ],
    )
    def test_is_low_at_the_threshold_of_tokens_owned(
        self, has_quota, remaining, extra, threshold, is_low
    ) -> None:
        watch = QuotaWatch(has_quota, remaining, extra, threshold)
        assert watch.is_low is is_low
        assert watch.token_balance == remaining + extra

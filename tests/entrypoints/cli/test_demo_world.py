"""The demo's usage: always the same, and believable."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from app.entrypoints.cli.demo_world import CUSTOMERS, usage_between

BEGAN = datetime(2026, 8, 25, 1, 0, tzinfo=UTC)
NOW = BEGAN + timedelta(days=90)


@pytest.fixture(scope="module")
def usage():
    return list(usage_between(BEGAN, NOW))


@pytest.fixture(scope="module")
def main(usage):
    return [record for record in usage if record["user_id"] == "user-123"]


def moment(record) -> datetime:
    return datetime.fromisoformat(record["occurred_at"])


class TestUsageBetween:
    def test_is_always_the_same_and_only_grows(self, usage) -> None:
        later = list(usage_between(BEGAN, NOW + timedelta(days=3)))
        assert later[: len(usage)] == usage
        assert len(later) > len(usage)

    def test_is_in_order_of_time_and_within_its_bounds(self, usage) -> None:
        moments = [moment(record) for record in usage]
        assert moments == sorted(moments)
        assert moments[0] >= BEGAN and moments[-1] <= NOW

    def test_names_every_request_once(self, usage) -> None:
        assert len({record["request_id"] for record in usage}) == len(usage)

    def test_is_of_a_size_that_loads_quickly(self, usage) -> None:
        assert 5_000 < len(usage) < 7_000

    def test_keeps_to_what_the_api_takes(self, usage) -> None:
        for record in usage:
            assert record["cached_tokens"] + record["cache_write_tokens"] <= record["prompt_tokens"]
            assert record["reasoning_tokens"] <= record["completion_tokens"]
            assert record["total_tokens"] == record["prompt_tokens"] + record["completion_tokens"]
            assert min(record["prompt_tokens"], record["completion_tokens"]) > 0

    def test_crosses_the_quota_in_the_first_half_of_each_month(self, main) -> None:
        used: dict[int, int] = Counter()
        crossed: dict[int, int] = {}
        for record in main:
            month, day = divmod((moment(record) - BEGAN).days, 30)
            used[month] += record["total_tokens"]
            if used[month] > 1_000_000:
                crossed.setdefault(month, day)
        assert sorted(crossed) == [0, 1, 2]
        assert all(4 <= day <= 14 for day in crossed.values())

    def test_has_eight_models_and_three_keys(self, main) -> None:
        assert len({record["model"] for record in main}) == 8
        assert {record["api_key_alias"] for record in main} == {"prod", "staging", "notebooks"}
        assert sum(record["cached_tokens"] for record in main) > 0
        assert sum(record["reasoning_tokens"] for record in main) > 0

    def test_knows_weekends_and_nights(self, main) -> None:
        by_day: dict[bool, list[int]] = defaultdict(list)
        days = Counter(moment(record).date() for record in main)
        for day, count in days.items():
            by_day[day.weekday() >= 5].append(count)
        weekend, week = (sum(by_day[is_late]) / len(by_day[is_late]) for is_late in (True, False))
        assert weekend < week * 0.7
        hours = Counter(moment(record).hour for record in main)
        assert hours[10] > 3 * hours[4]

    def test_is_of_every_customer(self, usage) -> None:
        assert {record["user_id"] for record in usage} == {c.account.user_id for c in CUSTOMERS}

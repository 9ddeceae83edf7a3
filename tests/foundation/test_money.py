"""Money: every function, at the half, below zero, and with what must be refused."""

from decimal import Decimal

import pytest

from app.foundation import money

NO_WHOLE_NUMBERS = [1.0, 0.5, True, False, Decimal(1), "1", None]


class TestRequireInt:
    @pytest.mark.parametrize("value", [0, -1, 10**30])
    def test_returns_whole_numbers(self, value: int) -> None:
        assert money.require_int(value) == value

    @pytest.mark.parametrize("value", NO_WHOLE_NUMBERS)
    def test_refuses_everything_else(self, value: object) -> None:
        with pytest.raises(TypeError, match=type(value).__name__):
            money.require_int(value)


class TestRoundHalfUp:
    @pytest.mark.parametrize(
        ("numerator", "denominator", "expected"),
        [
            (0, 7, 0),
            (1, 2, 1),
            (3, 2, 2),
            (5, 2, 3),
            (499, 1000, 0),
            (500, 1000, 1),
            (501, 1000, 1),
            (1499, 1000, 1),
            (1500, 1000, 2),
            (7, 7, 1),
            (-1, 2, -1),
            (-3, 2, -2),
            (-499, 1000, 0),
            (-500, 1000, -1),
            (-1499, 1000, -1),
            # Beyond what a float could tell apart.
            (10**30 + 5, 10, 10**29 + 1),
            (10**30 + 4, 10, 10**29),
        ],
    )
    def test_rounds_a_half_away_from_zero(
        self, numerator: int, denominator: int, expected: int
    ) -> None:
        assert money.round_half_up(numerator, denominator) == expected

    @pytest.mark.parametrize("denominator", [0, -1])
    def test_refuses_a_denominator_that_is_not_positive(self, denominator: int) -> None:
        with pytest.raises(ValueError, match="positive"):
            money.round_half_up(1, denominator)

    @pytest.mark.parametrize("value", NO_WHOLE_NUMBERS)
    def test_refuses_what_is_no_whole_number(self, value: object) -> None:
        with pytest.raises(TypeError):
            money.round_half_up(value, 2)
        with pytest.raises(TypeError):
            money.round_half_up(2, value)


class TestTokenCostNanos:
    @pytest.mark.parametrize(
        ("pico_tokens", "nanos"),
        [
            (0, 0),
            (499, 0),
            (500, 1),
            (1_499, 1),
            (1_500, 2),
            # gpt-4 at 0.03 and 0.06 USD per 1K: 500 and 120 tokens.
            (500 * 30_000_000 + 120 * 60_000_000, 22_200_000),
            # The smallest price of the public table, 1.3e-10 USD per token.
            (130 * 3, 0),
            (130 * 4, 1),
            (130 * 1_000_000, 130_000),
        ],
    )
    def test_rounds_once(self, pico_tokens: int, nanos: int) -> None:
        assert money.token_cost_nanos(pico_tokens) == nanos


class TestOverageCostNanos:
    def test_is_the_book_s_example(self) -> None:
        cost = money.overage_cost_nanos(
            500 * 30_000_000 + 120 * 60_000_000,
            overage_tokens=520,
            total_tokens=620,
            discount_bp=1_000,
        )
        assert cost == 16_757_419

    def test_is_nothing_for_no_tokens(self) -> None:
        assert money.overage_cost_nanos(0, overage_tokens=0, total_tokens=0, discount_bp=1_000) == 0

    @pytest.mark.parametrize(
        ("overage_tokens", "discount_bp", "nanos"),
        [(0, 0, 0), (4, 0, 20), (4, 10_000, 0), (1, 0, 5), (1, 1_000, 5), (1, 1_001, 4)],
    )
    def test_takes_the_share_and_the_discount(
        self, overage_tokens: int, discount_bp: int, nanos: int
    ) -> None:
        # Four tokens for 20 nanos; a tenth off one of them is 4.5, which rounds up.
        cost = money.overage_cost_nanos(
            20_000, overage_tokens=overage_tokens, total_tokens=4, discount_bp=discount_bp
        )
        assert cost == nanos

    def test_equals_the_list_cost_without_quota_and_discount(self) -> None:
        for pico_tokens in (1, 499, 500, 130 * 77, 123_456_789):
            whole = money.overage_cost_nanos(
                pico_tokens, overage_tokens=77, total_tokens=77, discount_bp=0
            )
            assert whole == money.token_cost_nanos(pico_tokens)

    @pytest.mark.parametrize("name", ["overage_tokens", "total_tokens", "discount_bp"])
    def test_refuses_floats_in_every_place(self, name: str) -> None:
        given = {"overage_tokens": 1, "total_tokens": 2, "discount_bp": 0, name: 1.0}
        with pytest.raises(TypeError):
            money.overage_cost_nanos(1_000, **given)


class TestMinorFromNanos:
    @pytest.mark.parametrize(
        ("nanos", "minor"),
        [
            # The book's example: 15.00 and 1.125 become 15.00 and 1.13.
            (15_000_000_000, 1_500),
            (1_125_000_000, 113),
            (4_999_999, 0),
            (5_000_000, 1),
            (-4_999_999, 0),
            (-5_000_000, -1),
        ],
    )
    def test_rounds_to_cents(self, nanos: int, minor: int) -> None:
        assert money.minor_from_nanos(nanos) == minor

    def test_undoes_nanos_from_minor(self) -> None:
        for minor in (-7, 0, 1, 99_999):
            assert money.minor_from_nanos(money.nanos_from_minor(minor)) == minor

    def test_refuses_floats(self) -> None:
        with pytest.raises(TypeError):
            money.minor_from_nanos(1e7)
        with pytest.raises(TypeError):
            money.nanos_from_minor(1.0)


class TestShareMinor:
    @pytest.mark.parametrize(
        ("minor", "part", "whole", "share"),
        [
            (999, 1, 2, 500),
            (9_999, 15, 30, 5_000),
            (9_999, 0, 30, 0),
            (9_999, 30, 30, 9_999),
            (100, 1, 3, 33),
            (200, 1, 3, 67),
            (-999, 1, 2, -500),
        ],
    )
    def test_prorates(self, minor: int, part: int, whole: int, share: int) -> None:
        assert money.share_minor(minor, part=part, whole=whole) == share

    def test_refuses_a_share_of_nothing(self) -> None:
        with pytest.raises(ValueError, match="denominator"):
            money.share_minor(100, part=0, whole=0)

    def test_refuses_floats(self) -> None:
        with pytest.raises(TypeError):
            money.share_minor(100, part=0.5, whole=1)


class TestPercentageMinor:
    @pytest.mark.parametrize(
        ("minor", "basis_points", "expected"),
        [
            (10_000, 1_900, 1_900),
            (999, 1_000, 100),
            (995, 1_000, 100),
            (994, 1_000, 99),
            (50, 100, 1),
            (49, 100, 0),
            (1_000, 0, 0),
            (1_000, 10_000, 1_000),
            (-995, 1_000, -100),
        ],
    )
    def test_rounds_once(self, minor: int, basis_points: int, expected: int) -> None:
        assert money.percentage_minor(minor, basis_points=basis_points) == expected

    def test_refuses_floats(self) -> None:
        with pytest.raises(TypeError):
            money.percentage_minor(100, basis_points=19.0)


class TestAllocateMinor:
    @pytest.mark.parametrize(
        ("total", "weights", "parts"),
        [
            # 15.00 and 1.125 USD: 16.125 rounds to 16.13, the odd cent goes to the half.
            (1_613, [15_000_000_000, 1_125_000_000], [1_500, 113]),
            (100, [1, 1, 1], [34, 33, 33]),
            (200, [1, 1, 1], [67, 67, 66]),
            (1, [1, 1], [1, 0]),
            (1, [0, 1], [0, 1]),
            (5, [2, 3], [2, 3]),
            (10, [1, 2, 4], [1, 3, 6]),
            (0, [3, 4], [0, 0]),
            (0, [0, 0], [0, 0]),
            (0, [], []),
            (-100, [1, 1, 1], [-34, -33, -33]),
        ],
    )
    def test_gives_odd_cents_to_the_largest_remainders(
        self, total: int, weights: list[int], parts: list[int]
    ) -> None:
        assert money.allocate_minor(total, weights=weights) == parts

    @pytest.mark.parametrize("weights", [[], [0], [0, 0]])
    def test_refuses_to_spread_something_over_nothing(self, weights: list[int]) -> None:
        with pytest.raises(ValueError, match="nothing to spread"):
            money.allocate_minor(1, weights=weights)

    def test_refuses_negative_weights(self) -> None:
        with pytest.raises(ValueError, match="negative"):
            money.allocate_minor(1, weights=[2, -1])

    def test_refuses_floats(self) -> None:
        with pytest.raises(TypeError):
            money.allocate_minor(1, weights=[0.5, 0.5])
        with pytest.raises(TypeError):
            money.allocate_minor(1.0, weights=[1])


class TestMinorPartsFromNanos:
    @pytest.mark.parametrize(
        ("nanos", "parts"),
        [
            # The book's example: 15.00 and 1.125 become 15.00 and 1.13.
            ([15_000_000_000, 1_125_000_000], [1_500, 113]),
            ([3_333_333, 3_333_333, 3_333_334], [0, 0, 1]),
            ([5_000_000, 5_000_000], [1, 0]),
            ([4_999_999], [0]),
            ([5_000_000], [1]),
            ([15_000_000, -5_000_000], [2, -1]),
            ([-5_000_000], [-1]),
            ([-4_999_999], [0]),
            ([], []),
        ],
    )
    def test_rounds_the_sum_once_and_shares_it_out(
        self, nanos: list[int], parts: list[int]
    ) -> None:
        assert money.minor_parts_from_nanos(nanos) == parts

    def test_refuses_floats(self) -> None:
        with pytest.raises(TypeError):
            money.minor_parts_from_nanos([1.0])

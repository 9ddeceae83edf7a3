"""Money, over generated cases: nothing is lost, nothing is favoured, nothing is a float."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from app.foundation import money

WHOLE = st.integers(-(10**18), 10**18)
MINOR = st.integers(-(10**9), 10**9)
TOKENS = st.integers(0, 10**9)
# Up to 1,000 USD per 1,000 tokens.
PICO = st.integers(0, 10**12)
BASIS_POINTS = st.integers(0, 10_000)
WEIGHTS = st.lists(st.integers(0, 10**12), min_size=1, max_size=40).filter(any)


class TestRoundHalfUp:
    @given(WHOLE, st.integers(1, 10**12))
    def test_is_never_further_than_a_half(self, numerator: int, denominator: int) -> None:
        rounded = money.round_half_up(numerator, denominator)
        assert abs(Fraction(numerator, denominator) - rounded) <= Fraction(1, 2)

    @given(WHOLE, st.integers(1, 10**12))
    def test_is_the_same_on_both_sides_of_nothing(self, numerator: int, denominator: int) -> None:
        there = money.round_half_up(numerator, denominator)
        assert money.round_half_up(-numerator, denominator) == -there

    @given(WHOLE, WHOLE, st.integers(1, 10**12))
    def test_keeps_the_order(self, first: int, second: int, denominator: int) -> None:
        lower, higher = sorted((first, second))
        below = money.round_half_up(lower, denominator)
        assert below <= money.round_half_up(higher, denominator)

    @given(WHOLE, st.integers(1, 10**6), st.integers(1, 10**6))
    def test_does_not_depend_on_how_the_fraction_is_written(
        self, numerator: int, denominator: int, factor: int
    ) -> None:
        plain = money.round_half_up(numerator, denominator)
        assert money.round_half_up(numerator * factor, denominator * factor) == plain


class TestOverageCostNanos:
    @given(PICO, TOKENS, st.data())
    def test_never_costs_more_than_the_list(self, pico: int, total: int, data) -> None:
        overage = data.draw(st.integers(0, total))
        discount = data.draw(BASIS_POINTS)
        cost = money.token_cost_nanos(pico * total)
        final = money.overage_cost_nanos(
            pico * total, overage_tokens=overage, total_tokens=total, discount_bp=discount
        )
        assert 0 <= final <= cost

    @given(PICO, st.integers(1, 10**9), BASIS_POINTS, st.data())
    def test_grows_with_the_overage(self, pico: int, total: int, discount: int, data) -> None:
        fewer, more = sorted(data.draw(st.lists(st.integers(0, total), min_size=2, max_size=2)))
        cheaper, dearer = (
            money.overage_cost_nanos(
                pico * total, overage_tokens=overage, total_tokens=total, discount_bp=discount
            )
            for overage in (fewer, more)
        )
        assert cheaper <= dearer

    @given(PICO, st.integers(1, 10**9), BASIS_POINTS, st.data())
    def test_is_the_exact_amount_rounded_once(
        self, pico: int, total: int, discount: int, data
    ) -> None:
        overage = data.draw(st.integers(0, total))
        exact = Fraction(pico * total, 1000) * Fraction(overage, total)
        exact *= Fraction(10_000 - discount, 10_000)
        final = money.overage_cost_nanos(
            pico * total, overage_tokens=overage, total_tokens=total, discount_bp=discount
        )
        assert exact - Fraction(1, 2) < final <= exact + Fraction(1, 2)


class TestAllocateMinor:
    @given(MINOR, WEIGHTS)
    def test_adds_up(self, total: int, weights: list[int]) -> None:
        assert sum(money.allocate_minor(total, weights=weights)) == total

    @given(MINOR, WEIGHTS)
    def test_is_within_a_cent_of_the_exact_share(self, total: int, weights: list[int]) -> None:
        parts = money.allocate_minor(total, weights=weights)
        for part, weight in zip(parts, weights, strict=True):
            assert abs(Fraction(total * weight, sum(weights)) - part) < 1

    @given(MINOR, WEIGHTS)
    def test_gives_a_heavier_line_no_less(self, total: int, weights: list[int]) -> None:
        parts = money.allocate_minor(abs(total), weights=weights)
        by_weight = sorted(zip(weights, parts, strict=True))
        by_part = sorted(zip(parts, weights, strict=True))
        assert sorted(part for _, part in by_weight) == [part for part, _ in by_part]
        assert [part for _, part in by_weight] == sorted(parts)

    @given(MINOR, WEIGHTS)
    def test_gives_nothing_to_no_weight(self, total: int, weights: list[int]) -> None:
        parts = money.allocate_minor(total, weights=weights)
        assert not any(part for part, weight in zip(parts, weights, strict=True) if not weight)

    @given(MINOR, WEIGHTS)
    def test_undoes_itself(self, total: int, weights: list[int]) -> None:
        there = money.allocate_minor(total, weights=weights)
        back = money.allocate_minor(-total, weights=weights)
        assert [-part for part in back] == there


class TestMinorPartsFromNanos:
    @given(st.lists(WHOLE, max_size=40))
    def test_adds_up_to_the_sum_rounded_once(self, nanos: list[int]) -> None:
        assert sum(money.minor_parts_from_nanos(nanos)) == money.minor_from_nanos(sum(nanos))

    @given(st.lists(WHOLE, max_size=40))
    def test_is_within_a_cent_of_each_amount(self, nanos: list[int]) -> None:
        for part, amount in zip(money.minor_parts_from_nanos(nanos), nanos, strict=True):
            assert abs(money.nanos_from_minor(part) - amount) <= money.NANOS_PER_MINOR


class TestPrices:
    @given(PICO)
    def test_come_back_as_they_went(self, pico: int) -> None:
        usd = money.usd_per_1k_from_pico(pico)
        assert money.pico_from_usd_per_1k(usd) == pico
        assert money.pico_from_usd_per_1k(str(usd)) == pico
        assert money.pico_from_usd_per_token(usd / 1000) == pico
        assert money.usd_per_token_from_pico(pico) == usd / 1000

    @given(st.integers(0, 10**9))
    def test_survive_being_written_as_a_float_by_others(self, pico: int) -> None:
        # What LiteLLM's table does: the shortest text of a binary float.
        written = repr(pico * 1e-12)
        assert money.pico_from_usd_per_token(written) == pico


class TestAmounts:
    @given(st.integers(-(10**17), 10**17))
    def test_of_cents_come_back_as_they_went(self, minor: int) -> None:
        assert money.minor_from_usd(money.usd_from_minor(minor)) == minor
        assert money.minor_from_usd(str(money.usd_from_minor(minor))) == minor

    @given(st.integers(-(2**63), 2**63 - 1))
    def test_of_nanos_are_exact(self, nanos: int) -> None:
        assert money.usd_from_nanos(nanos) * Decimal(10**9) == nanos

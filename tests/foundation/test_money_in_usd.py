"""Money as people and programs write it: in USD, exactly, and with what must be refused."""

from decimal import Decimal

import pytest

from app.foundation import money


class TestPicoFromUsd:
    @pytest.mark.parametrize(
        ("usd", "pico"),
        [
            ("0.03", 30_000_000),
            ("0", 0),
            ("1.3e-7", 130),
            ("0.000000001", 1),
            (Decimal("0.00015"), 150_000),
            ("1000", 10**12),
        ],
    )
    def test_reads_a_price_per_1k(self, usd: str | Decimal, pico: int) -> None:
        assert money.pico_from_usd_per_1k(usd) == pico

    @pytest.mark.parametrize(
        ("usd", "pico"),
        [
            # The smallest price of LiteLLM's public table.
            ("1.3e-10", 130),
            ("0.00003", 30_000_000),
            ("1e-12", 1),
            # What is left of a binary float in that table.
            ("5.0000000000000004E-8", 50_000),
            (Decimal("5.0000000000000004E-8"), 50_000),
            ("4.9999999999999996E-8", 50_000),
        ],
    )
    def test_reads_a_price_per_token(self, usd: str | Decimal, pico: int) -> None:
        assert money.pico_from_usd_per_token(usd) == pico

    @pytest.mark.parametrize(
        "usd", ["1e-13", "1.5e-12", "0.0000000000011", "5.00001E-8", "1e-19", "1e-999999"]
    )
    def test_refuses_what_a_pico_cannot_hold(self, usd: str) -> None:
        # 5.00001E-8 is 50,000.1 pico-USD: another price, and no noise.
        with pytest.raises(ValueError, match="whole number of pico-USD"):
            money.pico_from_usd_per_token(usd)

    @pytest.mark.parametrize("usd", ["-0.01", "-1e-12"])
    def test_refuses_negative_prices(self, usd: str) -> None:
        with pytest.raises(ValueError, match="negative"):
            money.pico_from_usd_per_token(usd)

    @pytest.mark.parametrize("usd", ["", "free", "NaN", "Infinity", "-inf", "1,5", None, []])
    def test_refuses_what_is_no_number(self, usd: object) -> None:
        with pytest.raises(ValueError, match="number"):
            money.pico_from_usd_per_1k(usd)

    @pytest.mark.parametrize("usd", ["1e12", "1e30", "1e999999", "9e999999999999"])
    def test_refuses_what_no_price_could_be(self, usd: str) -> None:
        for read in (money.pico_from_usd_per_1k, money.pico_from_usd_per_token):
            with pytest.raises(ValueError, match=r"number|digits"):
                read(usd)

    @pytest.mark.parametrize("usd", [0.03, 1.0, True])
    def test_refuses_floats(self, usd: object) -> None:
        with pytest.raises(TypeError, match="never a float"):
            money.pico_from_usd_per_1k(usd)
        with pytest.raises(TypeError, match="never a float"):
            money.pico_from_usd_per_token(usd)


class TestUsdFrom:
    @pytest.mark.parametrize(
        ("pico", "usd"),
        [(30_000_000, "0.03"), (130, "1.3E-7"), (1, "1E-9"), (0, "0"), (10**12, "1000")],
    )
    def test_pico_gives_the_price_per_1k(self, pico: int, usd: str) -> None:
        assert str(money.usd_per_1k_from_pico(pico)) == usd

    @pytest.mark.parametrize(
        ("pico", "usd"), [(20_000_000, "0.00002"), (130, "1.3E-10"), (0, "0"), (10**12, "1")]
    )
    def test_pico_gives_the_price_per_token(self, pico: int, usd: str) -> None:
        assert str(money.usd_per_token_from_pico(pico)) == usd

    @pytest.mark.parametrize(
        ("basis_points", "percent"), [(1_000, "10"), (1_950, "19.5"), (1, "0.01"), (0, "0")]
    )
    def test_basis_points_give_the_percentage(self, basis_points: int, percent: str) -> None:
        assert str(money.percent_from_basis_points(basis_points)) == percent

    @pytest.mark.parametrize(
        ("nanos", "usd"),
        [
            (16_757_419, "0.016757419"),
            (100_000_000_000, "100"),
            (-1_500_000_000, "-1.5"),
            (0, "0"),
            (2**63 - 1, "9223372036.854775807"),
        ],
    )
    def test_nanos_gives_the_exact_amount(self, nanos: int, usd: str) -> None:
        assert str(money.usd_from_nanos(nanos)) == usd

    @pytest.mark.parametrize(
        ("minor", "usd"),
        [(999, "9.99"), (1_000, "10"), (100_000, "1000"), (1, "0.01"), (-50, "-0.5"), (0, "0")],
    )
    def test_minor_gives_the_exact_amount(self, minor: int, usd: str) -> None:
        assert str(money.usd_from_minor(minor)) == usd

    @pytest.mark.parametrize(
        "read",
        [
            money.usd_per_1k_from_pico,
            money.usd_per_token_from_pico,
            money.usd_from_nanos,
            money.usd_from_minor,
            money.percent_from_basis_points,
        ],
    )
    def test_refuses_floats(self, read) -> None:
        with pytest.raises(TypeError):
            read(1.0)


class TestMinorFromUsd:
    @pytest.mark.parametrize(
        ("usd", "minor"),
        [
            ("9.99", 999),
            ("10", 1_000),
            (50, 5_000),
            (Decimal("50.0"), 5_000),
            ("1e2", 10_000),
            ("0.10000", 10),
            ("-1.5", -150),
        ],
    )
    def test_reads_cents(self, usd: object, minor: int) -> None:
        assert money.minor_from_usd(usd) == minor

    @pytest.mark.parametrize(
        "usd", ["0.001", "9.999", "1e-3", "0.01" + "0" * 30 + "1", "1e-999999"]
    )
    def test_refuses_fractions_of_a_cent(self, usd: str) -> None:
        with pytest.raises(ValueError, match="two decimals"):
            money.minor_from_usd(usd)

    @pytest.mark.parametrize(
        "usd", ["", "ten", "NaN", "1e17", "1e999999", "9e999999999999", "1." + "0" * 40]
    )
    def test_refuses_what_no_amount_could_be(self, usd: str) -> None:
        with pytest.raises(ValueError, match=r"number|digits"):
            money.minor_from_usd(usd)

    @pytest.mark.parametrize("usd", [9.99, True])
    def test_refuses_floats(self, usd: object) -> None:
        with pytest.raises(TypeError, match="never a float"):
            money.minor_from_usd(usd)


class TestBasisPointsFromPercent:
    @pytest.mark.parametrize(
        ("percent", "basis_points"), [("0", 0), ("0.01", 1), (Decimal("7.7"), 770), (100, 10_000)]
    )
    def test_reads_a_percentage(self, percent: str | int | Decimal, basis_points: int) -> None:
        assert money.basis_points_from_percent(percent) == basis_points
        assert money.percent_from_basis_points(basis_points) == Decimal(percent)

    @pytest.mark.parametrize("percent", ["0.001", "much", "NaN"])
    def test_refuses_what_is_finer_or_no_number(self, percent: str) -> None:
        with pytest.raises(ValueError, match=r"two decimals|number"):
            money.basis_points_from_percent(percent)

"""How amounts and counts look; exact where it matters, short where it helps."""

from datetime import UTC, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from app.entrypoints.languages import speaking
from app.entrypoints.web import showing

USD = 1_000_000_000


@pytest.mark.parametrize(
    ("nanos", "shown", "exact"),
    [
        (0, "$0.00", "$0.00"),
        (1_043_834_000_000, "$1,043.83", "$1,043.834"),
        (1_043_835_000_000, "$1,043.84", "$1,043.835"),
        (45 * USD + 500_000_000, "$45.50", "$45.50"),
        (10_000_000, "$0.01", "$0.01"),
        (9_999_999, "$0.01", "$0.009999999"),
        (4_200_000, "$0.0042", "$0.0042"),
        (5_000_000, "$0.005", "$0.005"),
        (16_757_419, "$0.02", "$0.016757419"),
        (1, "$0.000000001", "$0.000000001"),
        (130, "$0.00000013", "$0.00000013"),
        (-1_250_000_000, "−$1.25", "−$1.25"),
        (1_000_000 * USD, "$1,000,000.00", "$1,000,000.00"),
    ],
)
def test_amounts(nanos, shown, exact) -> None:
    assert showing.usd(nanos) == shown
    assert showing.usd_exact(nanos) == exact


@pytest.mark.parametrize(
    ("nanos", "decimals", "shown"),
    [
        (0, 5, "$0.00000"),
        (300_000, 5, "$0.00030"),
        (10_000_000, 5, "$0.01000"),
        (5_000, 5, "$0.00001"),
        (4_999, 5, "$0.00000"),
        (1, 9, "$0.000000001"),
        (1_043_834_000_000, 5, "$1,043.83400"),
    ],
)
def test_amounts_of_a_list_have_the_same_decimals(nanos, decimals, shown) -> None:
    assert showing.usd_to(nanos, decimals) == shown


@pytest.mark.parametrize(
    ("amounts", "decimals"),
    [
        ([], 5),
        ([0, 0], 5),
        ([0, 300_000, 7_000_000, 45 * USD], 5),
        ([12_000, 7_000_000], 6),
        ([10_000], 5),
        ([9_000], 6),
        ([130, 7_000_000], 8),
        ([1], 9),
        ([-1], 9),
    ],
)
def test_a_list_has_the_decimals_that_its_smallest_amount_needs(amounts, decimals) -> None:
    assert showing.decimals_of(amounts) == decimals


@pytest.mark.parametrize(
    ("amounts", "places"), [([], 0), (["$1"], 0), (["$1,000.50", "−$0.0023"], 4)]
)
def test_a_column_has_the_places_of_its_longest_amount(amounts, places) -> None:
    assert showing.places_of(amounts) == places


@pytest.mark.parametrize(
    ("amount", "places", "filled"),
    [("$0.50", 2, "$0.50"), ("$0.50", 4, "$0.50\u2007\u2007"), ("$3", 2, "$3\u2007\u2007\u2008")],
)
def test_what_is_missing_is_left_free(amount, places, filled) -> None:
    assert showing.aligned(amount, places) == filled


@pytest.mark.parametrize(
    ("nanos", "plain"), [(0, "0"), (1, "0.000000001"), (45_500_000_000, "45.5"), (10**11, "100")]
)
def test_amounts_for_machines(nanos, plain) -> None:
    assert showing.usd_plain(nanos) == plain


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (10_000, "10K"),
        (12_345, "12.3K"),
        (99_950, "100K"),
        (999_499, "999K"),
        (999_500, "1M"),
        (1_250_000, "1.25M"),
        (1_255_000, "1.26M"),
        (12_500_000_000, "12.5B"),
        (10**15, "1,000T"),
        (-12_345, "−12.3K"),
    ],
)
def test_counts_in_short(number, shown) -> None:
    assert showing.compact(number) == shown


def test_counts_in_full() -> None:
    assert showing.count(1_234_567) == "1,234,567"
    assert showing.count(-1) == "−1"


@pytest.mark.parametrize(
    ("permille", "plain", "signed"),
    [
        (0, "0.0%", "0.0%"),
        (5, "0.5%", "+0.5%"),
        (-123, "−12.3%", "−12.3%"),
        (10**4, "1000.0%", "+1000.0%"),
    ],
)
def test_percentages(permille, plain, signed) -> None:
    assert showing.percent(permille) == plain
    assert showing.signed_percent(permille) == signed


def test_moments_are_local_and_machines_get_utc() -> None:
    moment = datetime(2026, 11, 1, 23, 5, 9, tzinfo=UTC)
    berlin = ZoneInfo("Europe/Berlin")
    assert showing.day(moment, berlin) == "2 Nov 2026"
    assert showing.short_day(moment, berlin) == "2 Nov"
    assert showing.clock_time(moment, berlin) == "2 Nov 2026, 00:05:09"
    assert showing.rfc3339(moment.astimezone(berlin)) == "2026-11-01T23:05:09Z"


@pytest.mark.parametrize(
    ("split", "cost", "discount", "covered"),
    [
        ((620, 0, 0), 22_200_000, 22_200_000, 22_200_000),
        ((0, 0, 620), 22_200_000, 2_220_000, 0),
        # The book's example: 100 of 620 tokens covered, ten percent off the rest.
        ((100, 0, 520), 22_200_000, 5_442_581, 3_580_645),
        ((60, 40, 520), 22_200_000, 5_442_581, 3_580_645),
        ((0, 0, 0), 0, 0, 0),
        # Rounding never takes more than was taken.
        ((1, 0, 1), 3, 1, 1),
    ],
)
def test_what_was_covered_of_a_requests_cost(split, cost, discount, covered) -> None:
    quota_tokens, extra_tokens, overage_tokens = split
    record = SimpleNamespace(
        quota_tokens=quota_tokens,
        extra_tokens=extra_tokens,
        total_tokens=quota_tokens + extra_tokens + overage_tokens,
        cost_nanos=cost,
        discount_nanos=discount,
    )
    assert showing.covered_nanos(record) == covered


@pytest.mark.parametrize(
    ("minor", "written"), [(0, "0.00 USD"), (10_000, "100.00 USD"), (123_450, "1,234.50 USD")]
)
def test_amounts_in_sentences(minor, written) -> None:
    assert showing.usd_written(minor) == written


@pytest.mark.parametrize(
    ("pico", "of_a_million", "about"),
    [
        (150_000_000, "$150.00", "$150.00"),
        (2_462_864, "$2.462864", "$2.46"),
        (130, "$0.00013", "$0.00013"),
        (1_234_567_890, "$1,234.56789", "$1,230.00"),
        (0, "$0.00", "$0.00"),
    ],
)
def test_prices_of_tokens(pico, of_a_million, about) -> None:
    assert showing.FILTERS["usd_per_million"](pico) == of_a_million
    assert showing.usd_per_million_about(pico) == about


@pytest.mark.parametrize(
    ("now", "shown"),
    [
        (datetime(2026, 11, 21, 15, 0, tzinfo=UTC), "00:05"),
        (datetime(2026, 11, 21, 14, 59, tzinfo=UTC), "22 Nov, 00:05"),
    ],
)
def test_moments_ahead_name_their_day_if_it_is_another(now, shown) -> None:
    # In Tokyo the day ends at 15:00 UTC.
    moment = datetime(2026, 11, 21, 15, 5, tzinfo=UTC)
    assert showing.soon(moment, ZoneInfo("Asia/Tokyo"), now) == shown


def test_amounts_stand_in_fields() -> None:
    assert [showing.usd_input(minor) for minor in (5, 123_450)] == ["0.05", "1234.50"]


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (9_999, "9,999"),
        (10_000, "1万"),
        (12_345, "1.23万"),
        (1_250_000, "125万"),
        (99_950_000, "1亿"),
        (-12_345, "−1.23万"),
        (3 * 10**12, "3万亿"),
    ],
)
def test_chinese_counts_by_ten_thousands(app, number, shown) -> None:
    with app.app_context(), speaking("zh"):
        assert showing.compact(number) == shown


def test_a_day_and_its_hour_are_written_together(app) -> None:
    moment = datetime(2026, 11, 22, 14, 5, 9, tzinfo=UTC)
    assert showing.clock_time(moment, ZoneInfo("UTC")) == "22 Nov 2026, 14:05:09"
    with app.app_context(), speaking("zh"):
        assert showing.clock_time(moment, ZoneInfo("UTC")) == "2026年11月22日 14:05:09"


@pytest.mark.parametrize(
    ("pico", "shown"),
    [(0, "$0.00"), (15 * 10**9, "$0.015"), (10**12, "$1.00"), (1, "$0.000000000001")],
)
def test_amounts_below_a_nano_dollar_are_exact(pico, shown) -> None:
    assert showing.usd_of_pico(pico) == shown


@pytest.mark.parametrize(
    ("month", "english", "chinese"),
    [("2026-11", "Nov 2026", "2026年11月"), ("2024-01", "Jan 2024", "2024年1月")],
)
def test_a_month_that_is_kept_as_text_is_read_as_one(app, month, english, chinese) -> None:
    assert showing.billing_month(month) == english
    with app.app_context(), speaking("zh"):
        assert showing.billing_month(month) == chinese


def test_what_is_no_month_is_a_bug() -> None:
    with pytest.raises(ValueError, match="month"):
        showing.billing_month("2026-13")


def test_an_address_is_read_in_the_readers_language(app) -> None:
    party = {"name": "Ada", "address": "Ada\nLondon", "country": "GB"}
    assert showing.address_of(party) == ("London", "United Kingdom")
    assert showing.address_of({"name": "Ada"}) == ()
    assert showing.country_called("XX") == "XX"
    with app.app_context(), speaking("zh"):
        assert showing.address_of(party) == ("London", "英国")
        assert showing.country_called("DE") == "德国"

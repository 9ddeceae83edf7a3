"""LiteLLM's table, by an excerpt in its shape and, where it is at hand, by the file itself."""

import json
import os
from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.catalog.errors import PriceTableTooLarge, PriceTableUnreadable
from app.domain.catalog.price_changes import PriceTerms
from app.foundation.money import usd_per_1k_from_pico
from app.wiring import read_price_table

EXCERPT = Path(__file__).with_name("price_table_excerpt.json")
# Of the package litellm, under its licence, which lies beside it.
SAMPLE = Path(__file__).with_name("price_table_sample.json")
REAL_TABLE = os.environ.get("LITELLM_PRICE_TABLE", "")
CHARGED_ALWAYS = ("input_cost_per_token", "output_cost_per_token")
CHARGED = (
    *CHARGED_ALWAYS,
    "cache_read_input_token_cost",
    "cache_creation_input_token_cost",
    "input_cost_per_token_cache_hit",
)
TOKEN_MODES = ("chat", "completion", "responses", "embedding")


@pytest.fixture(scope="module")
def prices():
    return {price.model_id: price for price in read_price_table(EXCERPT).prices}


@pytest.fixture(scope="module")
def skipped():
    return {entry.model_id: entry.reason for entry in read_price_table(EXCERPT).skipped}


def real(file: Path) -> dict[str, dict]:
    return json.loads(file.read_bytes(), parse_float=Decimal)


class TestReadPriceTable:
    def test_accounts_for_every_entry(self, prices, skipped) -> None:
        table = json.loads(EXCERPT.read_text(encoding="utf-8"), parse_float=Decimal)
        assert prices.keys() | skipped.keys() == table.keys()
        assert not prices.keys() & skipped.keys()

    @pytest.mark.parametrize(
        ("model_id", "terms"),
        [
            ("gpt-4o", PriceTerms(2_500_000, 10_000_000, 1_250_000, provider="openai")),
            (
                "anthropic/claude-sonnet-9",
                PriceTerms(3_000_000, 15_000_000, 300_000, 3_750_000, provider="anthropic"),
            ),
            ("noisy/float", PriceTerms(50_000, 130, provider="novita")),
            ("text-embedding-9", PriceTerms(20_000, 0, provider="openai")),
        ],
    )
    def test_reads_prices_exactly(self, prices, model_id, terms) -> None:
        assert prices[model_id].terms == terms

    def test_takes_a_free_cache_write_for_no_surcharge(self, prices) -> None:
        assert prices["deepseek/deepseek-chat"].terms.cache_write_pico is None
        assert prices["deepseek/deepseek-chat"].terms.cache_read_pico == 28_000

    def test_takes_the_first_tier_where_there_is_no_other_price(self, prices) -> None:
        terms = PriceTerms(1_000_000, 5_000_000, 100_000, provider="dashscope")
        assert prices["dashscope/tiered"].terms == terms
        assert prices["dashscope/tiered"].ignored == ("prices by length of the prompt",)

    def test_says_what_it_cannot_charge(self, prices) -> None:
        assert prices["gpt-4o"].ignored == ("prices of service tiers",)
        assert prices["anthropic/claude-sonnet-9"].ignored == (
            "cache writes that are kept longer",
            "charges that are not by the token",
            "prices by length of the prompt",
        )
        assert prices["deepseek/deepseek-chat"].ignored == ()

    @pytest.mark.parametrize(
        ("model_id", "reason"),
        [
            ("sample_spec", "explains the table"),
            ("tiered/from-the-middle", "has no prompt price"),
            ("completion/only", "has no prompt price"),
            ("prompt/only", "has no completion price"),
            ("free/model", "is free in the table"),
            ("finer/than-a-pico", "cannot charge exactly"),
            ("below/zero", "negative"),
            ("beyond/reason", "from 0 to 1,000 USD per 1,000 tokens"),
            ("huge/exponent", "too large a number"),
            ("text/price", "no number"),
            ("true/price", "no number"),
            ("line\nbreak", "no control characters"),
            ("dall-e-9", "mode image_generation"),
            ("whisper-9", "mode audio_transcription"),
            ("no/mode", "mode not named"),
            ("no/entry", "is no entry"),
        ],
    )
    def test_skips_what_gives_no_price_and_says_why(self, skipped, model_id, reason) -> None:
        assert reason in skipped[model_id]

    @pytest.mark.parametrize(
        "content", [b"", b"[]", b"17", b"{", b'{"gpt-4": NaN}', b"[" * 100_000, b"\xff\xfe\x00"]
    )
    def test_refuses_a_file_that_is_no_table(self, tmp_path, content) -> None:
        file = tmp_path / "table.json"
        file.write_bytes(content)
        with pytest.raises(PriceTableUnreadable, match=r"table\.json"):
            read_price_table(file)

    def test_refuses_a_file_that_is_not_there(self, tmp_path) -> None:
        with pytest.raises(PriceTableUnreadable, match="cannot be read"):
            read_price_table(tmp_path / "nowhere.json")

    def test_refuses_a_file_larger_than_any_table(self, tmp_path) -> None:
        file = tmp_path / "table.json"
        with file.open("wb") as opened:
            opened.truncate(65 * 1024 * 1024)
        with pytest.raises(PriceTableTooLarge):
            read_price_table(file)


@pytest.mark.parametrize(
    "file",
    [
        SAMPLE,
        pytest.param(
            Path(REAL_TABLE),
            marks=pytest.mark.skipif(not REAL_TABLE, reason="LITELLM_PRICE_TABLE names no file"),
            id="the whole table",
        ),
    ],
)
class TestTheRealTable:
    """Entries of LiteLLM's own: each of its fields, modes and kinds of prices is among them."""

    def test_is_read_to_the_last_digit(self, file: Path) -> None:
        table, read = real(file), read_price_table(file)
        assert len(read.prices) + len(read.skipped) == len(table)
        for price in read.prices:
            entry = table[price.model_id]
            listed = entry if "input_cost_per_token" in entry else entry["tiered_pricing"][0]
            terms = price.terms
            for pico, name in (
                (terms.prompt_pico, "input_cost_per_token"),
                (terms.completion_pico, "output_cost_per_token"),
                (terms.cache_read_pico, "cache_read_input_token_cost"),
                (terms.cache_write_pico, "cache_creation_input_token_cost"),
            ):
                charged = usd_per_1k_from_pico(pico or 0) / 1000
                assert abs(charged - Decimal(listed.get(name) or 0)) < Decimal("1e-18"), price

    def test_says_of_each_price_that_it_is_not_charged(self, file: Path) -> None:
        table = real(file)
        for price in read_price_table(file).prices:
            entry = table[price.model_id]
            others = [name for name in entry if "cost" in name and name not in CHARGED]
            told = [name for name in others if entry[name] is not None]
            assert bool(told or "tiered_pricing" in entry) == bool(price.ignored), price

    def test_skips_nothing_that_has_both_prices(self, file: Path) -> None:
        table = real(file)
        for entry in read_price_table(file).skipped:
            of_tokens = table[entry.model_id].get("mode") in TOKEN_MODES
            prices = [table[entry.model_id].get(name) for name in CHARGED_ALWAYS]
            assert not of_tokens or not all(prices), entry


def test_the_sample_holds_what_is_odd_in_the_table() -> None:
    table, read = real(SAMPLE), read_price_table(SAMPLE)
    assert len(read.prices) >= 80 and len(read.skipped) >= 40
    assert len({name for entry in table.values() for name in entry}) >= 230
    for kind in ("free in the table", "no prompt price", "mode ", "explains the table"):
        assert any(kind in entry.reason for entry in read.skipped), kind
    # Numbers that went through a binary float, such as 5.0000000000000004e-08.
    digits = [
        len(price.as_tuple().digits)
        for entry in table.values()
        for price in map(entry.get, CHARGED_ALWAYS)
        if isinstance(price, Decimal)
    ]
    assert sum(number > 10 for number in digits) >= 10

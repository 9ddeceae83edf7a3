"""Prices set, imported and listed by the operator's hand."""

from pathlib import Path

import pytest

from app.domain.catalog import queries
from app.foundation.database import session
from tests.factories.catalog import make_alias
from tests.factories.usage import make_usage

EXCERPT = Path(__file__).parents[2] / "adapters/price_table_excerpt.json"


def in_force(model_id: str):
    # The commands write through connections of their own.
    session.rollback()
    return queries.prices_in_force([model_id]).get(model_id, [])


class TestSetPrice:
    def test_prices_a_model_since_ever(self, app, billing) -> None:
        result = billing("prices", "set", "llama-9", "--prompt", "0.03", "--completion", "0.06")
        assert result.exit_code == 0, result.output
        assert result.stdout == "llama-9 costs 0.03 / 0.06 USD per 1,000 tokens.\n"
        [price] = in_force("llama-9")
        assert (price.terms.prompt_pico, price.terms.completion_pico) == (30_000_000, 60_000_000)
        assert price.set_by == "operator:command line"

    def test_takes_cache_prices_aliases_and_a_moment(self, app, billing) -> None:
        result = billing(
            "prices", "set", "gpt-4", "--prompt", "0.02", "--completion", "0.04",
            "--cache-read", "0.002", "--cache-write", "0.025",
            "--alias", "azure-code", "--alias", "gpt-4-0613", "--from", "2030-01-01T02:00:00+02:00",
        )  # fmt: skip
        assert result.exit_code == 0, result.output
        before, after = in_force("gpt-4")
        assert before.effective_to == after.effective_from
        assert after.effective_from.isoformat() == "2030-01-01T00:00:00+00:00"
        assert (after.terms.cache_read_pico, after.terms.cache_write_pico) == (
            2_000_000,
            25_000_000,
        )
        assert queries.model_of_alias() == {"azure-code": "gpt-4", "gpt-4-0613": "gpt-4"}

    def test_says_when_it_is_so_already(self, app, billing) -> None:
        for already in ("", " already"):
            result = billing("prices", "set", "llama-9", "--prompt", "1", "--completion", "2")
            assert result.stdout == f"llama-9 costs 1 / 2 USD per 1,000 tokens{already}.\n"

    @pytest.mark.parametrize(
        ("changed", "code", "message"),
        [
            (["--prompt", "cheap"], 1, "The prompt price is not valid: not a number."),
            (["--completion", "-1"], 1, "The completion price is not valid"),
            (["--cache-read", "1e-10"], 1, "The cache read price is not valid"),
            (["--cache-write", "1001"], 1, "A price must be from 0 to 1,000 USD"),
            (["--alias", "gpt-4o"], 1, "gpt-4o has a price of its own"),
            (["--alias", "llama-9"], 1, "llama-9 has a price of its own"),
            (["--from", "soon"], 2, "'soon' is no moment"),
            (["--from", "2030-01-01T00:00:00"], 2, "names no zone"),
        ],
    )
    def test_refuses_the_whole_in_one_line(self, app, billing, changed, code, message) -> None:
        usual = ["llama-9", "--prompt", "1", "--completion", "2"]
        result = billing("prices", "set", *usual, *changed)
        assert (result.exit_code, result.stdout) == (code, "")
        assert message in result.stderr and result.stderr.count("\n") == 1
        assert in_force("llama-9") == []


class TestImportTable:
    def test_says_what_it_did_and_what_it_left_out(self, app, billing) -> None:
        result = billing("prices", "import", EXCERPT)
        assert result.exit_code == 0, result.output
        lines = result.stdout.splitlines()
        assert lines[0] == ("5 new, 0 changed, 1 unchanged, 0 kept as set by hand, 16 left out.")
        assert "  anthropic/claude-sonnet-9: 0.003 / 0.015 USD per 1,000 tokens" in lines
        assert "2 imported without prices by length of the prompt:" in lines
        assert "1 left out, because it explains the table:" in lines
        assert len(in_force("dashscope/tiered")) == 1

    def test_changes_nothing_the_second_time(self, app, billing) -> None:
        billing("prices", "import", EXCERPT)
        again = billing("prices", "import", EXCERPT)
        assert again.stdout.startswith("0 new, 0 changed, 6 unchanged,")

    def test_can_be_tried_first(self, app, billing) -> None:
        result = billing("prices", "import", EXCERPT, "--dry-run")
        assert result.stdout.startswith("5 new,")
        assert "Nothing was written." in result.stdout
        assert in_force("dashscope/tiered") == []

    def test_keeps_what_was_set_by_hand_unless_it_is_named(self, app, billing) -> None:
        billing("prices", "set", "noisy/float", "--prompt", "1", "--completion", "2")
        kept = billing("prices", "import", EXCERPT)
        assert "1 kept as set by hand:\n  noisy/float\n" in kept.stdout
        named = billing("prices", "import", EXCERPT, "--override", "noisy/float")
        assert "noisy/float: 1 / 2 USD per 1,000 tokens → 0.00005 / 0.00000013" in named.stdout

    def test_names_them_all_on_request(self, app, billing) -> None:
        short = billing("prices", "import", EXCERPT, "--dry-run").stdout
        long = billing("prices", "import", EXCERPT, "--dry-run", "--verbose").stdout
        assert "… and 2 more (--verbose names them)" in short
        assert "…" not in long and len(long.splitlines()) > len(short.splitlines())

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["nowhere.json"], "nowhere.json cannot be read"),
            ([EXCERPT, "--override", "llama-9"], "The table has no price for llama-9."),
        ],
    )
    def test_refuses_in_one_line(self, app, billing, arguments, message) -> None:
        result = billing("prices", "import", *arguments)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.count("\n") == 1 and message in result.stderr


class TestListPrices:
    def test_lists_what_counts_now_and_later(self, app, billing) -> None:
        make_alias("azure-code", model_id="gpt-4")
        billing(
            "prices", "set", "gpt-4", "--prompt", "1", "--completion", "2", "--from", "2030-01-01"
        )
        lines = billing("prices", "list").stdout.splitlines()
        rows = [line.split() for line in lines if line.startswith("gpt-4 ")]
        assert rows[0][:3] == ["gpt-4", "0.03", "0.06"]
        assert rows[1][-3:] == ["2030-01-01T00:00:00Z", "operator:command", "line"]
        assert lines[-1].split() == ["azure-code", "gpt-4"]

    def test_leaves_out_what_is_over(self, app, billing) -> None:
        billing(
            "prices", "set", "gpt-4", "--prompt", "1", "--completion", "2", "--from", "2020-01-01"
        )
        lines = billing("prices", "list").stdout.splitlines()
        assert [line.split()[1] for line in lines if line.startswith("gpt-4 ")] == ["1"]


class TestUnpriced:
    def test_lists_models_with_what_waits(self, app, ada, billing) -> None:
        for model, tokens in (("llama-9", 1_000), ("llama-9", 2_000), ("mixtral-9", 40)):
            make_usage(model=model, prompt_tokens=tokens, completion_tokens=0)
        result = billing("prices", "unpriced")
        assert result.exit_code == 0, result.output
        assert result.stdout.splitlines() == [
            "MODEL      RECORDS  TOKENS",
            "llama-9    2        3,000",
            "mixtral-9  1        40",
        ]

    def test_says_when_nothing_waits(self, app, billing) -> None:
        assert billing("prices", "unpriced").stdout == "No usage waits for a price.\n"

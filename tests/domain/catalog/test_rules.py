"""What each kind of a request's tokens costs; no database."""

from datetime import UTC, datetime

import pytest

from app.domain.catalog.rules import Price, pico_tokens, priced_tokens

PRICE = Price(
    id=1,
    model_id="gpt-4",
    prompt_pico=30_000_000,
    completion_pico=60_000_000,
    cache_read_pico=3_000_000,
    cache_write_pico=37_500_000,
    included_in_plans=True,
    effective_from=datetime(2026, 1, 1, tzinfo=UTC),
    effective_to=None,
)


@pytest.mark.parametrize(
    ("prompt", "cached", "written", "completion", "kinds"),
    [
        (0, 0, 0, 0, []),
        (500, 0, 0, 120, [("input", 500), ("output", 120)]),
        (500, 500, 0, 0, [("cache_read", 500)]),
        (
            500,
            100,
            150,
            1,
            [("input", 250), ("cache_read", 100), ("cache_write", 150), ("output", 1)],
        ),
    ],
)
def test_kinds_add_up_to_the_list_cost(prompt, cached, written, completion, kinds) -> None:
    counts = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "cached_tokens": cached,
        "cache_write_tokens": written,
    }
    parts = priced_tokens(PRICE, **counts)
    assert [(part.kind, part.tokens) for part in parts] == kinds
    assert sum(part.cost_pico for part in parts) == pico_tokens(PRICE, **counts)

"""What another price of a model comes to, on the usage of the last 30 days."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.catalog.price_changes import PriceTerms
from app.domain.catalog.rules import Price, PriceBook
from app.domain.reporting.price_effects import (
    ModelUse,
    PriceEffect,
    charged_at,
    means,
    price_effect,
)
from app.foundation.database import session
from tests.factories.accounts import make_account
from tests.factories.catalog import make_alias
from tests.factories.usage import make_usage
from tests.moments import NOW

CENT = 10_000_000
HALF_PRICE = PriceTerms(prompt_pico=15_000_000, completion_pico=30_000_000)
PRICED = ("gpt-4", "azure/gpt-4")
USED = ModelUse(
    customers=1,
    prompt_tokens=1_000,
    completion_tokens=100,
    cached_tokens=400,
    cache_write_tokens=100,
    cost_nanos=1_000,
    final_nanos=250,
)


@pytest.mark.parametrize(
    ("terms", "nanos"),
    [
        # 500 × 2 + 400 × 2 + 100 × 2 + 100 × 0: twice as much as it listed for.
        (PriceTerms(2_000, 0), 500),
        (PriceTerms(2_000, 0, cache_read_pico=0, cache_write_pico=0), 250),
        (PriceTerms(0, 10_000), 250),
        (PriceTerms(0, 0), 0),
    ],
)
def test_plans_cover_the_same_share(terms, nanos) -> None:
    assert charged_at(terms, USED) == nanos
    assert charged_at(terms, replace(USED, final_nanos=0)) == 0


@pytest.mark.parametrize(
    ("name", "is_meant"),
    [
        ("gpt-4", True),
        ("openai/gpt-4", True),
        ("four", True),
        ("openai/four", True),
        ("gpt-4o", False),
        # It has a price of its own.
        ("azure/gpt-4", False),
        ("openai/gpt-4/x", False),
    ],
)
def test_all_names_of_the_model_are_meant(name, is_meant) -> None:
    prices = {model_id: [Price(1, model_id, 1, 1, 1, 1, True, NOW, None)] for model_id in PRICED}
    book = PriceBook(prices, {"four": "gpt-4"})
    assert means(name, "gpt-4", book) is is_meant


class TestPriceEffect:
    def test_is_none_where_nothing_was_used(self, ada) -> None:
        make_usage("ada", model="gpt-4o")
        make_usage("ada", model="nobody-knows")
        session.commit()
        assert price_effect("gpt-4", HALF_PRICE, now=NOW) is None
        assert price_effect("nobody-knows", HALF_PRICE, now=NOW) is None

    def test_compares_what_was_charged(self, ada, ben) -> None:
        make_alias("four", model_id="gpt-4")
        pia = make_account("pia", plan_id="plan-pro")
        for user_id, model in (("ada", "gpt-4"), ("ada", "openai/gpt-4"), ("ben", "four")):
            make_usage(user_id, model=model, prompt_tokens=1_000, completion_tokens=0)
        # Her plan covers it: whatever it lists for, nothing is charged.
        make_usage(pia.id, prompt_tokens=1_000, completion_tokens=0)
        make_usage(
            "ada",
            prompt_tokens=1_000_000,
            now=NOW - timedelta(days=30),
            occurred_at=NOW - timedelta(days=30),
        )
        session.commit()
        found = price_effect("gpt-4", HALF_PRICE, now=NOW)
        assert found == PriceEffect(customers=3, before_nanos=9 * CENT, after_nanos=45 * CENT // 10)
        assert found.difference_nanos == -45 * CENT // 10

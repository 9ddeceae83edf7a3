"""A price table becomes prices: once, whole, and without touching what was set by hand."""

import time
from datetime import timedelta

import pytest

from app.domain.catalog import operations, queries
from app.domain.catalog.errors import UnknownModel
from app.domain.catalog.price_changes import SINCE_EVER, ListedPrice, PriceTerms
from app.foundation.database import session, transaction
from app.workflows.import_prices import import_prices
from tests.factories.catalog import make_alias
from tests.moments import NOW
from tests.statements import statements

pytestmark = pytest.mark.usefixtures("app")

MODELS_OF_THE_PUBLIC_TABLE = 3_500
SECONDS_MAX = 5


def listed(model_id: str, prompt_pico: int = 1_000_000, **terms) -> ListedPrice:
    return ListedPrice(model_id, PriceTerms(prompt_pico, 2_000_000, **terms))


def run(table, *, now=NOW, override=()):
    with transaction():
        return import_prices(table, actor="cli", now=now, override=override)


class TestImportPrices:
    def test_prices_new_models_since_ever_and_changed_ones_from_now_on(self) -> None:
        changes = run([listed("llama-9"), listed("gpt-4", provider="openai")])
        assert [change.model_id for change in changes.new] == ["llama-9"]
        assert [change.model_id for change in changes.changed] == ["gpt-4"]
        prices = queries.prices_in_force()
        assert [price.effective_from for price in prices["llama-9"]] == [SINCE_EVER]
        assert [price.effective_to for price in prices["gpt-4"]] == [NOW, None]

    def test_changes_nothing_the_second_time(self) -> None:
        table = [listed("llama-9", cache_read_pico=5), listed("gpt-4")]
        run(table)
        before = queries.prices_in_force()
        again = run(table, now=NOW + timedelta(days=1))
        assert (again.new, again.changed, again.unchanged) == ([], [], 2)
        assert queries.prices_in_force() == before

    def test_keeps_prices_and_aliases_set_by_hand(self) -> None:
        make_alias("my-model", model_id="gpt-4")
        with transaction():
            terms = PriceTerms(7, 7)
            operations.set_price("gpt-4o", terms, actor="operator:olga", now=NOW)
        before = queries.prices_in_force()
        changes = run([listed("gpt-4o"), listed("my-model")])
        assert changes.kept == ["gpt-4o", "my-model"]
        assert queries.prices_in_force() == before

    def test_takes_over_what_was_set_by_hand_if_it_is_named(self) -> None:
        with transaction():
            terms = PriceTerms(7, 7)
            operations.set_price("gpt-4o", terms, actor="operator:olga", now=NOW)
        tomorrow = NOW + timedelta(days=1)
        run([listed("gpt-4o")], now=tomorrow, override=["gpt-4o"])
        assert [p.terms.prompt_pico for p in queries.prices_in_force()["gpt-4o"]] == [7, 1_000_000]
        # From then on it is the table's, and follows it again.
        later = NOW + timedelta(days=2)
        assert len(run([listed("gpt-4o", 9)], now=later).changed) == 1

    def test_refuses_to_take_over_what_the_table_does_not_price(self) -> None:
        with pytest.raises(UnknownModel, match="llama-9"):
            run([listed("gpt-4o")], override=["llama-9"])

    def test_takes_a_whole_table_in_a_few_statements(self) -> None:
        table = [listed(f"model-{n}") for n in range(MODELS_OF_THE_PUBLIC_TABLE)]
        began = time.monotonic()
        with statements(session.get_bind()) as sent:
            run(table)
        dearer = [listed(price.model_id, 3_000_000) for price in table]
        run(dearer, now=NOW + timedelta(days=1))
        assert time.monotonic() - began < SECONDS_MAX
        assert len(sent) <= 10
        assert len(queries.prices_in_force()["model-17"]) == 2

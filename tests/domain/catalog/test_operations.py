"""Prices and aliases as they stand in the database."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.domain.catalog import operations, queries
from app.domain.catalog.errors import AliasTaken, ModelNameInvalid, PriceInvalid, UnknownModel
from app.domain.catalog.models import ModelPrice
from app.domain.catalog.price_changes import SINCE_EVER, PriceTerms
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from tests.factories.catalog import make_alias, make_price
from tests.moments import NOW
from tests.statements import statements

pytestmark = pytest.mark.usefixtures("app")

CHEAP = PriceTerms(1_000_000, 2_000_000)
DEAR = PriceTerms(5_000_000, 9_000_000, cache_read_pico=500_000)


def set_price(model_id: str, terms: PriceTerms, **given):
    with transaction():
        return operations.set_price(model_id, terms, actor="operator:olga", now=NOW, **given)


def set_alias(alias: str, model_id: str):
    with transaction():
        return operations.set_alias(alias, model_id=model_id, actor="operator:olga", now=NOW)


def in_force(model_id: str):
    return queries.prices_in_force([model_id]).get(model_id, [])


def rows() -> int:
    return session.scalars(select(func.count()).select_from(ModelPrice)).one()


class TestSetPrice:
    def test_prices_a_new_model_since_ever(self) -> None:
        set_price("llama-9", CHEAP)
        [price] = in_force("llama-9")
        assert (price.effective_from, price.effective_to) == (SINCE_EVER, None)
        assert (price.terms.prompt_pico, price.terms.included_in_plans) == (1_000_000, True)
        assert price.set_by == "operator:olga"

    def test_ends_the_running_price_at_the_moment_given(self) -> None:
        make_price("llama-9")
        tomorrow = NOW + timedelta(days=1)
        set_price("llama-9", DEAR, starts_at=tomorrow)
        before, after = in_force("llama-9")
        assert (before.effective_to, after.effective_from) == (tomorrow, tomorrow)
        book = queries.price_book(["llama-9"])
        moment = timedelta(microseconds=1)
        assert book.find_price_at("llama-9", tomorrow - moment).id == before.id
        assert book.find_price_at("llama-9", tomorrow).id == after.id

    def test_keeps_replaced_prices_for_the_records_they_priced(self) -> None:
        make_price("llama-9", prompt_pico=7)
        set_price("llama-9", DEAR)
        assert [price.terms.prompt_pico for price in in_force("llama-9")] == [5_000_000]
        old = session.scalars(select(ModelPrice).filter_by(prompt_price_pico=7)).one()
        assert old.replaced_at == NOW

    def test_replaces_a_plan_for_later(self) -> None:
        set_price("llama-9", CHEAP)
        set_price("llama-9", DEAR, starts_at=NOW + timedelta(days=9))
        set_price("llama-9", CHEAP, starts_at=NOW)
        [price] = in_force("llama-9")
        assert (price.effective_from, price.effective_to) == (SINCE_EVER, None)

    def test_writes_nothing_twice(self) -> None:
        set_price("llama-9", DEAR, starts_at=NOW)
        before = rows(), session.query(JournalEntry).count()
        assert set_price("llama-9", DEAR, starts_at=NOW) is None
        assert (rows(), session.query(JournalEntry).count()) == before

    def test_notes_by_whom_a_price_was_confirmed(self) -> None:
        make_price("llama-9")
        assert set_price("llama-9", CHEAP) is None
        assert in_force("llama-9")[0].set_by == "operator:olga"

    def test_says_in_the_journal_what_it_did(self) -> None:
        set_price("llama-9", DEAR)
        entry = session.scalars(select(JournalEntry).filter_by(action="price_set")).one()
        assert entry.actor == "operator:olga"
        assert entry.details["model_id"] == "llama-9"
        assert entry.details["usd_per_1k"] == {
            "prompt": "0.005",
            "completion": "0.009",
            "cache_read": "0.0005",
            "cache_write": None,
        }
        assert "usd_per_1k_before" not in entry.details
        set_price("llama-9", CHEAP, starts_at=NOW + timedelta(days=1))
        last = session.scalars(select(JournalEntry).order_by(JournalEntry.id.desc())).first()
        assert last.details["usd_per_1k_before"] == entry.details["usd_per_1k"]

    def test_leaves_other_models_alone(self) -> None:
        before = {m: p for m, p in queries.prices_in_force().items() if m != "gpt-4"}
        set_price("gpt-4", DEAR)
        after = {m: p for m, p in queries.prices_in_force().items() if m != "gpt-4"}
        assert before == after and before

    @pytest.mark.parametrize(
        ("model_id", "terms", "refusal"),
        [("", CHEAP, ModelNameInvalid), ("a\nb", CHEAP, ModelNameInvalid),
         ("llama-9", PriceTerms(-1, 0), PriceInvalid)],
    )  # fmt: skip
    def test_refuses_what_is_no_price(self, model_id, terms, refusal) -> None:
        before = rows()
        with pytest.raises(refusal):
            set_price(model_id, terms)
        assert rows() == before


class TestSetAlias:
    def test_lets_a_name_stand_for_a_model(self) -> None:
        set_alias("my-model", "gpt-4")
        price = queries.price_book(["my-model"]).find_price_at("my-model", NOW)
        assert price is not None and price.model_id == "gpt-4"

    def test_points_an_alias_at_another_model(self) -> None:
        make_alias("my-model", model_id="gpt-4")
        set_alias("my-model", "gpt-4o")
        assert queries.model_of_alias() == {"my-model": "gpt-4o"}

    @pytest.mark.parametrize("alias", ["gpt-4o", "gpt-4"])
    def test_refuses_a_model_with_a_price_of_its_own(self, alias) -> None:
        with pytest.raises(AliasTaken, match="has a price of its own"):
            set_alias(alias, "gpt-4")

    def test_refuses_a_model_without_a_price(self) -> None:
        with pytest.raises(UnknownModel):
            set_alias("my-model", "nobody-knows")

    def test_refuses_what_is_no_name(self) -> None:
        with pytest.raises(ModelNameInvalid):
            set_alias("a\x00b", "gpt-4")


class TestChangePrices:
    def test_needs_as_many_statements_for_many_as_for_one(self) -> None:
        def cost_of_changing(model_ids) -> int:
            changes = [
                operations.price_changes.find_change(
                    model_id, in_force(model_id), DEAR, starts_at=NOW
                )
                for model_id in model_ids
            ]
            with transaction(), statements(session.get_bind()) as sent:
                operations.change_prices(changes, now=NOW)
            return len(sent)

        assert cost_of_changing(["gpt-4"]) == cost_of_changing(["gpt-4o", "o4-mini", "gpt-4.1"])

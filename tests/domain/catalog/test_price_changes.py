"""How one price follows another: tables of cases, no database."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.catalog.errors import ModelNameInvalid, PriceInvalid
from app.domain.catalog.price_changes import (
    SINCE_EVER,
    ListedPrice,
    PriceInForce,
    PriceTerms,
    check_terms,
    checked_model_name,
    find_change,
    import_changes,
    pico_of_price,
)
from tests.moments import NOW

CHEAP = PriceTerms(1_000, 2_000, included_in_plans=True)
DEAR = PriceTerms(3_000, 4_000, included_in_plans=True)
LATER = NOW + timedelta(days=7)


def price(price_id: int, terms: PriceTerms, start: datetime, end: datetime | None = None):
    return PriceInForce(price_id, "gpt-4", terms, start, end, set_by=None)


def follow(in_force: list[PriceInForce], terms: PriceTerms, starts_at: datetime):
    """Play a change on the prices in force, as the operation writes it."""
    change = find_change("gpt-4", in_force, terms, starts_at=starts_at)
    if change is None:
        return in_force
    after = [p for p in in_force if p.id not in change.replaced_ids]
    after = [replace(p, effective_to=starts_at) if p.id == change.ended_id else p for p in after]
    after = [replace(p, effective_to=None) if p.id == change.reopened_id else p for p in after]
    if change.reopened_id is None:
        after.append(price(1 + max((p.id for p in in_force), default=0), change.terms, starts_at))
    return after


class TestFindChange:
    def test_gives_a_new_model_its_first_price(self) -> None:
        change = find_change("gpt-4", [], CHEAP, starts_at=SINCE_EVER)
        assert change is not None
        assert (change.terms, change.before, change.replaced_ids) == (CHEAP, None, ())
        assert change.ended_id is None and change.reopened_id is None

    def test_ends_the_running_price_where_the_new_one_starts(self) -> None:
        after = follow([price(1, CHEAP, SINCE_EVER)], DEAR, NOW)
        assert after == [price(1, CHEAP, SINCE_EVER, NOW), price(2, DEAR, NOW)]

    def test_replaces_a_price_that_starts_at_the_same_moment(self) -> None:
        before = [price(1, CHEAP, SINCE_EVER, NOW), price(2, DEAR, NOW)]
        dearest = PriceTerms(9, 9, included_in_plans=True)
        after = follow(before, dearest, NOW)
        assert after == [price(1, CHEAP, SINCE_EVER, NOW), price(3, dearest, NOW)]

    def test_replaces_all_that_starts_later(self) -> None:
        before = [price(1, CHEAP, SINCE_EVER, LATER), price(2, DEAR, LATER)]
        dearest = PriceTerms(9, 9, included_in_plans=True)
        assert follow(before, dearest, SINCE_EVER) == [price(3, dearest, SINCE_EVER)]

    @pytest.mark.parametrize("starts_at", [SINCE_EVER, NOW])
    def test_leaves_alone_what_is_so_already(self, starts_at) -> None:
        in_force = [price(1, CHEAP, SINCE_EVER)]
        assert find_change("gpt-4", in_force, CHEAP, starts_at=starts_at) is None

    def test_lets_the_running_price_go_on_instead_of_a_later_one(self) -> None:
        before = [price(1, CHEAP, SINCE_EVER, LATER), price(2, DEAR, LATER)]
        assert follow(before, CHEAP, NOW) == [price(1, CHEAP, SINCE_EVER)]

    def test_lets_the_price_of_that_moment_go_on_instead_of_a_later_one(self) -> None:
        before = [price(1, CHEAP, NOW, LATER), price(2, DEAR, LATER)]
        assert follow(before, CHEAP, NOW) == [price(1, CHEAP, NOW)]

    def test_keeps_provider_and_inclusion_that_are_not_named(self) -> None:
        known = replace(CHEAP, provider="openai", included_in_plans=False)
        named = PriceTerms(3_000, 4_000)
        change = find_change("gpt-4", [price(1, known, SINCE_EVER)], named, starts_at=NOW)
        assert change is not None
        assert (change.terms.provider, change.terms.included_in_plans) == ("openai", False)

    def test_takes_another_provider_alone_for_no_other_price(self) -> None:
        in_force = [price(1, replace(CHEAP, provider="gemini"), SINCE_EVER)]
        named = replace(CHEAP, provider="vertex_ai")
        assert find_change("gpt-4", in_force, named, starts_at=NOW) is None

    @given(
        st.lists(
            st.tuples(st.sampled_from([CHEAP, DEAR]), st.integers(min_value=0, max_value=5)),
            min_size=1,
            max_size=12,
        )
    )
    def test_leaves_neither_gap_nor_overlap_whatever_is_set(self, story) -> None:
        in_force: list[PriceInForce] = []
        for terms, days in story:
            starts_at = NOW + timedelta(days=days)
            in_force = follow(in_force, terms, starts_at)
            assert in_force[-1].effective_to is None
            for earlier, later in pairwise(in_force):
                assert earlier.effective_to == later.effective_from
            holds = [p for p in in_force if p.effective_from <= starts_at]
            assert holds[-1].terms.costs_like(terms)
            assert find_change("gpt-4", in_force, terms, starts_at=starts_at) is None


class TestImportChanges:
    def changes(self, listed, in_force=(), *, aliases=(), override=()):
        by_model = {"gpt-4": list(in_force)} if in_force else {}
        return import_changes(
            [ListedPrice("gpt-4", listed)], by_model, aliases=aliases, override=override, now=NOW
        )

    def test_prices_new_models_since_ever(self) -> None:
        changes = self.changes(CHEAP)
        assert [change.starts_at for change in changes.new] == [SINCE_EVER]
        assert (changes.changed, changes.unchanged, changes.kept) == ([], 0, [])

    def test_changes_known_models_from_now_on(self) -> None:
        changes = self.changes(DEAR, [price(1, CHEAP, SINCE_EVER)])
        assert [change.starts_at for change in changes.changed] == [NOW]
        assert [change.before for change in changes.changed] == [CHEAP]

    def test_counts_what_stays_as_it_is(self) -> None:
        changes = self.changes(CHEAP, [price(1, CHEAP, SINCE_EVER)])
        assert (changes.new, changes.changed, changes.unchanged) == ([], [], 1)

    def test_keeps_what_was_set_by_hand(self) -> None:
        by_hand = replace(price(1, CHEAP, SINCE_EVER), set_by="operator:olga")
        assert self.changes(DEAR, [by_hand]).kept == ["gpt-4"]
        assert self.changes(DEAR, aliases=["gpt-4"]).kept == ["gpt-4"]

    def test_changes_what_was_set_by_hand_if_it_is_named(self) -> None:
        by_hand = replace(price(1, CHEAP, SINCE_EVER), set_by="operator:olga")
        changes = self.changes(DEAR, [by_hand], override=["gpt-4"])
        assert [change.model_id for change in changes.changed] == ["gpt-4"]


class TestCheckedModelName:
    @pytest.mark.parametrize("name", ["gpt-4", "a" * 255, "openrouter/meta/llama:free", "模型"])
    def test_takes_what_models_are_called(self, name) -> None:
        assert checked_model_name(name) == name

    @pytest.mark.parametrize("name", ["", "a" * 256, "gpt\n4", "gpt\x00", " gpt-4", "\ud800"])
    def test_refuses_what_no_model_is_called(self, name) -> None:
        with pytest.raises(ModelNameInvalid):
            checked_model_name(name)


class TestPicoOfPrice:
    @pytest.mark.parametrize(
        ("text", "pico"), [("0.03", 30_000_000), ("0", 0), ("1.3e-7", 130), ("1000", 10**12)]
    )
    def test_reads_usd_per_1000_tokens(self, text, pico) -> None:
        assert pico_of_price("prompt", text) == pico

    @pytest.mark.parametrize(
        "text", ["", "three", "-0.01", "1e-12", "NaN", "Infinity", "1e999999999"]
    )
    def test_refuses_what_is_no_exact_price(self, text) -> None:
        with pytest.raises(PriceInvalid, match="The prompt price"):
            pico_of_price("prompt", text)


class TestCheckTerms:
    @pytest.mark.parametrize("pico", [0, 10**12])
    def test_takes_up_to_1000_usd_per_1000_tokens(self, pico) -> None:
        check_terms(PriceTerms(pico, pico, pico, pico))

    @pytest.mark.parametrize("wrong", [-1, 10**12 + 1])
    @pytest.mark.parametrize("place", range(4))
    def test_refuses_what_lies_beyond(self, place, wrong) -> None:
        prices = [1, 1, 1, 1]
        prices[place] = wrong
        with pytest.raises(PriceInvalid):
            check_terms(PriceTerms(*prices))

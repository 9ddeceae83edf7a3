"""Plans and prices as they are looked up."""

from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.domain.catalog import queries
from app.domain.catalog.errors import UnknownPlan
from tests.factories.catalog import make_price
from tests.moments import NOW

SECOND = timedelta(seconds=1)


class TestPlan:
    @pytest.mark.parametrize("plan_id", ["", "plan-x", "\x00", "\ud800"])
    def test_knows_no_other(self, app: Flask, plan_id: str) -> None:
        with pytest.raises(UnknownPlan):
            queries.plan(plan_id)


class TestPricesAt:
    @pytest.mark.parametrize(("moment", "costs"), [(NOW - SECOND, 1), (NOW, 2), (NOW + SECOND, 2)])
    def test_reads_what_holds_at_the_moment(self, app: Flask, moment: datetime, costs: int) -> None:
        make_price("llama-9", prompt_pico=1, effective_to=NOW)
        make_price("llama-9", prompt_pico=2, effective_from=NOW)
        make_price("llama-9", prompt_pico=3, replaced_at=NOW)
        found = [price for price in queries.prices_at(moment) if price.model_id == "llama-9"]
        assert [price.prompt_pico for price in found] == [costs]


class TestPricesCalled:
    def test_finds_also_what_counts_for_nothing_any_more(self, app: Flask) -> None:
        old = make_price("llama-9", prompt_pico=3, replaced_at=NOW)
        new = make_price("llama-9", prompt_pico=2)
        found = queries.prices_called([old.id, new.id, 10**9])
        assert {price.id: price.prompt_pico for price in found.values()} == {old.id: 3, new.id: 2}

    def test_asks_nothing_about_nothing(self) -> None:
        assert queries.prices_called([]) == {}

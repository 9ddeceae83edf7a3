"""The operator's list of models, and what a new price would change."""

from datetime import datetime, timedelta

import pytest

from app.domain.catalog import price_lists
from app.domain.catalog.errors import ModelNameInvalid, PriceInvalid
from app.domain.catalog.price_changes import SINCE_EVER, PriceTerms
from tests.factories.catalog import make_alias, make_price
from tests.statements import statements

pytestmark = pytest.mark.usefixtures("app")


class TestModelsPage:
    def test_goes_by_name_with_other_names(self) -> None:
        make_price("aa-1")
        make_price("aa-2")
        make_alias("aa-latest", model_id="aa-2")
        with statements() as sent:
            first = price_lists.models_page(query="AA-", limit=1)
        assert len(sent) == 3
        second = price_lists.models_page(query="aa-", limit=1, after=first.next_after)
        assert [model.model_id for model in (*first.models, *second.models)] == ["aa-1", "aa-2"]
        assert second.models[0].aliases == ("aa-latest",) and second.next_after is None

    def test_finds_only_what_has_a_price(self) -> None:
        assert price_lists.find_model("gpt-4").model_id == "gpt-4"
        assert price_lists.find_model("gpt-9") is None
        assert price_lists.models_page(query="%", limit=9).models == ()


class TestPricedModel:
    def test_knows_its_price_at_a_moment(self, now: datetime) -> None:
        model = price_lists.find_model("gpt-4")
        assert model.price_at(now) == model.price_at(SINCE_EVER) == model.prices[0]
        # Of what begins later, the first is shown.
        assert model.price_at(SINCE_EVER - timedelta(days=1)) == model.prices[0]


class TestPreviewPrice:
    def test_says_what_setting_it_would_change(self, now: datetime) -> None:
        same, dearer = PriceTerms(30_000_000, 60_000_000), PriceTerms(40_000_000, 60_000_000)
        assert price_lists.preview_price("gpt-4", same, starts_at=now) is None
        change = price_lists.preview_price("gpt-4", dearer, starts_at=now)
        assert change.before.prompt_pico == 30_000_000 and change.terms.prompt_pico == 40_000_000

    def test_refuses_what_setting_it_would(self, now: datetime) -> None:
        with pytest.raises(ModelNameInvalid):
            price_lists.preview_price("", PriceTerms(1, 1), starts_at=now)
        with pytest.raises(PriceInvalid):
            price_lists.preview_price("gpt-4", PriceTerms(-1, 1), starts_at=now)

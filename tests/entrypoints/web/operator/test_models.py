"""One model at the console: its prices over time, and taking back prices and other names."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from app.domain.catalog import operations, queries
from app.domain.catalog.models import ModelPrice
from app.domain.catalog.price_changes import PriceTerms
from app.foundation import clock
from app.foundation.database import end_reading, session, transaction
from tests.entrypoints.web.conftest import words
from tests.entrypoints.web.operator.conftest import acts_of_olga
from tests.factories.catalog import make_alias
from tests.statements import statements
from tests.tabs import tab

MODEL = "/operator/prices/model?model_id=gpt-4"
STATEMENTS_MAX = 7


def set_price(pico: int, *, days: int) -> None:
    now = clock.now()
    with transaction():
        operations.set_price(
            "gpt-4",
            PriceTerms(pico, pico),
            actor="operator:otto",
            now=now,
            starts_at=now + timedelta(days=days),
        )


def prices() -> list[int]:
    end_reading()
    return [price.terms.prompt_pico for price in queries.prices_in_force(["gpt-4"])["gpt-4"]]


class TestModel:
    def test_shows_its_prices_over_time(self, olgas: FlaskClient) -> None:
        set_price(40_000_000, days=-2)
        set_price(50_000_000, days=3)
        set_price(60_000_000, days=2)
        make_alias("gpt-four", model_id="gpt-4")
        with statements() as sent:
            page = words(olgas.get(MODEL).text)
        assert len(sent) <= STATEMENTS_MAX, sent
        assert page.index("ahead") < page.index("counts now") < page.index("past")
        for told in ("$30.00", "$40.00", "$60.00", "Operator otto", "gpt-four", "Replaced prices"):
            assert told in page
        assert "$50.00" in page[page.index("Replaced prices") :]
        assert olgas.get("/operator/prices").text.count('href="/operator/prices/model?') > 1

    @pytest.mark.parametrize("asked", ["", "?model_id=nothing", "?model_id=%00"])
    def test_knows_no_other(self, olgas: FlaskClient, asked: str) -> None:
        assert olgas.get(f"/operator/prices/model{asked}").status_code == 404


class TestWithdrawPrice:
    def test_lets_the_one_before_go_on(self, olgas: FlaskClient) -> None:
        set_price(50_000_000, days=3)
        ahead = queries.prices_in_force(["gpt-4"])["gpt-4"][-1].id
        address = f"/operator/prices/withdraw?price_id={ahead}"
        assert "$30.00 per million prompt tokens" in olgas.get(address).text
        assert prices() == [30_000_000, 50_000_000]
        answer = olgas.post("/operator/prices/withdraw", data={"price_id": ahead})
        assert answer.status_code == 303 and prices() == [30_000_000]
        assert [act for act, _ in acts_of_olga()] == ["price_withdrawn"]
        assert olgas.post("/operator/prices/withdraw", data={"price_id": ahead}).status_code == 404

    def test_takes_back_no_other_than_was_shown(self, olgas: FlaskClient) -> None:
        set_price(50_000_000, days=3)
        ahead = queries.prices_in_force(["gpt-4"])["gpt-4"][-1].id
        address = f"/operator/prices/withdraw?price_id={ahead}"
        sent = tab(olgas, address)
        with transaction():
            row = session.query(ModelPrice).filter_by(model_id="gpt-4", effective_to=None).one()
            before = session.query(ModelPrice).filter_by(model_id="gpt-4").order_by("id").first()
            assert row.id == ahead
            before.prompt_price_pico = 20_000_000
        answer = olgas.post(address, data=sent)
        assert answer.status_code == 422 and prices() == [20_000_000, 50_000_000]
        assert "$20.00 per million prompt tokens" in answer.text

    def test_what_counts_already_stays(self, olgas: FlaskClient) -> None:
        [price] = queries.prices_in_force(["gpt-4"])["gpt-4"]
        answer = olgas.post("/operator/prices/withdraw", data={"price_id": price.id})
        assert answer.status_code == 409 and "counts already" in answer.text
        assert prices() == [30_000_000]

    @pytest.mark.parametrize("price_id", ["", "0", "x", "9" * 18])
    def test_knows_no_other(self, olgas: FlaskClient, price_id: str) -> None:
        assert olgas.get(f"/operator/prices/withdraw?price_id={price_id}").status_code == 404


class TestRemoveAlias:
    def test_lets_the_name_stand_for_nothing(self, olgas: FlaskClient) -> None:
        make_alias("openai/four", model_id="gpt-4")
        address = "/operator/prices/alias/remove"
        page = olgas.get(f"{address}?alias=openai/four").text
        assert "openai/four stands for gpt-4 no more" in page
        answer = olgas.post(address, data={"alias": "openai/four"})
        assert (answer.status_code, answer.location) == (303, MODEL)
        end_reading()
        assert "openai/four" not in queries.model_of_alias()
        assert [act for act, _ in acts_of_olga()] == ["alias_removed"]
        assert olgas.post(address, data={"alias": "openai/four"}).status_code == 404

    def test_removes_no_other_than_was_shown(self, olgas: FlaskClient) -> None:
        make_alias("mine", model_id="gpt-4")
        address = "/operator/prices/alias/remove?alias=mine"
        sent = tab(olgas, address)
        with transaction():
            operations.set_alias("mine", model_id="gpt-4o", actor="operator:otto", now=clock.now())
        answer = olgas.post(address, data=sent)
        assert answer.status_code == 422 and "stands for gpt-4o no more" in words(answer.text)
        end_reading()
        assert queries.model_of_alias()["mine"] == "gpt-4o"

    @pytest.mark.parametrize("alias", ["", "none", "%00"])
    def test_knows_no_other(self, olgas: FlaskClient, alias: str) -> None:
        answer = olgas.get(f"/operator/prices/alias/remove?alias={alias}")
        assert answer.status_code == 404

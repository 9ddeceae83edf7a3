"""The operator's prices over the API."""

import pytest

from app.domain.catalog import queries

PRICES = "/v1/billing/operator/prices"
LLAMA = {"model_id": "llama-9", "prompt_price_per_k": 0.03, "completion_price_per_k": 0.06}


class TestListPrices:
    def test_lists_what_counts(self, client, by_olga) -> None:
        body = client.get(PRICES, headers=by_olga).json
        prices = {price["model_id"]: price for price in body["prices"]}
        assert prices["gpt-4"]["prompt_price_per_k"] == 0.03
        assert prices["gpt-4"]["effective_from"] is None
        one = client.get(f"{PRICES}?model_id=gpt-4", headers=by_olga).json["prices"]
        assert one == [prices["gpt-4"]]
        assert client.get(f"{PRICES}?model_id=nothing", headers=by_olga).json["prices"] == []

    def test_is_the_operators_alone(self, client, by_ada, by_gateway) -> None:
        for header in (by_ada, by_gateway):
            assert client.get(PRICES, headers=header).status_code == 403
            assert client.post(PRICES, json=LLAMA, headers=header).status_code == 403


class TestSetPrice:
    def test_prices_a_model_since_ever(self, client, by_olga) -> None:
        answer = client.post(PRICES, json={**LLAMA, "aliases": ["llama"]}, headers=by_olga)
        assert answer.status_code == 201
        (price,) = answer.json["prices"]
        assert {name: price[name] for name in LLAMA} == LLAMA
        assert price["set_by"] == "operator:olga"
        assert price["cache_read_price_per_k"] is None and price["included_in_plans"] is True
        assert queries.model_of_alias()["llama"] == "llama-9"
        assert client.post(PRICES, json=LLAMA, headers=by_olga).status_code == 200

    def test_changes_a_price_from_a_moment_on(self, client, by_olga) -> None:
        later = {
            **LLAMA,
            "model_id": "gpt-4",
            "cache_read_price_per_k": 0.001,
            "included_in_plans": False,
            "effective_from": "2999-01-01T01:00:00+01:00",
        }
        before, after = client.post(PRICES, json=later, headers=by_olga).json["prices"]
        assert before["effective_to"] == after["effective_from"] == "2999-01-01T00:00:00Z"
        assert after["included_in_plans"] is False

    @pytest.mark.parametrize(
        ("changes", "path", "code"),
        [
            ({"prompt_price_per_k": "0.03"}, "prompt_price_per_k", "prompt_price_per_k_invalid"),
            ({"prompt_price_per_k": -1}, "prompt_price_per_k", "price_invalid"),
            ({"completion_price_per_k": 1e-10}, "completion_price_per_k", "price_invalid"),
            ({"model_id": 5}, "model_id", "model_id_invalid"),
            ({"effective_from": "soon"}, "effective_from", "effective_from_invalid"),
            ({"aliases": "llama"}, "aliases", "aliases_invalid"),
            ({"currency": "EUR"}, "currency", "field_unknown"),
        ],
    )
    def test_refuses_by_the_fields_path(self, client, by_olga, changes, path, code) -> None:
        answer = client.post(PRICES, json={**LLAMA, **changes}, headers=by_olga)
        assert (answer.status_code, answer.json["code"]) == (422, code)
        assert answer.json["errors"][0]["path"] == path

    def test_takes_all_back_if_an_alias_is_refused(self, client, by_olga) -> None:
        answer = client.post(PRICES, json={**LLAMA, "aliases": ["gpt-4"]}, headers=by_olga)
        assert (answer.status_code, answer.json["code"]) == (409, "alias_taken")
        assert queries.prices_in_force(["llama-9"]) == {}

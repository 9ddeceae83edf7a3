"""The operator's plans over the API."""

import pytest

from app.foundation.database import session
from app.foundation.journal import JournalEntry

PLANS = "/v1/billing/operator/plans"
TEAM = {"id": "plan-team", "name": "Team", "monthly_quota": 500_000, "monthly_price": 49.99}


class TestReading:
    def test_lists_the_hidden_one_too(self, client, by_olga) -> None:
        plans = client.get(PLANS, headers=by_olga).json["plans"]
        assert [plan["id"] for plan in plans] == [
            *("plan-basic", "plan-pro", "plan-enterprise", "plan-payg"),
        ]
        assert plans[-1]["is_hidden"] and plans[-1]["extra_token_price"] is None

    def test_says_of_a_plan_at_least_what_everybody_may_know(self, client, by_olga) -> None:
        offered = client.get("/v1/billing/plans").json["plans"]
        listed = client.get(PLANS, headers=by_olga).json["plans"]
        for plan, known in zip(offered, listed, strict=False):
            assert {name: known[name] for name in plan} == plan

    def test_warns_of_what_is_odd(self, client, by_olga) -> None:
        plan = client.get(f"{PLANS}/plan-basic", headers=by_olga).json
        assert [warning["code"] for warning in plan["warnings"]] == [
            *("extra_token_cheaper_than_plan", "extra_token_cheaper_than_overage"),
        ]

    def test_is_the_operators_alone(self, client, by_ada, by_gateway) -> None:
        for header in (by_ada, by_gateway):
            assert client.get(PLANS, headers=header).status_code == 403
            assert client.post(PLANS, json=TEAM, headers=header).status_code == 403
            assert client.put(f"{PLANS}/plan-pro", json={}, headers=header).status_code == 403


class TestChanging:
    def test_makes_a_plan_that_customers_can_choose(self, client, by_olga) -> None:
        body = {**TEAM, "features": ["Chat"], "extra_token_price": 0.00012, "overage_discount": 5}
        answer = client.post(PLANS, json=body, headers=by_olga)
        assert answer.status_code == 201
        assert {name: answer.json[name] for name in body} == body
        offered = client.get("/v1/billing/plans").json["plans"]
        assert offered[-1]["id"] == "plan-team" and offered[-1]["features"] == ["Chat"]
        assert session.query(JournalEntry).one().actor == "operator:olga"

    def test_changes_only_what_is_named(self, client, by_olga) -> None:
        answer = client.put(f"{PLANS}/plan-pro", json={"monthly_price": 120}, headers=by_olga)
        assert answer.status_code == 200
        assert (answer.json["monthly_price"], answer.json["monthly_quota"]) == (120, 1_000_000)
        shown = client.get(f"{PLANS}/plan-pro", headers=by_olga).json
        assert shown["monthly_price"] == 120

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"id": "plan-pro"}, 409, "plan_id_taken"),
            ({"id": "Team"}, 422, "id_invalid"),
            ({"monthly_price": "49.99"}, 422, "monthly_price_invalid"),
            ({"monthly_price": 0.1}, 422, "monthly_price_invalid"),
            ({"monthly_quota": -1}, 422, "monthly_quota_invalid"),
            ({"features": [1]}, 422, "features_invalid"),
            ({"is_hidden": True}, 422, "field_unknown"),
        ],
    )
    def test_refuses(self, client, by_olga, changes, status, code) -> None:
        answer = client.post(PLANS, json={**TEAM, **changes}, headers=by_olga)
        assert (answer.status_code, answer.json["code"]) == (status, code)

    def test_leaves_pay_as_you_go_what_it_is(self, client, by_olga) -> None:
        answer = client.put(f"{PLANS}/plan-payg", json={"monthly_price": 5}, headers=by_olga)
        assert (answer.status_code, answer.json["code"]) == (409, "pay_as_you_go_fixed")

    @pytest.mark.parametrize("plan_id", ["plan-x", "%00", "%ED%A0%80"])
    def test_knows_no_other(self, client, by_olga, plan_id) -> None:
        for answer in (
            client.get(f"{PLANS}/{plan_id}", headers=by_olga),
            client.put(f"{PLANS}/{plan_id}", json={"name": "X"}, headers=by_olga),
        ):
            assert (answer.status_code, answer.json["code"]) == (404, "unknown_plan")

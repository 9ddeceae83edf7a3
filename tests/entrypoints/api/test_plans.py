"""The plans as anyone may read them."""

import pytest

from app.domain.catalog.models import Plan
from app.foundation.database import session
from tests.factories.catalog import make_plan

PLANS = "/v1/billing/plans"


class TestGetPlans:
    def test_shows_the_three_plans_to_anyone(self, client) -> None:
        response = client.get(PLANS)
        assert response.status_code == 200
        basic, pro, enterprise = response.json["plans"]
        assert basic == {
            "id": "plan-basic",
            "name": "Basic",
            "description": "Perfect for getting started",
            "monthly_quota": 100_000,
            "monthly_price": 9.99,
            "extra_token_price": 0.00002,
            "support_level": "email",
            "max_concurrent_req": 5,
            "rate_limit_per_min": 60,
            "overage_discount": 0,
            "features": ["Up to 100K tokens per month", "Email support", "Basic API access"],
        }
        assert pro["overage_discount"] == 10 and pro["extra_token_price"] == 0.00015
        assert enterprise["id"] == "plan-enterprise"

    def test_writes_prices_as_people_do(self, client) -> None:
        text = client.get(PLANS).text
        assert '"monthly_price":9.99,' in text
        assert '"extra_token_price":0.00002,' in text

    def test_leaves_out_what_cannot_be_chosen(self, client, app) -> None:
        session.get(Plan, "plan-pro").is_active = False
        make_plan("plan-secret", is_hidden=True)
        make_plan("plan-team", extra_token_price_pico=None)
        plans = client.get(PLANS).json["plans"]
        assert [plan["id"] for plan in plans] == ["plan-basic", "plan-enterprise", "plan-team"]
        assert plans[-1]["extra_token_price"] is None

    @pytest.mark.parametrize("key", ["Bearer nonsense", "Bearer é"])
    def test_does_not_mind_a_wrong_key(self, client, key) -> None:
        environ = {"HTTP_AUTHORIZATION": key}
        assert client.get(PLANS, environ_overrides=environ).status_code == 200

    def test_takes_no_parameters(self, client) -> None:
        response = client.get(f"{PLANS}?limit=1")
        assert response.status_code == 422
        assert response.json["code"] == "parameter_unknown"

"""The operator's coupons over the API."""

import json

import pytest

from app.domain.coupons.models import Coupon
from app.foundation.database import session
from app.foundation.journal import JournalEntry
from tests.factories.coupons import make_coupon

COUPONS = "/v1/billing/operator/coupons"
SAVE50 = {
    "code": "save50",
    "type": "percentage",
    "value": 50,
    "max_uses": 100,
    "expires_at": "2999-12-31T23:59:59+01:00",
}


def post(client, by_olga, **changes):
    body = {name: value for name, value in {**SAVE50, **changes}.items() if value is not ...}
    return client.post(COUPONS, json=body, headers=by_olga)


class TestCreateCoupon:
    def test_makes_a_coupon(self, client, by_olga) -> None:
        response = post(client, by_olga, min_purchase_amount=9.5, applicable_plans=["plan-pro"])
        assert response.status_code == 201
        body = response.json
        assert {name: body[name] for name in SAVE50 if name != "expires_at"} == {
            "code": "SAVE50", "type": "percentage", "value": 50, "max_uses": 100,
        }  # fmt: skip
        assert body["expires_at"] == "2999-12-31T22:59:59Z"
        assert (body["used_count"], body["min_purchase_amount"]) == (0, 9.5)
        assert body["created_by"] == "operator:olga"
        assert client.get(f"{COUPONS}/Save50", headers=by_olga).json == body
        assert session.query(JournalEntry).one().actor == "operator:olga"

    @pytest.mark.parametrize(
        ("coupon_type", "value"), [("percentage", "12.5"), ("fixed", "19.99"), ("free_tokens", "5")]
    )
    def test_writes_values_as_they_were_given(self, client, by_olga, coupon_type, value) -> None:
        response = post(client, by_olga, type=coupon_type, value=float(value))
        assert str(json.loads(response.text, parse_float=str)["value"]) == value

    @pytest.mark.parametrize(
        ("changes", "path", "code"),
        [
            ({"code": ...}, "code", "field_missing"),
            ({"expires_at": ...}, "expires_at", "field_missing"),
            ({"value": "50"}, "value", "value_invalid"),
            ({"value": True}, "value", "value_invalid"),
            ({"value": 50.123}, "value", "value_invalid"),
            ({"max_uses": 1.5}, "max_uses", "max_uses_invalid"),
            ({"max_uses": None}, "max_uses", "max_uses_invalid"),
            ({"max_uses": 10**30}, "max_uses", "max_uses_invalid"),
            ({"expires_at": "2999-12-31T23:59:59"}, "expires_at", "expires_at_invalid"),
            ({"expires_at": "2999-13-31T23:59:59Z"}, "expires_at", "expires_at_invalid"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at", "expires_at_invalid"),
            ({"is_active": 1}, "is_active", "is_active_invalid"),
            ({"applicable_plans": "plan-pro"}, "applicable_plans", "applicable_plans_invalid"),
            ({"applicable_plans": ["plan-x"]}, "applicable_plans[0]", "unknown_plan"),
            ({"description": "\u0000"}, "description", "description_invalid"),
            ({"used_count": 1}, "used_count", "field_unknown"),
        ],
    )
    def test_refuses_by_the_fields_path(self, client, by_olga, changes, path, code) -> None:
        response = post(client, by_olga, **changes)
        assert (response.status_code, response.json["code"]) == (422, code)
        assert response.json["errors"][0]["path"] == path
        assert session.query(Coupon).count() == 0

    def test_refuses_codes_that_are_none_or_taken(self, client, by_olga) -> None:
        assert post(client, by_olga, code="SАVE50").json["code"] == "coupon_code_invalid"
        assert post(client, by_olga).status_code == 201
        again = post(client, by_olga, code="SAVE50")
        assert (again.status_code, again.json["code"]) == (409, "coupon_code_taken")

    def test_repeats_no_effect(self, client, by_olga) -> None:
        once = {**by_olga, "Idempotency-Key": "one"}
        first, second = (client.post(COUPONS, json=SAVE50, headers=once) for _ in range(2))
        assert (first.status_code, second.status_code) == (201, 201)
        assert second.headers["Idempotent-Replayed"] == "true"

    def test_is_the_operators_alone(self, client, by_ada, by_gateway) -> None:
        for header in (by_ada, by_gateway):
            assert post(client, header).status_code == 403
            assert client.get(COUPONS, headers=header).status_code == 403
            assert client.put(f"{COUPONS}/A", json={}, headers=header).status_code == 403
        assert post(client, {}).status_code == 401


class TestChangeCoupon:
    def test_changes_only_what_is_named(self, client, by_olga) -> None:
        make_coupon("SAVE50", description="Half")
        response = client.put(f"{COUPONS}/save50", json={"is_active": False}, headers=by_olga)
        assert response.status_code == 200
        assert response.json["is_active"] is False
        assert (response.json["value"], response.json["description"]) == (50, "Half")

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"value": 60}, 409, "coupon_terms_fixed"),
            ({"max_uses": 0}, 422, "max_uses_invalid"),
            ({"code": "OTHER"}, 422, "field_unknown"),
            ([], 422, "body_not_object"),
        ],
    )
    def test_refuses(self, client, by_olga, body, status, code) -> None:
        make_coupon("SAVE50").used_count = 1
        session.commit()
        response = client.put(f"{COUPONS}/SAVE50", json=body, headers=by_olga)
        assert (response.status_code, response.json["code"]) == (status, code)

    @pytest.mark.parametrize("code", ["OTHER", "%00", "%ED%A0%80", "x" * 500])
    def test_knows_no_other(self, client, by_olga, code) -> None:
        for answer in (
            client.put(f"{COUPONS}/{code}", json={"is_active": False}, headers=by_olga),
            client.get(f"{COUPONS}/{code}", headers=by_olga),
        ):
            assert (answer.status_code, answer.json["code"]) == (404, "coupon_not_found")


class TestListCoupons:
    def test_lists_by_pages(self, client, by_olga) -> None:
        for number in range(3):
            make_coupon(f"CODE-{number}")
        first = client.get(f"{COUPONS}?limit=2", headers=by_olga).json
        second = client.get(
            f"{COUPONS}?limit=2&cursor={first['next_cursor']}", headers=by_olga
        ).json
        listed = [coupon["code"] for coupon in first["coupons"] + second["coupons"]]
        assert listed == ["CODE-2", "CODE-1", "CODE-0"]
        assert second["next_cursor"] is None

    @pytest.mark.parametrize("query", ["limit=0", "limit=1001", "cursor=x", "page=1"])
    def test_refuses_wrong_parameters(self, client, by_olga, query) -> None:
        assert client.get(f"{COUPONS}?{query}", headers=by_olga).status_code == 422

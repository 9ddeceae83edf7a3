"""What the subscription calls refuse, and with which words."""

import pytest
from flask.testing import FlaskClient

from app.domain.subscriptions.models import PlanChange
from app.foundation.database import session
from app.foundation.secret_keys import KeyKind
from tests.entrypoints.api.conftest import Post
from tests.factories.bearers import bearer
from tests.factories.catalog import make_plan

SUBSCRIPTION = "/v1/billing/subscription"
PREVIEW, CANCEL, RESUME = (f"{SUBSCRIPTION}/{verb}" for verb in ("preview", "cancel", "resume"))


class TestBadInput:
    @pytest.mark.parametrize("path", [PREVIEW, SUBSCRIPTION])
    @pytest.mark.parametrize(
        ("plan_id", "status", "code"),
        [
            *((odd, 404, "unknown_plan") for odd in ("", "pro", "PLAN-PRO", "plan-pro ", "\x00")),
            *((odd, 404, "unknown_plan") for odd in ("plan-рro", "plan-pro\u200b", "\ud800")),
            ("a" * 10_000, 404, "unknown_plan"),
            ("plan-old", 422, "plan_not_for_sale"),
            ("plan-secret", 422, "plan_not_for_sale"),
            ("plan-payg", 422, "plan_not_for_sale"),
            (None, 422, "field_missing"),
            (7, 422, "field_invalid"),
            (True, 422, "field_invalid"),
            ({"id": "plan-pro"}, 422, "field_invalid"),
        ],
    )
    def test_takes_plans_on_offer(
        self, post: Post, path: str, plan_id: object, status: int, code: str
    ) -> None:
        make_plan("plan-old", is_active=False)
        make_plan("plan-secret", is_hidden=True)
        answer = post(path, plan_id=plan_id)
        assert (answer.status_code, answer.json["code"]) == (status, code)
        assert session.query(PlanChange).count() == 0

    @pytest.mark.parametrize("path", [PREVIEW, SUBSCRIPTION])
    def test_refuses_the_plan_that_runs(self, post: Post, by_cleo, path: str) -> None:
        answer = post(path, by=by_cleo, plan_id="plan-pro")
        assert (answer.status_code, answer.json["code"]) == (409, "already_on_plan")

    @pytest.mark.parametrize(
        ("path", "body", "code", "field"),
        [
            (PREVIEW, {}, "field_missing", "plan_id"),
            (PREVIEW, {"plan_id": "plan-pro", "provider": "stripe"}, "field_unknown", "provider"),
            (SUBSCRIPTION, {}, "field_missing", "plan_id"),
            (SUBSCRIPTION, {"plan_id": "plan-pro", "plan": "pro"}, "field_unknown", "plan"),
            (SUBSCRIPTION, {"plan_id": "plan-pro", "provider": 1}, "field_invalid", "provider"),
            (SUBSCRIPTION, {"plan_id": "plan-pro", "provider": ""}, "unknown_provider", "provider"),
            (
                SUBSCRIPTION,
                {"plan_id": "plan-pro", "provider": "Stripe"},
                "unknown_provider",
                "provider",
            ),
            *(
                (
                    SUBSCRIPTION,
                    {"plan_id": "plan-pro", "previewed_at": odd},
                    "field_invalid",
                    "previewed_at",
                )
                for odd in ("", "now", "2026-11-05", "2026-11-05T10:00:00", 1_762_336_800, [])
            ),
        ],
    )
    def test_names_the_field(
        self, post: Post, path: str, body: dict[str, object], code: str, field: str
    ) -> None:
        answer = post(path, **body)
        assert (answer.status_code, answer.json["code"]) == (422, code)
        assert answer.json["errors"][0]["path"] == field

    @pytest.mark.parametrize("path", [PREVIEW, SUBSCRIPTION])
    def test_reads_json_to_the_letter(self, client: FlaskClient, by_ada, path: str) -> None:
        body = b'{"plan_id":"plan-pro","plan_id":"plan-basic"}'
        answer = client.post(path, data=body, headers=by_ada, content_type="application/json")
        assert (answer.status_code, answer.json["code"]) == (422, "field_repeated")

    @pytest.mark.parametrize("path", [SUBSCRIPTION, CANCEL, RESUME])
    def test_is_not_for_keys_that_only_read(self, post: Post, ada, path: str) -> None:
        reading = bearer(KeyKind.CUSTOMER, user_id="ada", scope="read")
        answer = post(path, by=reading, plan_id="plan-pro")
        assert answer.json["code"] == "key_is_read_only"

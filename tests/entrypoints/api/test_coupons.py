"""Redeeming coupons over the API."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.accounts.models import Account
from app.domain.coupons.models import Coupon, CouponGuess, CouponUsage
from app.foundation.database import session
from app.foundation.secret_keys import KeyKind
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.factories.catalog import make_plan
from tests.factories.coupon_rows import make_coupon
from tests.statements import statements
from tests.threads import in_parallel

APPLY = "/v1/billing/coupons/apply"
GUESSES_MAX = 10
AT_ONCE = 32
USES = 10

Apply = Callable[..., TestResponse]


@pytest.fixture
def apply(client: FlaskClient, by_ada: dict[str, str]) -> Apply:
    def apply(
        code: object = "SAVE50", *, by: dict[str, str] | None = None, key: str = "", **body: object
    ) -> TestResponse:
        headers = {**(by or by_ada), **({"Idempotency-Key": key} if key else {})}
        return client.post(APPLY, json={"coupon_code": code, **body}, headers=headers)

    return apply


def redemptions(code: str = "SAVE50") -> int:
    session.rollback()
    coupon = session.query(Coupon).populate_existing().filter_by(code=code).one()
    assert session.query(CouponUsage).filter_by(coupon_id=coupon.id).count() == coupon.used_count
    return coupon.used_count


class TestApply:
    @pytest.mark.parametrize(
        ("coupon", "value", "said"),
        [
            ({"type": "percentage", "value": 5_000}, 50, "Save 50%"),
            ({"type": "percentage", "value": 1_250}, 12.5, "Save 12.5%"),
            ({"type": "fixed", "value": 1_050}, 10.5, "Save $10.50"),
            ({"type": "free_tokens", "value": 250_000}, 250_000, "250,000 free tokens"),
            ({"type": "fixed", "value": 500, "description": "Welcome!"}, 5, "Welcome!"),
        ],
    )
    def test_answers_the_missions_body(
        self, apply: Apply, now: datetime, coupon: dict[str, object], value: object, said: str
    ) -> None:
        make_coupon(now=now, **coupon)
        answer = apply()
        assert answer.status_code == 200
        assert answer.json == {
            "message": "coupon applied successfully",
            "coupon": {"code": "SAVE50", "type": coupon["type"], "value": value},
            "discount": {"type": coupon["type"], "value": value, "description": said},
        }
        assert redemptions() == 1
        check_books()

    @pytest.mark.parametrize("code", ["save50", "SaVe50", "  SAVE50 ", "\tsave50\n"])
    def test_reads_codes_as_people_type_them(self, apply: Apply, now: datetime, code: str) -> None:
        make_coupon(now=now)
        assert apply(code).json["coupon"]["code"] == "SAVE50"

    def test_gives_tokens_at_once(self, apply: Apply, now: datetime) -> None:
        make_coupon(now=now, type="free_tokens", value=5_000)
        apply()
        assert session.get(Account, "ada").extra_tokens == 5_000
        check_books()

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"is_active": False}, 422, "coupon_inactive"),
            ({"valid_from": timedelta(minutes=1)}, 422, "coupon_not_started"),
            ({"expires_at": timedelta(0)}, 422, "coupon_expired"),
            ({"max_uses": 1, "used_count": 1}, 422, "coupon_used_up"),
            ({"applicable_plans": ["plan-pro"]}, 422, "coupon_wrong_plan"),
            ({"applicable_plans": []}, 422, "coupon_wrong_plan"),
        ],
    )
    def test_refuses_by_name(
        self, apply: Apply, now: datetime, changes: dict[str, object], status: int, code: str
    ) -> None:
        moments = {
            name: now + value for name, value in changes.items() if isinstance(value, timedelta)
        }
        make_coupon(now=now, **{**changes, **moments})
        answer = apply()
        assert (answer.status_code, answer.json["code"]) == (status, code)
        assert "SAVE50" in answer.json["error"]
        assert session.query(CouponUsage).count() == session.query(CouponGuess).count() == 0

    def test_lets_an_account_have_it_once(self, apply: Apply, now: datetime, by_ben) -> None:
        make_coupon(now=now)
        assert apply().status_code == 200
        assert apply().json["code"] == "coupon_already_used"
        assert apply(by=by_ben).status_code == 200
        assert redemptions() == 2

    def test_lets_an_account_have_it_as_often_as_it_says(self, apply: Apply, now: datetime) -> None:
        make_coupon(now=now, max_usage_per_user=2)
        assert [apply().status_code for _ in range(3)] == [200, 200, 422]
        assert redemptions() == 2

    def test_is_for_a_plan_that_is_about_to_be_bought(self, apply: Apply, now: datetime) -> None:
        make_coupon(now=now, applicable_plans=["plan-pro"])
        assert apply(plan_id="plan-basic").json["code"] == "coupon_wrong_plan"
        assert apply(plan_id=None).json["code"] == "coupon_wrong_plan"
        assert apply(plan_id="plan-pro").status_code == 200

    @pytest.mark.parametrize(
        ("plan_id", "status", "code"),
        [
            *((odd, 404, "unknown_plan") for odd in ("", "pro", "Plan-Pro", " plan-pro", "\x00")),
            ("plan-рro", 404, "unknown_plan"),
            ("plan-old", 422, "plan_not_for_sale"),
            ("plan-secret", 422, "plan_not_for_sale"),
            (7, 422, "field_invalid"),
            (["plan-pro"], 422, "field_invalid"),
        ],
    )
    def test_knows_which_plans_can_be_bought(
        self, apply: Apply, now: datetime, plan_id: object, status: int, code: str
    ) -> None:
        make_coupon(now=now)
        make_plan("plan-old", is_active=False)
        make_plan("plan-secret", is_hidden=True)
        answer = apply(plan_id=plan_id)
        assert (answer.status_code, answer.json["code"]) == (status, code)
        assert redemptions() == 0

    def test_takes_the_plan_one_is_on_for_what_it_is(self, apply: Apply, now: datetime) -> None:
        make_coupon(now=now)
        assert apply(plan_id="plan-payg").status_code == 200

    @pytest.mark.parametrize(
        ("body", "code", "field"),
        [
            ({}, "field_missing", "coupon_code"),
            ({"coupon_code": None}, "field_missing", "coupon_code"),
            ({"coupon_code": 50}, "field_invalid", "coupon_code"),
            ({"coupon_code": ["SAVE50"]}, "field_invalid", "coupon_code"),
            ({"coupon_code": True}, "field_invalid", "coupon_code"),
            ({"coupon_code": "SAVE50", "amount": 1}, "field_unknown", "amount"),
            ({"code": "SAVE50"}, "field_unknown", "code"),
        ],
    )
    def test_says_what_is_wrong_with_the_body(
        self, client: FlaskClient, by_ada, body: dict[str, object], code: str, field: str
    ) -> None:
        answer = client.post(APPLY, json=body, headers=by_ada)
        assert (answer.status_code, answer.json["code"]) == (422, code)
        assert answer.json["errors"][0]["path"] == field
        assert session.query(CouponGuess).count() == 0

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            (b'{"coupon_code":"A","coupon_code":"B"}', 422, "field_repeated"),
            (b'["SAVE50"]', 422, "body_not_object"),
            (b'{"coupon_code":', 400, "body_not_json"),
            (b"", 400, "body_not_json"),
            (b'{"coupon_code":"\xff"}', 400, "body_not_utf8"),
        ],
    )
    def test_reads_json_to_the_letter(
        self, client: FlaskClient, by_ada, body: bytes, status: int, code: str
    ) -> None:
        answer = client.post(APPLY, data=body, headers=by_ada, content_type="application/json")
        assert (answer.status_code, answer.json["code"]) == (status, code)

    def test_is_for_customers_who_may_change_something(
        self, apply: Apply, by_gateway, now: datetime
    ) -> None:
        make_coupon(now=now)
        reading = bearer(KeyKind.CUSTOMER, user_id="ada", scope="read")
        assert apply(by=by_gateway).json["code"] == "wrong_kind_of_key"
        assert apply("NONE", by=reading).json["code"] == "key_is_read_only"
        assert session.query(CouponGuess).count() == 0

    def test_refuses_a_hundred_guesses_cheaply(
        self, apply: Apply, now: datetime, by_ben: dict[str, str]
    ) -> None:
        make_coupon(now=now)
        first = [apply(f"GUESS{number}").status_code for number in range(GUESSES_MAX)]
        assert first == [404] * GUESSES_MAX
        with statements() as one:
            assert apply("GUESS").status_code == 429
        with statements() as sent:
            answers = [apply(f"MORE{number}") for number in range(90)]
        assert {(answer.status_code, answer.json["code"]) for answer in answers} == {
            (429, "too_many_coupon_guesses")
        }
        assert all(0 < int(answer.headers["Retry-After"]) <= 3_600 for answer in answers)
        # Each costs what one costs, and leaves nothing behind.
        assert len(sent) == 90 * len(one)
        assert session.query(CouponGuess).count() == GUESSES_MAX
        # A code that exists is no way around it; somebody else is let.
        assert apply().status_code == 429
        assert apply(by=by_ben).status_code == 200
        assert redemptions() == 1

    def test_replays_its_answer(self, apply: Apply, now: datetime) -> None:
        make_coupon(now=now)
        first, again = apply(key="k1"), apply(key="k1")
        assert again.json == first.json and again.headers["Idempotent-Replayed"] == "true"
        assert apply("OTHER", key="k1").json["code"] == "idempotency_key_reused"
        assert redemptions() == 1

    def test_never_gives_more_than_there_are(self, app: Flask, now: datetime) -> None:
        make_coupon(now=now, max_uses=USES)
        keys = []
        for number in range(AT_ONCE):
            make_account(f"many-{number}", now=now)
            keys.append(bearer(KeyKind.CUSTOMER, user_id=f"many-{number}"))
        session.rollback()

        def redeem(headers: dict[str, str]) -> Callable[[], str]:
            body = {"coupon_code": "save50"}
            client = app.test_client()
            return lambda: client.post(APPLY, json=body, headers=headers).json.get("code", "given")

        answers = in_parallel(app, [redeem(headers) for headers in keys])
        assert sorted(set(answers)) == ["coupon_used_up", "given"]
        assert answers.count("given") == redemptions() == USES
        check_books()

    def test_gives_two_tabs_one_coupon(self, app: Flask, by_ada, now: datetime) -> None:
        make_coupon(now=now, type="free_tokens", value=1_000)
        session.rollback()

        def redeem() -> int:
            body = {"coupon_code": "SAVE50"}
            return app.test_client().post(APPLY, json=body, headers=by_ada).status_code

        assert sorted(in_parallel(app, [redeem] * 4)) == [200, 422, 422, 422]
        session.expire_all()
        assert session.get(Account, "ada").extra_tokens == 1_000


class TestGuesses:
    ODD = (
        *("NONE", "", " ", "SAVE 50", "SАVE50", "SAVE５０", "ſave50", "SAVE50\u200b", "\x00"),
        *("SAVE50\x00", "A" * 10_000, "%", "' OR 1=1 --", "\ud800", "SAVE50;"),
    )

    @pytest.mark.parametrize("code", ODD)
    def test_counts_what_is_no_code(self, apply: Apply, now: datetime, code: str) -> None:
        make_coupon(now=now)
        answer = apply(code)
        assert (answer.status_code, answer.json["code"]) == (404, "coupon_not_found")
        assert session.query(CouponGuess).filter_by(user_id="ada").count() == 1
        assert redemptions() == 0

    def test_counts_the_same_code_each_time(self, apply: Apply, now: datetime) -> None:
        answers = [apply("NONE").status_code for _ in range(GUESSES_MAX + 1)]
        assert answers == [404] * GUESSES_MAX + [429]

    def test_stops_who_goes_on_guessing(self, apply: Apply, now: datetime, by_ben) -> None:
        make_coupon(now=now)
        answers = [apply(f"GUESS{number}") for number in range(100)]
        codes = [answer.json["code"] for answer in answers]
        assert codes[:GUESSES_MAX] == ["coupon_not_found"] * GUESSES_MAX
        assert set(codes[GUESSES_MAX:]) == {"too_many_coupon_guesses"}
        assert answers[-1].status_code == 429
        assert answers[-1].headers["Retry-After"] == "3600"
        # A right code does not help any more, nor does it tell that it is one.
        assert apply().json["code"] == "too_many_coupon_guesses"
        assert session.query(CouponGuess).count() == GUESSES_MAX
        assert apply(by=by_ben).status_code == 200

    def test_forgets_after_an_hour(self, apply: Apply, now: datetime) -> None:
        make_coupon(now=now)
        old = now - timedelta(hours=1)
        session.add_all(CouponGuess(user_id="ada", guessed_at=old) for _ in range(GUESSES_MAX))
        session.commit()
        assert apply().status_code == 200

    def test_counts_guesses_that_come_together(self, app: Flask, by_ada) -> None:
        session.rollback()
        numbers = iter(range(16))

        def guess() -> int:
            body = {"coupon_code": f"NONE{next(numbers)}"}
            return app.test_client().post(APPLY, json=body, headers=by_ada).status_code

        answers = in_parallel(app, [guess] * 16)
        assert answers.count(404) == GUESSES_MAX and answers.count(429) == 16 - GUESSES_MAX


class TestListRedeemed:
    def test_answers_what_is_left(self, client: FlaskClient, apply: Apply, by_ada, now) -> None:
        make_coupon("HALF", now=now)
        make_coupon("TEN", now=now, type="fixed", value=1_000, min_purchase_minor=2_000)
        make_coupon("GIFT", now=now, type="free_tokens", value=7)
        for code in ("HALF", "TEN", "GIFT"):
            assert apply(code).status_code == 200
        gift, ten, half = client.get("/v1/billing/coupons", headers=by_ada).json["coupons"]
        assert half.pop("redeemed_at") < ten.pop("redeemed_at") < gift.pop("redeemed_at")
        assert gift.pop("used_up_at") is not None
        plain = {"min_purchase_amount": 0, "discount_amount": 0, "remaining_amount": None}
        assert gift == {
            **plain,
            "code": "GIFT",
            "type": "free_tokens",
            "value": 7,
            "description": "7 free tokens",
            "tokens_granted": 7,
        }
        assert ten == {
            **plain,
            "code": "TEN",
            "type": "fixed",
            "value": 10,
            "description": "Save $10.00",
            "min_purchase_amount": 20,
            "remaining_amount": 10,
            "tokens_granted": 0,
            "used_up_at": None,
        }
        assert half["value"] == 50 and half["used_up_at"] is None

    def test_shows_strangers_nothing(self, client: FlaskClient, apply, by_ben, now) -> None:
        make_coupon(now=now)
        apply()
        assert client.get("/v1/billing/coupons", headers=by_ben).json == {"coupons": []}

"""The subscription over the API: where it stands, previews, switching, cancelling, resuming."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts.models import Account, BillingSettings
from app.domain.catalog.models import Plan
from app.domain.invoices.models import CreditEntry, Invoice, TaxRate
from app.domain.mails.models import Mail
from app.domain.payments.models import Payment
from app.domain.subscriptions.models import PlanChange, Subscription
from app.foundation import clock
from app.foundation.database import session, transaction
from app.foundation.secret_keys import KeyKind
from app.workflows.delete_account import delete_account
from app.workflows.settle_payment import settle_payment
from tests.books import check_books
from tests.entrypoints.api.conftest import Post
from tests.factories.bearers import bearer
from tests.factories.coupon_rows import make_coupon
from tests.factories.subscriptions import current_period
from tests.factories.usage import GRACE
from tests.fakes.payment_gateway import FakeGateway
from tests.threads import in_parallel

SUBSCRIPTION = "/v1/billing/subscription"
PREVIEW, CANCEL, RESUME = (f"{SUBSCRIPTION}/{verb}" for verb in ("preview", "cancel", "resume"))
APPLY = "/v1/billing/coupons/apply"


@pytest.fixture
def standing(client: FlaskClient, by_ada: dict[str, str]):
    def standing(by: dict[str, str] | None = None) -> dict[str, object]:
        return client.get(SUBSCRIPTION, headers=by or by_ada).json

    return standing


def settle(gateway: FakeGateway, page: str, *, now: datetime) -> None:
    gateway.pay(page)
    with transaction():
        settle_payment(gateway.outcome_of_session(page), now=now)


def text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


class TestShow:
    def test_says_where_the_subscription_stands(self, standing, by_cleo, noise) -> None:
        period = current_period("cleo")
        period.tokens_used, period.quota_tokens_used = 1_000_500, 1_000_000
        session.commit()
        assert standing(by_cleo) == {
            "plan_id": "plan-pro",
            "plan": "pro",
            "status": "active",
            "period_start": text(period.starts_at),
            "period_end": text(period.ends_at),
            "quota": 1_000_000,
            "tokens_used": 1_000_500,
            "quota_tokens_used": 1_000_000,
            "tokens_remaining": 0,
            "price": 99.99,
            "billing_cycle": "monthly",
            "next_billing_date": text(period.ends_at),
            "auto_renew": True,
            "cancel_at_period_end": False,
            "cancelled_at": None,
            "pending_plan_id": None,
            "grace_ends_at": None,
            "open_change": None,
        }

    def test_pays_as_it_goes_at_first(self, standing) -> None:
        found = standing()
        assert (found["plan"], found["quota"], found["price"]) == ("payg", 0, 0)

    def test_rolls_over_in_thought(self, standing, by_cleo, now) -> None:
        period = current_period("cleo")
        period.starts_at, period.ends_at = period.starts_at - timedelta(days=40), now
        session.query(Subscription).filter_by(user_id="cleo").one().anchor_at = now
        session.commit()
        found = standing(by_cleo)
        assert (found["status"], found["tokens_used"]) == ("past_due", 0)
        assert found["grace_ends_at"] == text(now + timedelta(days=7))
        assert found["quota"] < 1_000_000

    def test_is_for_customers(self, client: FlaskClient, by_gateway, by_ada) -> None:
        assert client.get(SUBSCRIPTION).status_code == 401
        assert client.get(SUBSCRIPTION, headers=by_gateway).json["code"] == "wrong_kind_of_key"
        odd = client.get(f"{SUBSCRIPTION}?plan=1", headers=by_ada)
        assert odd.json["code"] == "parameter_unknown"


class TestPreview:
    def test_begins_a_plan_at_full_price(self, post: Post) -> None:
        found = post(PREVIEW, plan_id="plan-pro").json
        assert found.pop("previewed_at") == found.pop("effective_at")
        assert found.pop("terms").startswith("9999.0.9999.1000000.")
        (line,) = found.pop("lines")
        assert line["description"].startswith("Pro plan, ")
        assert (line["amount"], line["formula"]) == (99.99, "$99.99 for a whole period")
        assert found == {
            "kind": "begin",
            "from_plan_id": "plan-payg",
            "to_plan_id": "plan-pro",
            "credit": 0,
            "charge": 99.99,
            "discounts": [],
            "tax": 0,
            "account_credit_used": 0,
            "amount_due": 99.99,
            "credit_to_account": 0,
            "quota_change": 1_000_000,
        }

    def test_takes_coupons_tax_and_credit_into_account(self, post: Post, ada, now) -> None:
        make_coupon(now=now)
        session.add(TaxRate(country="DE", name="VAT", rate_bp=1_900, updated_at=now))
        session.query(BillingSettings).filter_by(user_id="ada").one().country = "DE"
        ada.credit_minor = 1_000
        session.add(_credit(1_000, now=now))
        session.commit()
        post(APPLY, coupon_code="SAVE50")
        found = post(PREVIEW, plan_id="plan-pro").json
        # 99.99, half of it rounded up off, 19 % on 49.99, ten dollars of credit.
        assert found["discounts"] == [{"code": "SAVE50", "amount": 50}]
        assert (found["tax"], found["account_credit_used"]) == (9.50, 10)
        assert found["amount_due"] == 49.49

    def test_prorates_within_a_period(self, post: Post, by_cleo) -> None:
        found = post(PREVIEW, by=by_cleo, plan_id="plan-enterprise").json
        assert (found["kind"], found["to_plan_id"]) == ("upgrade", "plan-enterprise")
        assert " s left / " in found["lines"][0]["formula"]
        assert found["amount_due"] == sum(line["amount"] for line in found["lines"])
        assert 0 < found["quota_change"] < 9_000_000

    def test_says_when_a_cheaper_plan_begins(self, post: Post, by_cleo) -> None:
        found = post(PREVIEW, by=by_cleo, plan_id="plan-basic").json
        assert (found["kind"], found["lines"], found["amount_due"]) == ("at_end", [], 0)
        assert found["effective_at"] == text(current_period("cleo").ends_at)

    def test_stores_nothing_and_is_for_keys_that_only_read(self, post: Post, ada) -> None:
        reading = bearer(KeyKind.CUSTOMER, user_id="ada", scope="read")
        assert post(PREVIEW, by=reading, plan_id="plan-pro").status_code == 200
        assert session.query(PlanChange).count() == session.query(Invoice).count() == 0


class TestSwitch:
    def test_waits_for_its_money(self, post: Post, standing, gateway, now) -> None:
        answer = post(SUBSCRIPTION, plan_id="plan-pro")
        assert answer.status_code == 200
        assert answer.json["checkout_url"] == "https://pay.example.com/cs_1"
        assert answer.json["payment_id"] == session.query(Payment).one().public_id
        waiting = standing()["open_change"]
        assert answer.json["subscription"]["open_change"] == waiting
        assert (waiting["plan_id"], waiting["checkout_url"]) == (
            "plan-pro",
            "https://pay.example.com/cs_1",
        )
        assert standing()["plan"] == "payg"

        settle(gateway, "cs_1", now=now)
        assert standing()["plan"] == "pro" and standing()["open_change"] is None
        check_books()

    def test_finds_the_open_page_again(self, post: Post, gateway) -> None:
        # Null names the provider that is meant where none is named.
        first, again = (
            post(SUBSCRIPTION, plan_id="plan-pro", **named).json
            for named in ({}, {"provider": None})
        )
        assert first["checkout_url"] == again["checkout_url"] and len(gateway.pages) == 1

    def test_makes_one_change_at_a_time(self, post: Post) -> None:
        post(SUBSCRIPTION, plan_id="plan-pro")
        for path, body in ((SUBSCRIPTION, {"plan_id": "plan-basic"}), (CANCEL, {})):
            answer = post(path, **body)
            assert (answer.status_code, answer.json["code"]) == (409, "change_in_progress")

    def test_gives_two_tabs_one_page(self, app: Flask, gateway, by_ada) -> None:
        session.rollback()

        def switch() -> tuple[int, str]:
            client = app.test_client()
            answer = client.post(SUBSCRIPTION, json={"plan_id": "plan-pro"}, headers=by_ada)
            return answer.status_code, answer.json["checkout_url"]

        answers = set(in_parallel(app, [switch] * 4))
        assert answers == {(200, "https://pay.example.com/cs_1")}
        assert session.query(PlanChange).count() == session.query(Invoice).count() == 1

    def test_lets_one_of_two_different_changes_win(self, app: Flask, gateway, by_ada) -> None:
        session.rollback()

        def switch(plan_id: str) -> Callable[[], int]:
            client, body = app.test_client(), {"plan_id": plan_id}
            return lambda: client.post(SUBSCRIPTION, json=body, headers=by_ada).status_code

        answers = in_parallel(app, [switch("plan-pro"), switch("plan-basic")])
        assert sorted(answers) == [200, 409]
        assert session.query(PlanChange).count() == 1

    def test_charges_what_was_previewed(self, post: Post, by_cleo, gateway) -> None:
        seen = post(PREVIEW, by=by_cleo, plan_id="plan-enterprise").json
        answer = post(
            SUBSCRIPTION, by=by_cleo, plan_id="plan-enterprise", previewed_at=seen["previewed_at"]
        )
        assert answer.status_code == 200
        assert gateway.orders[0].amount_minor == round(seen["amount_due"] * 100)
        change = session.query(PlanChange).one()
        assert change.quota_change == seen["quota_change"]

    @pytest.mark.parametrize("after", [timedelta(minutes=-11), timedelta(minutes=5)])
    def test_wants_a_fresh_preview(self, post: Post, now: datetime, after: timedelta) -> None:
        answer = post(SUBSCRIPTION, plan_id="plan-pro", previewed_at=text(now + after))
        assert (answer.status_code, answer.json["code"]) == (409, "preview_stale")
        assert session.query(PlanChange).count() == 0

    def test_wants_another_preview_once_a_coupon_came(self, post: Post, gateway, now) -> None:
        make_coupon(now=now)
        seen = post(PREVIEW, plan_id="plan-pro").json
        post(APPLY, coupon_code="SAVE50")
        body = {"plan_id": "plan-pro", "previewed_at": seen["previewed_at"]}
        assert post(SUBSCRIPTION, **body).json["code"] == "preview_stale"
        again = post(PREVIEW, plan_id="plan-pro").json
        body["previewed_at"] = again["previewed_at"]
        assert post(SUBSCRIPTION, **body).status_code == 200
        assert gateway.orders[0].amount_minor == 4_999

    def test_wants_another_preview_once_the_price_is_another(self, post: Post, now) -> None:
        seen = post(PREVIEW, plan_id="plan-pro").json
        plan = session.get_one(Plan, "plan-pro")
        plan.monthly_price_minor, plan.updated_at = 19_999, now + timedelta(minutes=1)
        session.commit()
        answer = post(SUBSCRIPTION, plan_id="plan-pro", previewed_at=seen["previewed_at"])
        assert answer.json["code"] == "preview_stale"

    @pytest.mark.parametrize(("price_minor", "status"), [(9_999, 200), (10_000, 409), (9_998, 409)])
    def test_compares_the_terms_and_not_the_moment(
        self, post: Post, now: datetime, gateway, price_minor: int, status: int
    ) -> None:
        seen = post(PREVIEW, plan_id="plan-pro").json
        plan = session.get_one(Plan, "plan-pro")
        # Saved after the preview, or so early that its moment says nothing of a change.
        plan.monthly_price_minor = price_minor
        plan.updated_at = now + timedelta(minutes=1 if price_minor == 9_999 else -1)
        session.commit()
        body = {"plan_id": "plan-pro", **{name: seen[name] for name in ("previewed_at", "terms")}}
        answer = post(SUBSCRIPTION, **body)
        assert answer.status_code == status
        assert [order.amount_minor for order in gateway.orders] == [9_999] * (status == 200)
        assert answer.json.get("code") == (None if status == 200 else "preview_stale")

    def test_schedules_a_cheaper_plan(self, post: Post, standing, by_cleo, gateway) -> None:
        answer = post(SUBSCRIPTION, by=by_cleo, plan_id="plan-basic")
        assert answer.json == standing(by_cleo)
        assert answer.json["pending_plan_id"] == "plan-basic"
        assert (answer.json["plan"], gateway.orders) == ("pro", [])
        # A second tab finds it done, and nobody gets a second mail.
        assert post(SUBSCRIPTION, by=by_cleo, plan_id="plan-basic").json == answer.json
        assert session.query(Mail).filter_by(kind="change_scheduled").count() == 1
        check_books()

    def test_applies_at_once_what_credit_pays(self, post: Post, standing, ada, now) -> None:
        ada.credit_minor = 10_000
        session.add(_credit(10_000, now=now))
        session.commit()
        answer = post(SUBSCRIPTION, plan_id="plan-pro", key="k1")
        assert answer.json == standing() and answer.json["plan"] == "pro"
        again = post(SUBSCRIPTION, plan_id="plan-pro", key="k1")
        assert again.json == answer.json and again.headers["Idempotent-Replayed"] == "true"
        check_books()

    def test_asks_to_come_back_when_the_provider_is_away(self, post: Post, gateway) -> None:
        gateway.is_away = True
        answer = post(SUBSCRIPTION, plan_id="plan-pro")
        assert (answer.status_code, answer.json["code"]) == (503, "provider_unreachable")
        gateway.is_away = False
        assert post(SUBSCRIPTION, plan_id="plan-pro").status_code == 200
        assert session.query(PlanChange).count() == session.query(Payment).count() == 1

    def test_waits_while_the_period_is_unpaid(self, post: Post, by_cleo, now) -> None:
        current_period("cleo").grace_ends_at = now + timedelta(days=3)
        session.query(Subscription).filter_by(user_id="cleo").one().status = "past_due"
        session.commit()
        answer = post(SUBSCRIPTION, by=by_cleo, plan_id="plan-enterprise")
        assert (answer.status_code, answer.json["code"]) == (409, "period_unpaid")


class TestCancelAndResume:
    def test_end_with_the_period_and_go_on_again(self, post: Post, standing, by_cleo) -> None:
        before = standing(by_cleo)
        gone = post(CANCEL, by=by_cleo).json
        assert gone["cancel_at_period_end"] is True and gone["auto_renew"] is False
        assert gone["cancelled_at"] is not None and gone["status"] == "active"
        assert post(CANCEL, by=by_cleo).json["code"] == "nothing_to_cancel"
        assert post(RESUME, by=by_cleo).json == before
        answer = post(RESUME, by=by_cleo)
        assert (answer.status_code, answer.json["code"]) == (409, "nothing_to_resume")

    def test_take_a_scheduled_plan_back(self, post: Post, standing, by_cleo) -> None:
        before = standing(by_cleo)
        post(SUBSCRIPTION, by=by_cleo, plan_id="plan-basic")
        assert post(RESUME, by=by_cleo).json == before

    def test_give_an_open_change_up(self, post: Post, standing) -> None:
        post(SUBSCRIPTION, plan_id="plan-pro")
        assert post(RESUME).json["open_change"] is None
        assert post(SUBSCRIPTION, plan_id="plan-basic").status_code == 200
        check_books()

    def test_refuse_whoever_is_leaving(self, post: Post, by_cleo) -> None:
        with transaction():
            leaving = session.query(Account).filter_by(id="cleo").one()
            delete_account(leaving, actor="customer:cleo", details={}, grace=GRACE, now=clock.now())
        for path, body in ((RESUME, {}), (SUBSCRIPTION, {"plan_id": "plan-enterprise"})):
            answer = post(path, by=by_cleo, **body)
            assert (answer.status_code, answer.json["code"]) == (409, "deletion_pending")
            assert answer.json["detail"] == "Your account will be deleted. Keep it first."

    def test_find_nothing_on_pay_as_you_go(self, post: Post) -> None:
        assert post(CANCEL).json["code"] == "nothing_to_cancel"
        assert post(RESUME).json["code"] == "nothing_to_resume"

    def test_are_the_customers_own(self, post: Post, standing, by_cleo, by_ben) -> None:
        assert post(CANCEL, by=by_ben).status_code == 409
        assert standing(by_cleo)["auto_renew"] is True

    def test_replay_their_answer(self, post: Post, by_cleo) -> None:
        first, again = (post(CANCEL, by=by_cleo, key="k1") for _ in range(2))
        assert again.json == first.json and again.headers["Idempotent-Replayed"] == "true"


def _credit(minor: int, *, now: datetime) -> CreditEntry:
    """Return the entry that makes up an account's credit, from before the preview."""
    return CreditEntry(
        user_id="ada",
        kind="adjustment",
        amount_minor=minor,
        balance_after_minor=minor,
        source="test",
        created_at=now,
    )

"""A change of plan that waits for its money is shown as it stands, with a way that works."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.accounts.queries import account
from app.domain.invoices.models import Invoice
from app.domain.payments.gateway import OutcomeStatus
from app.domain.payments.models import Payment
from app.domain.subscriptions.models import PlanChange
from app.entrypoints.gateways import GATEWAYS
from app.foundation.database import session, transaction
from tests.books import check_books
from tests.entrypoints.web.conftest import HTMX, words
from tests.entrypoints.web.switching import agreed_in, confirm
from tests.factories.purchases import make_card
from tests.factories.redemptions import make_coupon, redeem
from tests.factories.subscriptions import current_period
from tests.fakes.payment_gateway import FakeGateway

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def gateway(app: Flask) -> FakeGateway:
    gateway = FakeGateway()
    app.config[GATEWAYS] = {"stripe": gateway}
    return gateway


@pytest.fixture
def held(adas: FlaskClient, ada: Account) -> None:
    """Ada has begun to pay for Pro, and her coupon is held by that."""
    make_coupon()
    redeem("SAVE20", account("ada"))
    assert confirm(adas, "plan-pro").status_code == 303


def later(by: timedelta) -> None:
    """Let what was begun have been begun so long ago."""
    with transaction():
        change, draft = session.query(PlanChange).one(), session.query(Invoice).one()
        change.accepted_at, change.lapses_at = change.accepted_at - by, change.lapses_at - by
        draft.created_at -= by
        for payment in session.query(Payment):
            payment.created_at -= by
            payment.updated_at -= by
            if payment.expires_at is not None:
                payment.expires_at -= by


def states() -> list[str]:
    session.rollback()
    return [row.status for row in session.query(PlanChange).order_by(PlanChange.id)]


class TestOver:
    def test_by_time_gives_back_what_it_holds(
        self, adas: FlaskClient, gateway: FakeGateway, held: None
    ) -> None:
        later(HOUR)
        page = words(adas.get("/plans").text)
        assert "The change to Pro cannot be paid any more" in page
        assert "coupons and credit that it holds are yours again then" in page
        assert "Continue to payment" not in page and "Look at it again" not in page
        adas.post("/plans/resume")
        assert "$79.99" in words(adas.get("/plans/plan-pro").text)
        assert confirm(adas, "plan-pro").status_code == 303
        assert states() == ["lapsed", "open"]
        assert [order.amount_minor for order in gateway.orders] == [7_999, 7_999]
        check_books()

    def test_leads_back_to_the_preview_where_it_holds_nothing(self, adas: FlaskClient) -> None:
        confirm(adas, "plan-pro")
        later(HOUR)
        page = words(adas.get("/plans").text)
        assert "cannot be paid any more" in page and "Look at it again" in page
        assert confirm(adas, "plan-pro").status_code == 303
        assert states() == ["lapsed", "open"]

    def test_when_another_plan_runs_says_that_money_goes_back(
        self, adas: FlaskClient, held: None
    ) -> None:
        with transaction():
            current_period("ada").plan_id = "plan-basic"
        page = words(adas.get("/plans").text)
        assert "cannot be paid any more" in page
        assert "Money that arrives for it is sent back" in page
        assert "Continue to payment" not in page


class TestHeld:
    def test_is_refused_with_the_way_to_pay_it(
        self, adas: FlaskClient, gateway: FakeGateway, held: None
    ) -> None:
        shown = {"plan_id": "plan-pro", "previewed_at": "2026-11-01T00:00:00Z", "terms": "1.0.0.1."}
        answer = adas.post("/plans", data=shown)
        assert answer.status_code == 409
        said = words(answer.text)
        assert "Pay it, or give it up first." in said and "Continue to payment" in said
        assert "https://pay.example.com/cs_1" in answer.text


class TestUnanswered:
    def test_is_gone_on_with_at_once_and_paid_once(
        self, adas: FlaskClient, ada: Account, gateway: FakeGateway
    ) -> None:
        make_coupon()
        redeem("SAVE20", account("ada"))
        gateway.is_away = True
        confirm(adas, "plan-pro")
        for _ in range(2):
            page = adas.get("/plans").text
            assert "The payment page has not been opened so far" in words(page)
            again = {"plan_id": "plan-pro", "provider": "stripe", **agreed_in(page)}
            assert adas.post("/plans", data=again).status_code == 503
        gateway.is_away = False
        assert adas.post("/plans", data=again).location == "https://pay.example.com/cs_1"
        (order,) = gateway.orders
        assert (order.amount_minor, session.query(Payment).count()) == (7_999, 1)
        check_books()


class TestPreview:
    """What a preview shows while a change waits: no buttons that would only be refused."""

    @pytest.fixture(params=[{}, HTMX])
    def headers(self, request: pytest.FixtureRequest) -> dict[str, str]:
        return request.param

    def test_of_what_is_processed_shows_that(
        self, adas: FlaskClient, gateway: FakeGateway, headers: dict[str, str]
    ) -> None:
        make_card(account("ada"))
        confirm(adas, "plan-pro")
        gateway.end("cs_1", OutcomeStatus.PROCESSING)
        adas.get(f"/payments/{session.query(Payment).one().public_id}")
        for plan_id in ("plan-pro", "plan-basic"):
            page = adas.get(f"/plans/{plan_id}", headers=headers).text
            assert "Your payment for Pro is being processed" in words(page)
            assert 'name="provider"' not in page and "Continue to payment" not in page
            assert "Give up" in words(page)

    def test_of_what_a_saved_card_is_asked_for_shows_that(
        self, adas: FlaskClient, gateway: FakeGateway, headers: dict[str, str]
    ) -> None:
        make_card(account("ada"))
        gateway.loses_answers = True
        confirm(adas, "plan-pro", provider="card")
        page = adas.get("/plans/plan-pro", headers=headers).text
        assert "is being processed" in page and 'name="provider"' not in page

    def test_of_another_plan_says_which_one_waits(
        self, adas: FlaskClient, headers: dict[str, str]
    ) -> None:
        confirm(adas, "plan-pro")
        page = adas.get("/plans/plan-basic", headers=headers).text
        assert "Pro waits for your payment" in words(page)
        assert "https://pay.example.com/cs_1" in page and 'name="provider"' not in page

    def test_leads_to_the_page_that_counts_what_is_held(
        self, adas: FlaskClient, held: None, headers: dict[str, str]
    ) -> None:
        page = adas.get("/plans/plan-pro", headers=headers).text
        assert "https://pay.example.com/cs_1" in page and "$99.99" not in page

    def test_offers_every_way_to_pay_what_is_the_same(
        self, adas: FlaskClient, headers: dict[str, str]
    ) -> None:
        confirm(adas, "plan-pro")
        assert 'name="provider"' in adas.get("/plans/plan-pro", headers=headers).text

    def test_after_an_unanswered_try_goes_on_as_agreed(
        self, adas: FlaskClient, ada: Account, gateway: FakeGateway
    ) -> None:
        make_coupon()
        redeem("SAVE20", account("ada"))
        gateway.is_away = True
        answer = confirm(adas, "plan-pro")
        assert answer.status_code == 503
        assert "$99.99" not in answer.text and agreed_in(answer.text)["terms"].startswith("7999.")

    def test_is_said_in_chinese(self, adas: FlaskClient, ada: Account, held: None) -> None:
        with transaction():
            account("ada").locale = "zh"
        assert "Pro" in (page := words(adas.get("/plans/plan-pro").text))
        assert "放弃" in page and "Give up" not in page

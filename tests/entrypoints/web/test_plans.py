"""The plans page: what runs, what a switch comes to, switching, cancelling, taking it back."""

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.catalog.models import Plan
from app.domain.invoices.models import CreditEntry, Invoice
from app.domain.payments.consent import VERSION
from app.domain.payments.models import Payment
from app.domain.subscriptions.models import PlanChange, Subscription
from app.entrypoints.gateways import GATEWAYS
from app.foundation import clock
from app.foundation.database import session, transaction
from app.workflows.delete_account import delete_account
from app.workflows.settle_payment import settle_payment
from tests.books import check_books
from tests.entrypoints.web.conftest import HTMX, signed_in, words
from tests.entrypoints.web.switching import agreed_in, confirm
from tests.factories.accounts import make_account
from tests.factories.catalog import make_plan, make_price
from tests.factories.coupon_rows import make_coupon
from tests.factories.payments import make_plan_invoice
from tests.factories.subscriptions import current_period
from tests.factories.usage import GRACE, make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.statements import statements

STATEMENTS_MAX = 10
BUYING = {"amount": "20", "provider": "stripe"}


@pytest.fixture(autouse=True)
def gateway(app: Flask) -> FakeGateway:
    gateway = FakeGateway()
    app.config[GATEWAYS] = {"stripe": gateway}
    return gateway


@pytest.fixture
def cleos(app: Flask, now: datetime, password_hash: str) -> FlaskClient:
    """The browser of a customer who has been on Pro for ten days."""
    cleo = make_account("cleo", now=now, plan_id="plan-pro", password_hash=password_hash)
    return signed_in(app, cleo)


def loud(page: str) -> list[str]:
    """Return where the offers' primary buttons lead."""
    offers = page[page.index('class="offers"') :]
    return [
        found[1]
        for tag in re.findall(r"<(?:a|button)[^>]*button-primary[^>]*>", offers)
        if (found := re.search(r'(?:href|popovertarget)="([^"]+)"', tag))
    ]


class TestIndex:
    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_compares_what_is_on_offer(self, adas: FlaskClient, headers: dict[str, str]) -> None:
        make_plan("plan-old", is_active=False)
        page = words(adas.get("/plans", headers=headers).text)
        for said in (
            *("Basic", "$9.99", "100,000", "$20.00 per million"),
            *("Pro", "$99.99", "$150.00 per million", "model prices, 10% off", "20 requests"),
            *("Enterprise", "$999.99", "10,000,000", "Dedicated account manager"),
        ):
            assert said in page
        assert "Your plan Pay as you go active" in page and "model prices for every token" in page
        assert "Old" not in page and "Cancel the plan" not in page

    def test_marks_the_plan_that_runs(self, cleos: FlaskClient) -> None:
        page = cleos.get("/plans").text
        assert "Pro your plan" in words(page)
        assert 'id="preview-plan-pro"' not in page and 'id="preview-plan-basic"' in page
        assert re.search(r"Next payment \$99.99 on .{6,12} , plus tax if any is due", words(page))

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({}, "$49.99 on {day} , plus tax if any is due: $99.99 less $50.00 by your coupons"),
            ({"min_purchase_minor": 10_000}, "Next payment $99.99 on {day}"),
        ],
    )
    def test_counts_redeemed_coupons_for_the_next_payment(
        self, cleos: FlaskClient, now: datetime, changes: dict[str, object], said: str
    ) -> None:
        make_coupon(now=now, **changes)
        cleos.post("/coupons", data={"coupon_code": "SAVE50"})
        with statements() as sent:
            page = words(cleos.get("/plans").text)
        ends_at = current_period("cleo").ends_at
        assert said.format(day=f"{ends_at:%-d %b}") in page
        assert ("by your coupons" in page) is ("by your coupons" in said)
        assert len(sent) <= STATEMENTS_MAX, sent

    def test_knows_no_price_where_no_extra_tokens_are_sold(self, adas: FlaskClient) -> None:
        make_plan("plan-team", extra_token_price_pico=None)
        assert "Extra tokens not for sale" in words(adas.get("/plans").text)

    def test_says_what_an_unpaid_period_means(self, cleos: FlaskClient, now: datetime) -> None:
        period = current_period("cleo")
        period.grace_ends_at = now + timedelta(days=3)
        session.query(Subscription).filter_by(user_id="cleo").one().status = "past_due"
        session.commit()
        invoice = make_plan_invoice("cleo", now=now)
        page = cleos.get("/plans").text
        assert "This period is not paid yet" in page and "not paid" in page
        assert f"Pay {invoice.invoice_number}" in page
        refused = cleos.get("/plans/plan-enterprise")
        assert refused.status_code == 422
        assert "Please pay it, then switch." in refused.text
        assert '<a class="button button-small button-primary" href="/invoices">' in refused.text

    def test_shows_a_plan_that_is_not_sold_any_more(self, cleos: FlaskClient) -> None:
        session.get_one(Plan, "plan-pro").is_active = False
        session.commit()
        assert "Your plan Pro active" in words(cleos.get("/plans").text)

    def test_says_what_the_last_days_would_have_cost(self, cleos: FlaskClient) -> None:
        make_price("gpt-test")
        make_usage("cleo", model="gpt-test", prompt_tokens=200_000_000, completion_tokens=0)
        page = words(cleos.get("/plans").text)
        # A dollar per million tokens: on Pro one million is covered, and a tenth off the rest.
        assert "Pro best for you your plan" not in page
        assert "Your last 30 days would have cost $279.09 on it." in page
        assert "Pay as you go best for you No plan" in page
        assert "Your last 30 days would have cost $200.00 this way." in page
        assert "Estimated from the list cost of your last 30 days" in page

    def test_urges_nobody_to_pay_more_than_he_has_to(self, cleos: FlaskClient) -> None:
        assert loud(cleos.get("/plans").text) == []
        make_price("gpt-test")
        make_usage("cleo", model="gpt-test", prompt_tokens=2_000, completion_tokens=0)
        asking, plainly = loud(cleos.get("/plans").text)
        assert asking == "cancel-plan" and plainly.endswith("#cancel-plan-plain")

    def test_urges_to_the_plan_that_costs_least(self, adas: FlaskClient) -> None:
        make_price("gpt-test")
        make_usage("ada", model="gpt-test", prompt_tokens=200_000_000, completion_tokens=0)
        make_plan("plan-flat", monthly_price_minor=1_000, monthly_quota=300_000_000)
        assert loud(adas.get("/plans").text) == ["/plans/plan-flat"]

    def test_pay_as_you_go_is_one_of_the_choices(
        self, adas: FlaskClient, cleos: FlaskClient
    ) -> None:
        page = adas.get("/plans").text
        assert "Pay as you go current No plan" in words(page)
        assert "Change to pay as you go" not in page
        assert "Change to pay as you go" in cleos.get("/plans").text
        cleos.post("/plans/cancel")
        page = cleos.get("/plans").text
        assert "Pay as you go scheduled" in words(page) and "Change to pay as you go" not in page

    def test_says_nothing_of_days_without_usage(self, cleos: FlaskClient) -> None:
        assert "would have cost" not in cleos.get("/plans").text

    def test_takes_few_statements(self, cleos: FlaskClient) -> None:
        make_price("gpt-test")
        make_usage("cleo", model="gpt-test")
        with statements() as sent:
            cleos.get("/plans")
        assert len(sent) <= STATEMENTS_MAX, sent

    def test_lets_its_forms_lead_to_the_provider(self, adas: FlaskClient) -> None:
        for path in ("/plans", "/plans/plan-pro"):
            policy = adas.get(path).headers["Content-Security-Policy"]
            assert "form-action 'self' https://pay.example.com" in policy

    def test_visitors_sign_in_first(self, client: FlaskClient) -> None:
        assert client.get("/plans/plan-pro").location == "/login?next=/plans/plan-pro"
        assert client.post("/plans", data={"plan_id": "plan-pro"}).status_code == 303


class TestPreview:
    def test_begins_a_plan(self, adas: FlaskClient) -> None:
        rest = words(adas.get("/plans/plan-pro").text).partition("From pay as you go to Pro")[2]
        assert all(each in rest for each in ("1,000,000 tokens", "$99.99 for a whole period"))
        assert "Pay $99.99" in rest and "Switch to Pro" not in rest

    def test_hands_htmx_the_part_alone_to_be_read_on_from(self, adas: FlaskClient) -> None:
        part = adas.get("/plans/plan-pro", headers=HTMX).text
        assert re.match(r'\s*<section id="preview"(?!.*<html).*data-takes-focus>Switch', part, re.S)

    def test_shows_coupons_and_credit(self, adas: FlaskClient, ada: Account, now: datetime) -> None:
        make_coupon(now=now)
        ada.credit_minor = 1_000
        session.add(_credit("ada", 1_000, now=now))
        session.commit()
        adas.post("/coupons", data={"coupon_code": "save50"})
        page = words(adas.get("/plans/plan-pro").text)
        assert "Coupon SAVE50 50% of $99.99 −$50.00" in page and "Account credit −$10.00" in page
        assert "To pay now, USD $39.99" in page and "Pay $39.99" in page

    def test_prorates(self, cleos: FlaskClient) -> None:
        page = words(cleos.get("/plans/plan-enterprise").text)
        assert " s left / " in page and "more tokens for the rest of this period" in page

    def test_says_when_a_cheaper_plan_begins(self, cleos: FlaskClient) -> None:
        end = current_period("cleo").ends_at
        page = words(cleos.get("/plans/plan-basic").text)
        assert f"Pro runs until {end.day} {end:%b %Y}" in page
        assert f"Switch on {end.day} {end:%b}" in page and "Nothing is due now." in page

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_says_in_place_why_not(self, cleos: FlaskClient, headers: dict[str, str]) -> None:
        answer = cleos.get("/plans/plan-pro", headers=headers)
        assert answer.status_code == 422 and "You are on this plan already." in answer.text
        answer = cleos.get("/plans/plan-payg", headers=headers)
        assert answer.status_code == 422 and "not on offer" not in answer.text
        assert "what follows when you cancel one." in answer.text

    @pytest.mark.parametrize("plan_id", ["pro", "PLAN-PRO", "%00", "plan-%D1%80ro", "a" * 3000])
    def test_nonsense_is_no_plan(self, adas: FlaskClient, plan_id: str) -> None:
        assert adas.get(f"/plans/{plan_id}").status_code == 404

    def test_stores_nothing(self, adas: FlaskClient) -> None:
        adas.get("/plans/plan-pro")
        assert session.query(PlanChange).count() == session.query(Invoice).count() == 0


class TestSwitch:
    def test_leads_to_the_provider(self, adas: FlaskClient, gateway: FakeGateway) -> None:
        answer = confirm(adas, "plan-pro")
        assert (answer.status_code, answer.location) == (303, "https://pay.example.com/cs_1")
        assert gateway.orders[0].amount_minor == 9_999
        assert gateway.orders[0].cancel_url.endswith("/plans")

        page = adas.get("/plans").text
        assert "Pro waits for your payment" in page and "If you have paid already" in page
        assert 'href="https://pay.example.com/cs_1"' in page and "Give up" in page
        # Whoever comes back from there after a decline is told how it stands.
        assert "If your card was declined, nothing was charged" in page
        # The same again leads to the same page, even from a tab that has been open for long.
        assert confirm(adas, "plan-pro").location == "https://pay.example.com/cs_1"
        assert session.query(Payment).count() == 1

    def test_saves_the_card_of_whoever_agrees(
        self, adas: FlaskClient, gateway: FakeGateway
    ) -> None:
        assert f'form="switch" value="{VERSION}"' in adas.get("/plans/plan-pro").text
        assert confirm(adas, "plan-pro", consent="2020-01").status_code == 422
        assert confirm(adas, "plan-pro", consent=VERSION).status_code == 303
        assert [order.saves_card for order in gateway.orders] == [True]

    def test_says_so_when_it_is_paid(self, adas: FlaskClient, gateway: FakeGateway, now) -> None:
        confirm(adas, "plan-pro")
        payment_id = session.query(Payment).one().public_id
        waiting = adas.get(f"/payments/{payment_id}").text
        assert "$99.99 for the Pro plan" in words(waiting) and "None" not in waiting
        gateway.pay("cs_1")
        paid = adas.get(adas.get(f"/payments/{payment_id}").location).text
        assert "You are on Pro now" in paid and 'href="/plans"' in paid
        number = session.query(Invoice).populate_existing().one().invoice_number
        assert f'href="/invoices/{number}"' in paid
        assert "Your plan Pro active" in words(adas.get("/plans").text)
        check_books()

    def test_switches_at_once_what_credit_pays(self, adas: FlaskClient, ada, now) -> None:
        ada.credit_minor = 10_000
        session.add(_credit("ada", 10_000, now=now))
        session.commit()
        assert "Switch now" in adas.get("/plans/plan-pro").text
        answer = confirm(adas, "plan-pro")
        assert (answer.status_code, answer.location) == (303, "/plans")
        assert "You are on Pro now." in adas.get("/plans").text
        # Said once.
        assert "You are on Pro now." not in adas.get("/plans").text

    def test_schedules_a_cheaper_plan_and_takes_it_back(self, cleos: FlaskClient) -> None:
        end = current_period("cleo").ends_at
        assert confirm(cleos, "plan-basic").location == "/plans"
        page = words(cleos.get("/plans").text)
        assert f"Your plan changes to Basic on {end.day} {end:%b %Y}." in page
        assert "Basic is scheduled" in page and "Basic scheduled" in page
        assert "Next payment $9.99 on" in page
        assert cleos.post("/plans/resume").location == "/plans"
        page = words(cleos.get("/plans").text)
        assert "It is taken back" in page and "Basic is scheduled" not in page

    @pytest.mark.parametrize("terms", ["", "1.0.1.1.abc"])
    @pytest.mark.parametrize("shown", ["", "now", "2020-01-01T00:00:00+00:00", "2026-11-05T10:00"])
    def test_shows_a_stale_preview_anew(
        self, adas: FlaskClient, gateway: FakeGateway, shown: str, terms: str
    ) -> None:
        sent = {"plan_id": "plan-pro", "previewed_at": shown, "terms": terms}
        answer = adas.post("/plans", data=sent)
        assert answer.status_code == 409 and "Please look again" in answer.text
        fresh = agreed_in(answer.text)
        assert gateway.orders == []
        again = adas.post("/plans", data={"plan_id": "plan-pro", **fresh})
        assert again.status_code == 303

    def test_shows_amounts_that_have_changed_anew(self, adas: FlaskClient, now: datetime) -> None:
        make_coupon(now=now)
        shown = agreed_in(adas.get("/plans/plan-pro").text)
        adas.post("/coupons", data={"coupon_code": "SAVE50"})
        answer = adas.post("/plans", data={"plan_id": "plan-pro", **shown})
        assert answer.status_code == 409 and "Pay $49.99" in words(answer.text)

    def test_makes_one_change_at_a_time(self, adas: FlaskClient) -> None:
        shown = agreed_in(adas.get("/plans/plan-basic").text)
        confirm(adas, "plan-pro")
        answer = adas.post("/plans", data={"plan_id": "plan-basic", **shown})
        assert answer.status_code == 409 and "Pro waits for your payment" in answer.text
        assert "another change of plan" in answer.text
        assert adas.post("/plans/resume").location == "/plans"
        assert confirm(adas, "plan-basic").status_code == 303
        check_books()

    def test_says_when_the_provider_is_away(self, adas: FlaskClient, gateway: FakeGateway) -> None:
        gateway.is_away = True
        answer = confirm(adas, "plan-pro")
        assert answer.status_code == 503 and agreed_in(answer.text)
        assert "The payment page has not been opened so far" in words(adas.get("/plans").text)
        gateway.is_away = False
        assert confirm(adas, "plan-pro").location == "https://pay.example.com/cs_1"

    @pytest.mark.parametrize("plan_id", ["", "nothing", "\x00", "plan-рro"])
    def test_nonsense_is_no_plan(self, adas: FlaskClient, now: datetime, plan_id: str) -> None:
        shown = {"plan_id": plan_id, "previewed_at": now.isoformat(), "terms": "1.0.1.1.abc"}
        assert adas.post("/plans", data=shown).status_code == 404
        assert session.query(PlanChange).count() == 0

    def test_tells_who_has_the_plan_already(self, cleos: FlaskClient, now: datetime) -> None:
        shown = {"plan_id": "plan-pro", "previewed_at": now.isoformat(), "terms": "1.0.1.1.abc"}
        answer = cleos.post("/plans", data=shown)
        assert answer.status_code == 409 and "You are on this plan already." in answer.text


class TestCancelAndResume:
    def test_says_what_it_means_and_takes_it_back(self, cleos: FlaskClient) -> None:
        page = words(cleos.get("/plans").text)
        assert "Nothing is paid back." in page and "After that you pay as you go" in page
        assert cleos.post("/plans/cancel").location == "/plans"
        page = words(cleos.get("/plans").text)
        assert "Your plan is cancelled" in page and "Keep my plan" in page
        assert "Next payment" not in page
        assert cleos.post("/plans/cancel").status_code == 409
        assert cleos.post("/plans/resume").status_code == 303
        assert "Your plan Pro active" in words(cleos.get("/plans").text)
        answer = cleos.post("/plans/resume")
        assert answer.status_code == 409 and "Nothing is scheduled" in answer.text

    def test_finds_nothing_to_cancel_on_pay_as_you_go(self, adas: FlaskClient) -> None:
        answer = adas.post("/plans/cancel")
        assert answer.status_code == 409 and "There is no plan to cancel" in answer.text

    def test_is_the_customers_own(self, cleos: FlaskClient, bens: FlaskClient) -> None:
        assert bens.post("/plans/cancel").status_code == 409
        assert "Your plan Pro active" in words(cleos.get("/plans").text)


class TestLatePayment:
    def test_says_that_money_goes_back(
        self, adas: FlaskClient, gateway: FakeGateway, now: datetime
    ) -> None:
        confirm(adas, "plan-pro")
        payment_id = session.query(Payment).one().public_id
        adas.post("/plans/resume")
        gateway.pay("cs_1")
        with transaction():
            settle_payment(gateway.outcome_of_session("cs_1"), now=now)
        page = adas.get(f"/payments/{payment_id}").text
        assert "This money goes back to you" in page and "None" not in page
        assert "Your plan Pay as you go" in words(adas.get("/plans").text)


def _credit(user_id: str, minor: int, *, now: datetime) -> CreditEntry:
    """Return the entry that makes up an account's credit."""
    return CreditEntry(
        user_id=user_id,
        kind="adjustment",
        amount_minor=minor,
        balance_after_minor=minor,
        source="test",
        created_at=now,
    )


def test_sells_nothing_to_whoever_is_leaving(cleos) -> None:
    shown = agreed_in(cleos.get("/plans/plan-enterprise").text)
    with transaction():
        cleo = session.query(Account).filter_by(id="cleo").one()
        delete_account(cleo, actor="customer:cleo", details={}, grace=GRACE, now=clock.now())
    sent = {"plan_id": "plan-enterprise", **shown}
    for path, form in (("/plans", sent), ("/plans/resume", {}), ("/tokens/buy", BUYING)):
        answer = cleos.post(path, data=form)
        assert answer.status_code == 409
        assert "Your account will be deleted. Keep it first." in answer.text

"""Plans at the console: listed with what is odd about them, changed, and made."""

import re
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app.domain.accounts.models import Account
from app.domain.catalog.models import Plan
from app.domain.subscriptions.models import Subscription
from app.foundation import clock
from app.foundation.database import session
from tests.entrypoints.web.conftest import words, words_of
from tests.entrypoints.web.operator.conftest import acts_of_olga
from tests.factories.accounts import make_account
from tests.factories.subscriptions import current_period
from tests.factories.usage import make_usage
from tests.statements import statements
from tests.tabs import shown_on, tab, with_typed

PLANS = "/operator/plans"
STATEMENTS_MAX = 10
FORM = {
    "name": "Team",
    "description": "For teams",
    "monthly_price": "49.50",
    "monthly_quota": "500,000",
    "extra_token_price_per_million": "200",
    "overage_discount": "12.5",
    "max_concurrent_req": "10",
    "rate_limit_per_min": "120",
    "support_level": "email",
    "display_order": "4",
    "features": "One\r\n\r\n Two ",
    "is_active": "on",
}
AS_PRO_BUT_DEARER = {
    "name": "Pro",
    "description": "For professionals",
    "monthly_price": "120",
    "monthly_quota": "1,000,000",
    "extra_token_price_per_million": "150",
    "overage_discount": "10",
    "max_concurrent_req": "20",
    "rate_limit_per_min": "300",
    "support_level": "priority",
    "display_order": "2",
    "features": (
        "Up to 1M tokens per month\nPriority email support\n"
        "Advanced API access\n10% discount on overage"
    ),
    "is_active": "on",
}


def plan(plan_id: str) -> Plan | None:
    session.expire_all()
    return session.get(Plan, plan_id)


def confirm(browser: FlaskClient, plan_id: str, form: dict[str, str]) -> TestResponse:
    """Send the form, and then again what it shows to confirm."""
    page = browser.post(f"{PLANS}/{plan_id}", data=form).text
    mark = re.search(r'name="confirmed" value="(\w+)"', page)[1]
    return browser.post(f"{PLANS}/{plan_id}", data=with_typed(MultiDict(form), confirmed=mark))


def errors_at(page: str, field: str) -> str:
    return re.search(rf'<p id="{field}-errors"[^>]*>(.*?)</p>', page)[1]


class TestIndex:
    def test_warns_of_what_is_odd(self, olgas: FlaskClient) -> None:
        with statements() as sent:
            page = words(olgas.get(PLANS).text)
        assert len(sent) <= STATEMENTS_MAX, sent
        assert page.count("Basic sells extra tokens cheaply") == 1
        assert "100,000 extra tokens cost $2.00, the plan with as many costs $9.99" in page
        assert "Pay as you go plan-payg $0.00 0 – list price 2 / 20 all without a plan" in page


class TestCreate:
    def test_offers_a_plan(self, olgas: FlaskClient) -> None:
        assert "Offer the plan" in olgas.get(f"{PLANS}/new").text
        answer = olgas.post(f"{PLANS}/new", data={**FORM, "id": "plan-team"})
        assert (answer.status_code, answer.location) == (303, PLANS)
        made = plan("plan-team")
        assert (made.monthly_price_minor, made.monthly_quota, made.overage_discount_bp) == (
            *(4_950, 500_000),
            1_250,
        )
        assert made.features == ["One", "Two"] and made.extra_token_price_pico == 200_000_000
        assert [act for act, _ in acts_of_olga()] == ["plan_created"]

    def test_is_offered_once_however_often_it_is_sent(self, olgas: FlaskClient) -> None:
        sent = with_typed(tab(olgas, f"{PLANS}/new"), **FORM, id="plan-team")
        assert olgas.post(f"{PLANS}/new", data=sent).status_code == 303
        again = olgas.post(f"{PLANS}/new", data=sent)
        assert again.status_code == 422 and "was sent before" in errors_at(again.text, "id")
        assert [act for act, _ in acts_of_olga()] == ["plan_created"]

    @pytest.mark.parametrize("mark", ["a\x00b", "".join(map(chr, range(500, 9_500)))])
    def test_takes_any_mark_of_a_form(self, olgas: FlaskClient, mark: str) -> None:
        sent = {**FORM, "id": "plan-team", "once": mark}
        refused = olgas.post(f"{PLANS}/new", data={**sent, "id": "team"})
        assert refused.status_code == 422 and errors_at(refused.text, "id")
        assert [olgas.post(f"{PLANS}/new", data=sent).status_code for _ in range(2)] == [303, 422]

    @pytest.mark.parametrize("plan_id", ["", "team", "plan-pro", "plan-Ä", "plan-\x00"])
    def test_refuses_other_ids(self, olgas: FlaskClient, plan_id: str) -> None:
        answer = olgas.post(f"{PLANS}/new", data={**FORM, "id": plan_id})
        assert answer.status_code == 422 and errors_at(answer.text, "id")


class TestChange:
    def test_changes_what_is_offered_and_no_running_period(
        self, olgas: FlaskClient, ada: Account
    ) -> None:
        page = olgas.get(f"{PLANS}/plan-pro").text
        assert 'value="99.99"' in page and 'value="150"' in page
        period = current_period("ada")
        form = {**FORM, "extra_token_price_per_million": "", "is_active": "off"}
        assert confirm(olgas, "plan-pro", form).status_code == 303
        changed = plan("plan-pro")
        assert (changed.name, changed.extra_token_price_pico, changed.is_active) == (
            *("Team", None),
            False,
        )
        assert current_period("ada").price_minor == period.price_minor
        [(act, details)] = acts_of_olga()
        assert act == "plan_changed"
        assert details["monthly_price_minor"] == {"from": 9_999, "to": 4_950}

    def test_says_first_what_it_comes_to(self, olgas: FlaskClient, pia: Account) -> None:
        make_usage("pia", prompt_tokens=1_500_000, completion_tokens=0, now=clock.now())
        answer = olgas.post(f"{PLANS}/plan-pro", data=AS_PRO_BUT_DEARER)
        read = words_of(answer.text)
        assert answer.status_code == 200 and "What this changes" in read
        assert "Price a month $99.99 → is now $120.00" in read
        assert "One customer has this plan, and keeps the terms" in read
        assert "One customer’s next period takes the new terms, on " in read
        assert "told by mail two weeks before" in read and "renews sooner" not in read
        assert "they would pay $133.50 instead of $113.49: $20.01 more a month." in read
        assert plan("plan-pro").monthly_price_minor == 9_999 and acts_of_olga() == []
        assert confirm(olgas, "plan-pro", AS_PRO_BUT_DEARER).status_code == 303
        assert plan("plan-pro").monthly_price_minor == 12_000

    def test_says_who_is_told_late_and_who_leaves(self, olgas: FlaskClient, now: datetime) -> None:
        for user_id, days in (("bo", 20), ("bea", 20), ("bill", 1)):
            make_account(user_id, plan_id="plan-pro", now=now - timedelta(days=days - 10))
        session.query(Subscription).filter_by(user_id="bill").update({"auto_renew": False})
        session.commit()
        read = words_of(olgas.post(f"{PLANS}/plan-pro", data=AS_PRO_BUT_DEARER).text)
        assert "3 customers have this plan" in read and "One of them leaves it" in read
        assert "The next periods of 2 customers take the new terms" in read
        assert "2 customers renew sooner, and are told within the hour." in read

    def test_words_are_shown_at_once(self, olgas: FlaskClient, pia: Account) -> None:
        form = {**AS_PRO_BUT_DEARER, "monthly_price": "99.99", "name": "Professional"}
        read = words_of(olgas.post(f"{PLANS}/plan-pro", data=form).text)
        assert "No period’s terms change" in read and "have this plan" not in read

    def test_says_that_nothing_changes(self, olgas: FlaskClient) -> None:
        form = {**AS_PRO_BUT_DEARER, "monthly_price": "99.99"}
        page = olgas.post(f"{PLANS}/plan-pro", data=form).text
        assert "offered exactly so already" in page and 'name="confirmed" value' not in page

    def test_what_was_not_shown_is_not_saved(self, olgas: FlaskClient) -> None:
        page = olgas.post(f"{PLANS}/plan-pro", data=AS_PRO_BUT_DEARER).text
        mark = re.search(r'name="confirmed" value="(\w+)"', page)[1]
        form = {**AS_PRO_BUT_DEARER, "monthly_price": "130", "confirmed": mark}
        answer = olgas.post(f"{PLANS}/plan-pro", data=form)
        assert answer.status_code == 200 and "$130.00" in answer.text
        assert plan("plan-pro").monthly_price_minor == 9_999

    def test_an_older_page_keeps_what_is_newer(self, olgas: FlaskClient) -> None:
        address = f"{PLANS}/plan-pro"
        older, newer = tab(olgas, address), tab(olgas, address)
        confirm(olgas, "plan-pro", with_typed(newer, monthly_price="120", is_active="off"))
        page = olgas.post(address, data=with_typed(older, rate_limit_per_min="400")).text
        assert "Something else was changed after you opened the page" in page
        assert "99.99" not in page.split("Versions")[0] and 'value="120"' in page
        confirm(olgas, "plan-pro", with_typed(older, rate_limit_per_min="400"))
        changed = plan("plan-pro")
        assert (changed.monthly_price_minor, changed.is_active) == (12_000, False)
        assert changed.rate_limit_per_min == 400

    def test_what_was_changed_in_both_is_told_before_it_counts(self, olgas: FlaskClient) -> None:
        address = f"{PLANS}/plan-pro"
        older, newer = tab(olgas, address), tab(olgas, address)
        confirm(olgas, "plan-pro", with_typed(newer, monthly_price="120"))
        answer = olgas.post(address, data=with_typed(older, monthly_price="80"))
        assert answer.status_code == 422 and plan("plan-pro").monthly_price_minor == 12_000
        assert "now it is 120." in errors_at(answer.text, "monthly_price")
        again = with_typed(older, monthly_price="80", shown=shown_on(answer.text))
        assert confirm(olgas, "plan-pro", again).status_code == 303
        assert plan("plan-pro").monthly_price_minor == 8_000

    def test_what_changes_after_the_look_is_shown_first(self, olgas: FlaskClient) -> None:
        address = f"{PLANS}/plan-pro"
        sent = with_typed(tab(olgas, address), name="Professional")
        page = olgas.post(address, data=sent).text
        mark = re.search(r'name="confirmed" value="(\w+)"', page)[1]
        confirm(olgas, "plan-pro", with_typed(tab(olgas, address), monthly_price="120"))
        answer = olgas.post(address, data=with_typed(sent, confirmed=mark))
        assert answer.status_code == 200 and plan("plan-pro").name == "Pro"

    def test_shows_its_versions(self, olgas: FlaskClient) -> None:
        assert "It stands as it was delivered." in olgas.get(f"{PLANS}/plan-pro").text
        confirm(olgas, "plan-pro", AS_PRO_BUT_DEARER)
        confirm(olgas, "plan-basic", {**AS_PRO_BUT_DEARER, "name": "Starter"})
        with statements() as sent:
            read = words_of(olgas.get(f"{PLANS}/plan-pro").text)
        assert len(sent) <= STATEMENTS_MAX, sent
        assert "Operator olga" in read and "Starter" not in read
        assert "Price a month $99.99 → is now $120.00" in read

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("name", "x" * 81),
            ("monthly_price", ""),
            ("monthly_price", "0.49"),
            ("monthly_price", "1.234"),
            ("monthly_price", "109,99"),
            ("monthly_quota", "1,00"),
            ("extra_token_price_per_million", "0,02"),
            ("overage_discount", "7,5"),
            ("monthly_price", "much"),
            ("monthly_quota", "-1"),
            ("monthly_quota", "1.5"),
            ("extra_token_price_per_million", "0"),
            ("extra_token_price_per_million", "0.0000001"),
            ("overage_discount", "101"),
            ("max_concurrent_req", "0"),
            ("rate_limit_per_min", ""),
            ("display_order", "x"),
            ("features", "x" * 201),
            ("features", "\n".join("abcdefghijklmnopqrstuvw")),
        ],
    )
    def test_says_at_the_field_what_is_wrong(
        self, olgas: FlaskClient, field: str, value: str
    ) -> None:
        answer = olgas.post(f"{PLANS}/plan-pro", data={**FORM, field: value})
        assert answer.status_code == 422 and errors_at(answer.text, field)
        assert plan("plan-pro").name == "Pro" and acts_of_olga() == []

    @pytest.mark.parametrize("address", ["plan-pro", "new"])
    def test_says_everything_at_once(self, olgas: FlaskClient, address: str) -> None:
        wrong = {"monthly_price": "1,5", "monthly_quota": "x", "overage_discount": "101"}
        page = olgas.post(f"{PLANS}/{address}", data={**FORM, "id": "plan-team", **wrong}).text
        assert [bool(errors_at(page, field)) for field in wrong] == [True, True, True]
        assert page.count('aria-invalid="true"') == len(wrong)
        assert page.count("from 0 to 100") == 1

    def test_pay_as_you_go_stays_what_it_is(self, olgas: FlaskClient) -> None:
        answer = olgas.post(f"{PLANS}/plan-payg", data=FORM)
        assert answer.status_code == 422
        assert "Pay as you go has no quota" in errors_at(answer.text, "monthly_price")

    def test_an_empty_form_is_no_error_of_ours(self, olgas: FlaskClient) -> None:
        for page in ("plan-pro", "new"):
            assert olgas.post(f"{PLANS}/{page}", data={"csrf_token": "a"}).status_code == 422

    @pytest.mark.parametrize("name", ["plan-9", "%00"])
    def test_knows_no_other(self, olgas: FlaskClient, name: str) -> None:
        assert olgas.get(f"{PLANS}/{name}").status_code == 404
        assert olgas.post(f"{PLANS}/{name}", data=FORM).status_code == 404

    def test_customers_cannot(self, adas: FlaskClient) -> None:
        assert adas.post(f"{PLANS}/plan-pro", data=FORM).status_code == 404
        assert plan("plan-pro").name == "Pro"

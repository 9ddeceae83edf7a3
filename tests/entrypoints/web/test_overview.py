"""The overview page: what it shows, how it refreshes, what it costs."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from app.domain.accounts.models import Account, BillingSettings
from app.domain.invoices import tax_table
from app.domain.invoices.models import Invoice
from app.domain.payments.gateway import OutcomeStatus
from app.domain.subscriptions.models import Subscription
from app.foundation.database import session, transaction
from app.workflows.auto_top_up import auto_top_up
from app.workflows.change_top_up import change_top_up
from tests.entrypoints.web.conftest import HTMX, signed_in, words_of
from tests.factories.accounts import make_account
from tests.factories.payments import make_invoice, make_plan_invoice
from tests.factories.purchases import SELLER, charge, make_card, payments_of
from tests.factories.redemptions import make_coupon, redeem
from tests.factories.subscriptions import current_period
from tests.factories.usage import make_usage
from tests.halves import on_one_of_both
from tests.statements import statements
from tests.translations.reading import english_words, main_of

STATEMENTS_MAX = 10
DUE_AFTER = timedelta(days=30)
A_DAY = timedelta(days=1)
A_WEEK = timedelta(days=7)
MARK = re.compile(r"seen=([0-9a-f]+)")


class TestFigures:
    def test_show_the_month(self, adas, now) -> None:
        make_usage(now=now)
        page = adas.get("/").text
        assert "$0.02" in page and 'title="$0.0222"' in page
        assert 'title="620 tokens"' in page

    def test_show_tokens_to_who_stays_within_his_plan(self, app, now, password_hash) -> None:
        pro = make_account("pro", now=now, plan_id="plan-pro", password_hash=password_hash)
        make_usage("pro", now=now)
        page = signed_in(app, pro).get("/").text
        assert "Tokens by day" in page
        assert "0.1% of the quota is used" in page
        assert "999K" in page

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"auto_renew": True}, "Renews"),
            ({"auto_renew": False}, "Then Pay as you go"),
            ({"pending_plan_id": "plan-basic"}, "Then Basic"),
        ],
    )
    def test_say_what_follows_the_plan(self, app, now, password_hash, changes, said) -> None:
        pro = make_account("pro", now=now, plan_id="plan-pro", password_hash=password_hash)
        session.query(Subscription).filter_by(user_id="pro").update(changes)
        session.commit()
        page = words_of(signed_in(app, pro).get("/").text)
        assert said in page and ("Renews" in page) is (said == "Renews")

    @pytest.mark.parametrize(
        ("asked", "title"),
        [("cost", "Spend by day"), ("tokens", "Tokens by day"), ("joy", "Spend by day")],
    )
    def test_show_what_was_asked_for(self, adas, now, asked, title) -> None:
        make_usage(now=now)
        assert title in adas.get("/", query_string={"chart": asked}).text

    @pytest.mark.parametrize(
        ("because", "what_helps"),
        [("operator", "Please contact support"), ("debt", "Pay what is overdue")],
    )
    def test_warn_of_a_suspension(self, adas, ada, now, because, what_helps) -> None:
        ada.suspended_at, ada.suspended_because = now, because
        session.commit()
        page = adas.get("/").text
        assert "Your account is suspended" in page and what_helps in page

    def test_warn_when_tokens_are_used_up(self, app, now, password_hash) -> None:
        basic = make_account("basic", now=now, plan_id="plan-basic", password_hash=password_hash)
        browser = signed_in(app, basic)
        make_usage("basic", now=now, prompt_tokens=85_000)
        assert "Your quota is running low" in browser.get("/").text
        make_usage("basic", now=now, prompt_tokens=50_000)
        assert "Your tokens are used up" in browser.get("/").text

    @pytest.mark.parametrize("used", [99_970, 100_000])
    def test_call_low_what_is_left(self, app, now, password_hash, used) -> None:
        basic = make_account(
            "basic", now=now, plan_id="plan-basic", password_hash=password_hash, extra_tokens=9_000
        )
        browser = signed_in(app, basic)
        make_usage("basic", now=now, prompt_tokens=used, completion_tokens=0)
        page = browser.get("/").text
        assert "Your tokens are running low" in page and "Your quota is running" not in page

    def test_explain_no_colours_where_nothing_is_drawn(self, adas, now) -> None:
        make_usage(now=now)
        assert '<ul class="legend needs-script"' in adas.get("/").text

    def test_say_what_lets_refused_requests_pass_again(self, app, now, password_hash) -> None:
        basic = make_account("basic", now=now, plan_id="plan-basic", password_hash=password_hash)
        browser = signed_in(app, basic)
        make_usage("basic", now=now, prompt_tokens=100_000)
        offered = {"Buy extra tokens", "Allow overage"}
        assert "Allow overage" not in browser.get("/").text
        session.query(BillingSettings).update({"overage_enabled": False})
        session.commit()
        assert all(each in browser.get("/").text for each in offered)

    def test_lead_to_the_invoice_of_an_unpaid_renewal(self, app, now, password_hash) -> None:
        basic = make_account("basic", now=now, plan_id="plan-basic", password_hash=password_hash)
        invoice = make_plan_invoice("basic", now=now)
        current_period("basic").grace_ends_at = now + A_WEEK
        session.commit()
        page = signed_in(app, basic).get("/").text
        assert "The renewal of your plan is not paid yet" in page
        assert f"Pay {invoice.invoice_number}" in page
        assert page.count(f'href="/invoices/{invoice.invoice_number}"') == 2
        assert "$9.99" in words(page[page.index("To pay now") :])[:20]

    def test_say_what_has_no_price(self, adas, now) -> None:
        make_usage(model="nobody-knows", now=now)
        page = words(adas.get("/").text)
        assert "Some of your usage has no price yet" in page
        assert "620 of at most 1,000,000 tokens wait for their price" in page

    def test_know_no_cap_of_what_has_no_price_within_a_plan(self, app, now, password_hash) -> None:
        pro = make_account("pro", now=now, plan_id="plan-pro", password_hash=password_hash)
        make_usage("pro", model="nobody-knows", now=now)
        page = words(signed_in(app, pro).get("/").text)
        assert "Some of your usage has no price yet" in page
        assert "wait for their price" not in page


def words(page: str) -> str:
    """Return what a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]*>", "", page).split())


class TestDeclinedTopUps:
    @pytest.fixture
    def pro(self, app, now, password_hash) -> Account:
        """Return a customer whose card auto top-up is about to charge."""
        pro = make_account("pro", now=now, plan_id="plan-pro", password_hash=password_hash)
        make_card(pro, now=now)
        wanted = {"auto_topup": True, "auto_topup_threshold": 1_000_001, "auto_topup_amount": 50}
        with transaction():
            change_top_up(pro, wanted, actor="customer:pro", now=now)
            auto_top_up("pro", seller=SELLER, grace=A_WEEK, now=now)
        return pro

    @pytest.mark.parametrize(
        ("code", "said", "link"),
        [
            ("expired_card", "Visa ending in 4242 was not charged $50.00 for extra tokens:"
             " the card has expired. It is tried again", 'href="/payment-methods">Check your card'),
            ("authentication_required", "to charge Visa ending in 4242 $50.00 for extra tokens;"
             " the bank wants you to confirm it yourself", 'href="/tokens/finish/inv-'),
        ],
    )  # fmt: skip
    def test_are_told_until_they_are_mended(self, app, pro, code, said, link) -> None:
        now, browser = pro.created_at, signed_in(app, pro)
        (payment,) = payments_of(pro)
        charge(payment, OutcomeStatus.FAILED, decline_code=code, now=now)
        with statements() as sent:
            page = browser.get("/").text
        assert said in words(page) and link in page and len(sent) <= STATEMENTS_MAX
        with transaction():
            change_top_up(pro, {"auto_topup": False}, actor="customer:pro", now=now)
        assert said not in words(browser.get("/").text)

    def test_are_told_in_the_readers_language(self, app, pro) -> None:
        pro.locale = "zh"
        session.commit()
        charge(payments_of(pro)[0], OutcomeStatus.FAILED, decline_code="expired_card")
        page = signed_in(app, pro).get("/").text
        assert english_words(main_of(page), data={"Pro", "Visa"}) == set()
        assert "银行卡已过期。token 不足时会再次尝试" in words(page)


class TestLimits:
    def choose(self, **choices: object) -> None:
        session.query(BillingSettings).filter_by(user_id="ada").update(choices)
        session.commit()

    def test_are_shown_with_what_is_left(self, adas, now) -> None:
        make_usage(now=now)
        page = words(adas.get("/").text)
        assert "requests pass" in page and "None set" in page
        assert "of $5.00 may be unpaid" in page
        # There is no invoice yet whose payment would free any of it.
        assert "It is set by the operator." in page and "frees it" not in page
        self.choose(spend_limit_minor=1_000)
        page = words(adas.get("/").text)
        assert (
            "of $10.00 this month" in page
            and "0.2% of your spend limit is used" in adas.get("/").text
        )

    def test_say_why_the_gateway_is_told_to_stop(self, adas, now) -> None:
        make_usage(now=now)
        self.choose(spend_limit_minor=1)
        page = words(adas.get("/").text)
        assert "advised to stop" in page
        assert page.count("You have reached your own limit of $0.01") == 2
        assert 'href="/settings#spend_limit"' in adas.get("/").text
        self.choose(spend_limit_minor=None, overage_enabled=False)
        page = words(adas.get("/").text)
        assert "overage is switched off" in page, page
        assert 'href="/settings#overage_enabled"' in adas.get("/").text

    def test_say_what_the_operator_allows(self, adas, now) -> None:
        make_usage(now=now, prompt_tokens=200_000)
        page = words(adas.get("/").text)
        assert "The gateway is told to refuse your requests" in page
        assert "and $5.00 may be" in page

    def test_say_what_waits_for_its_price(self, adas, now) -> None:
        make_usage(model="nobody-knows", now=now, prompt_tokens=999_879)
        assert "requests pass" in words(adas.get("/").text)
        make_usage(model="nobody-knows", now=now, prompt_tokens=1, completion_tokens=0)
        page = words(adas.get("/").text)
        assert "advised to stop" in page
        sentence = "Too many tokens went to models whose price is not set: 1,000,000, and 1,000,000"
        assert page.count(sentence) == 2

    @pytest.mark.parametrize(("days", "passes"), [(36, True), (38, False)])
    def test_say_since_when_an_invoice_is_due(self, adas, ada, now, days, passes) -> None:
        make_usage(now=now)
        make_invoice(ada, minor=100, now=now - timedelta(days=days))
        page = words(adas.get("/").text)
        due_on = now - timedelta(days=days - 30)
        assert ("requests pass" in page) is passes
        said = page.count(f"An invoice was due on {due_on:%-d %b %Y} and is not paid")
        assert said == (0 if passes else 1)

    @pytest.mark.parametrize(
        ("overdue_for", "said"),
        [
            (timedelta(minutes=-5), None),
            (timedelta(0), "After {last} requests may be refused."),
            (timedelta(days=7, minutes=-5), "After {last} requests may be refused."),
            (timedelta(days=7), "Requests are refused until it is paid."),
        ],
    )
    def test_name_what_is_overdue_first(self, adas, ada, now, overdue_for, said) -> None:
        make_usage(model="nobody-knows", now=now)
        make_invoice(ada, minor=100, now=now - DUE_AFTER)
        invoice = make_invoice(ada, minor=614, now=now - DUE_AFTER - overdue_for)
        session.query(Invoice).filter(Invoice.id != invoice.id).update({"due_at": now + A_DAY})
        session.commit()
        text = adas.get("/").text
        page = words(text)
        address = f'href="/invoices/{invoice.invoice_number}"'
        assert "$7.14" in page[page.index("To pay now") :][:20]
        if said is None:
            assert "overdue" not in page and address not in text
            return
        day, last = (f"{moment:%-d %b %Y}" for moment in (invoice.due_at, invoice.due_at + A_WEEK))
        sentence = f"$6.14 is overdue since {day}. {said.format(last=last)}"
        assert page.index(sentence) < page.index("Some of your usage has no price yet")
        assert f"Pay {invoice.invoice_number}" in page and text.count(address) == 1

    def test_of_nothing_are_used_up_by_nothing(self, adas, now) -> None:
        make_usage(now=now)
        self.choose(spend_limit_minor=0)
        assert "100.0% of your spend limit is used" in adas.get("/").text

    def test_spend_that_was_to_be_told_is_told(self, adas, now) -> None:
        make_usage(now=now)
        assert "Your spend has reached" not in words(adas.get("/").text)
        self.choose(alert_spend_minor=2)
        assert "Your spend has reached $0.02" in words(adas.get("/").text)
        self.choose(alert_spend_minor=0)
        assert "You have begun to spend this month" in words(adas.get("/").text)


class TestRefreshing:
    def test_answers_nothing_while_nothing_changes(self, adas, now) -> None:
        make_usage(now=now)
        seen = MARK.search(adas.get("/").text)[1]
        again = adas.get(f"/?chart=cost&seen={seen}", headers=HTMX)
        assert again.status_code == 204 and again.text == ""
        assert "HX-Request" in again.headers["Vary"]

    def test_answers_the_fragment_once_something_changed(self, adas, now) -> None:
        make_usage(now=now)
        seen = MARK.search(adas.get("/").text)[1]
        make_usage(now=now)
        changed = adas.get(f"/?seen={seen}", headers=HTMX)
        assert changed.status_code == 200
        assert MARK.search(changed.text)[1] != seen
        assert changed.text.count('id="overview"') == 1

    def test_a_page_is_always_a_page(self, adas) -> None:
        seen = MARK.search(adas.get("/").text)[1]
        assert adas.get(f"/?seen={seen}").status_code == 200


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_takes_few_statements(adas, now, headers) -> None:
    for number in range(12):
        make_usage(model=f"model-{number}", api_key_alias=f"key-{number}", now=now)
    with statements() as sent:
        adas.get("/", headers=headers)
    assert len(sent) <= STATEMENTS_MAX, sent


def test_first_visit_takes_few_statements(adas) -> None:
    with statements() as sent:
        adas.get("/")
    assert len(sent) <= STATEMENTS_MAX, sent


class TestNextInvoice:
    def test_is_the_sooner_one(self, app, now, password_hash) -> None:
        pro = make_account("pro", now=now, plan_id="plan-pro", password_hash=password_hash)
        page = words(signed_in(app, pro).get("/").text)
        assert "Next invoice" in page and "$99.99" in page
        assert "Coupons, credit and tax are in it." in page and "Tax $" not in page

    def test_says_what_will_really_be_charged(self, app, now, password_hash) -> None:
        pro = make_account("pro", now=now, plan_id="plan-pro", password_hash=password_hash)
        make_coupon("SAVE20", now=now)
        redeem("SAVE20", pro, now=now)
        tax_table.set_tax("DE", name="VAT", rate_bp=1_900, actor="test", now=now)
        session.query(BillingSettings).filter_by(user_id="pro").update({"country": "DE"})
        session.commit()
        page = words(signed_in(app, pro).get("/").text)
        # A fifth less, 19 % tax on what is left.
        assert "Pro plan $99.99" in page
        assert "Coupons −$20.00" in page and "Tax $15.20" in page
        assert re.search(r"Next invoice ?\d+ \w+ \$95\.19", page)

    def test_of_a_cancelled_plan_never_comes(self, app, now, password_hash) -> None:
        pro = make_account("pro", now=now, plan_id="plan-pro", password_hash=password_hash)
        session.execute(update(Subscription).values(auto_renew=False))
        session.commit()
        page = words(signed_in(app, pro).get("/").text)
        assert "Next invoice–" in page.replace(" –", "–") and "Nothing to invoice so far" in page

    def test_is_for_what_was_used(self, adas, now) -> None:
        make_usage(now=now, prompt_tokens=20_000, completion_tokens=0)
        page = words(adas.get("/").text)
        assert "Usage so far" in page and "$0.60" in page


def test_a_new_account_is_led_on(adas) -> None:
    page = adas.get("/").text
    assert "Choose a plan" in page and "Set an alert" in page


# What language a page speaks is the same question to both databases.
@on_one_of_both
class TestInChinese:
    DATA = ("gpt-4", "nobody-knows", "prod", "ada", "Pay as you go", "INV")

    @pytest.fixture
    def chinese(self, ada, adas) -> FlaskClient:
        session.execute(update(Account).where(Account.id == ada.id).values(locale="zh"))
        session.commit()
        return adas

    def test_a_new_account_reads_no_english(self, chinese) -> None:
        assert english_words(main_of(chinese.get("/").text), data=self.DATA) == set()

    @pytest.mark.parametrize("days_ago", [33, 60])
    def test_figures_and_limits_have_none(self, chinese, ada, now, days_ago) -> None:
        for days in range(5):
            make_usage(now=now, prompt_tokens=40_000, occurred_at=now - timedelta(days=days))
        make_usage(model="nobody-knows", now=now)
        make_invoice(ada, minor=100, now=now - timedelta(days=days_ago))
        session.query(BillingSettings).filter_by(user_id="ada").update({"alert_spend_minor": 1})
        session.commit()
        for chart in ("cost", "tokens"):
            page = main_of(chinese.get(f"/?chart={chart}").text)
            assert english_words(page, data=self.DATA) == set()
            assert "您的支出已达到 $0.01" in words(page)

    @pytest.mark.parametrize("threshold", [0, 90_000])
    def test_a_plans_figures_have_none(self, app, now, password_hash, threshold) -> None:
        basic = make_account("basic", now=now, plan_id="plan-basic", password_hash=password_hash)
        browser = signed_in(app, basic)
        session.execute(update(Account).values(locale="zh"))
        session.query(BillingSettings).update({"alert_threshold": threshold})
        session.commit()
        for days in range(1, 5):
            used = now - timedelta(days=days)
            make_usage("basic", now=now, prompt_tokens=20_000, occurred_at=used)
        page = main_of(browser.get("/").text)
        assert english_words(page, data=self.DATA) == set()
        assert "剩余额度" in page

"""The tokens page: the balance, what more would cost, buying it, and the ledger."""

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts import queries as account_queries
from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice, TaxRate
from app.domain.payments.consent import VERSION
from app.entrypoints.gateways import GATEWAYS
from app.entrypoints.web.tokens import PAGE_SIZE
from app.entrypoints.web.typed import POINT_WANTED
from app.foundation import clock
from app.foundation.database import session, transaction
from app.workflows.settle_payment import settle_payment
from tests.books import check_books
from tests.entrypoints.test_security_headers import directives
from tests.entrypoints.web.conftest import HTMX, words_of
from tests.factories.payments import make_card
from tests.factories.subscriptions import current_period
from tests.factories.tokens import make_extra_tokens
from tests.factories.usage import make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.statements import statements

STATEMENTS_MAX = 10
PAGE, BUY, QUOTE = "/tokens", "/tokens/buy", "/tokens/quote"


@pytest.fixture(autouse=True)
def gateway(app: Flask) -> FakeGateway:
    gateway = FakeGateway()
    app.config[GATEWAYS] = {"stripe": gateway}
    return gateway


def tax_in(country: str, account: Account, *, now: datetime) -> None:
    """Let the account pay the tax of a country."""
    with transaction():
        session.add(TaxRate(country=country, name="USt", rate_bp=1_900, updated_at=now))
        account_queries.settings_of(account).country = country


class TestIndex:
    def test_shows_the_balance_in_its_parts(self, pias: FlaskClient) -> None:
        make_usage("pia", prompt_tokens=1_000, completion_tokens=0, now=clock.now())
        make_extra_tokens("pia", bought=300, granted=20, now=clock.now())
        page = words_of(pias.get(PAGE).text)
        assert "Token balance 999,320 999,000 of your quota and 320 extra" in page
        assert "Quota left of 1,000,000 999,000" in page
        assert "20 granted, used first 300 bought, never expire" in page

    def test_offers_them_at_the_plans_price(self, pias: FlaskClient) -> None:
        page = words_of(pias.get(PAGE).text)
        assert "A million extra tokens cost $150.00 on your plan" in page
        assert "Buys 666,666 tokens for 100.00 USD." in page
        assert "What overage costs depends on the models you use." in page

    def test_compares_with_the_accounts_own_overage(
        self, pias: FlaskClient, pia: Account, now: datetime
    ) -> None:
        # Beyond the quota: 500,000 tokens of gpt-4's prompts at 0.03 per 1,000, less 10 percent.
        make_usage("pia", prompt_tokens=1_500_000, completion_tokens=0, now=now)
        page = words_of(pias.get(PAGE).text)
        assert "As overage, a million tokens would cost you about $27.00:" in page
        assert "in this month and the two before, less your plan’s 10%." in page
        assert "would cost you about 18.00 USD, before tax: that is 82.00 USD less" in page

    def test_says_which_quota_the_rest_of_a_period_has(
        self, pias: FlaskClient, pia: Account
    ) -> None:
        current_period("pia").quota = 999_969
        session.commit()
        page = words_of(pias.get(PAGE).text)
        assert "Quota left of 999,969 in this period; 1,000,000 in a whole one" in page

    def test_a_slider_moves_the_threshold_over_the_quota(
        self, pias: FlaskClient, adas: FlaskClient
    ) -> None:
        slider = 'id="auto_topup_threshold-slider" data-slides="auto_topup_threshold"'
        assert f'{slider} min="0" max="1000000" step="10000"' in pias.get(PAGE).text
        # Where there are no tokens, there is nothing to measure it by.
        assert slider not in adas.get(PAGE).text

    def test_sells_none_on_pay_as_you_go(self, adas: FlaskClient, gateway: FakeGateway) -> None:
        answer = adas.get(PAGE).text
        page = words_of(answer)
        assert "None are for sale on pay as you go" in page
        assert '<a href="/plans">Choose a plan</a> to get a quota' in answer
        assert 'name="amount"' not in answer and "It buys nothing while the threshold is 0." in page

    def test_sells_none_to_who_is_about_to_leave(
        self, pias: FlaskClient, pia: Account, now: datetime
    ) -> None:
        with transaction():
            pia.deletion_asked_at, pia.deletion_due_at = now, now + timedelta(days=14)
        answer = pias.get(PAGE).text
        assert "Nothing can be bought any more" in answer and 'name="amount"' not in answer
        assert '<a href="/settings/data">Keep it</a> to buy extra tokens.' in answer

    @pytest.mark.parametrize(
        ("name", "value", "said"),
        [
            ("auto_topup_max_per_month", 0, "It never buys: at most 0 times a month."),
            ("auto_topup_monthly_limit_minor", 9_999, "It never buys: one purchase comes to more"),
        ],
    )
    def test_says_when_the_rule_can_never_buy(
        self, pias: FlaskClient, pia: Account, name: str, value: int, said: str
    ) -> None:
        with transaction():
            chosen = account_queries.settings_of(pia)
            chosen.auto_topup, chosen.auto_topup_threshold = True, 1_000
            setattr(chosen, name, value)
        page = words_of(pias.get(PAGE).text)
        assert said in page and "Auto top-up on, but never buys" in page

    @pytest.mark.parametrize(
        ("switched_on", "threshold", "badge"),
        [
            (True, 0, "on, without a threshold"),
            (True, 1, "on"),
            (False, 1, "off"),
            (False, 0, "off"),
        ],
    )
    def test_has_one_badge_for_the_switch_on_every_page(
        self,
        pias: FlaskClient,
        pia: Account,
        now: datetime,
        *,
        switched_on: bool,
        threshold: int,
        badge: str,
    ) -> None:
        make_card(pia, now=now)
        with transaction():
            chosen = account_queries.settings_of(pia)
            chosen.auto_topup, chosen.auto_topup_threshold = switched_on, threshold
        page = words_of(pias.get(PAGE).text)
        assert f"Auto top-up {badge} Charges your default card" in page
        assert ("It buys nothing while the threshold is 0." in page) is (
            badge == "on, without a threshold"
        )
        assert f"Auto top-up {badge} " in words_of(pias.get("/payment-methods").text)

    @pytest.mark.parametrize(
        ("switched_on", "threshold", "says_so"),
        [(True, 1_000_000, False), (True, 1_000_001, True), (False, 1_000_001, False)],
    )
    def test_says_that_it_buys_at_once_where_fewer_are_left_already(
        self,
        pias: FlaskClient,
        pia: Account,
        now: datetime,
        *,
        switched_on: bool,
        threshold: int,
        says_so: bool,
    ) -> None:
        make_card(pia, now=now)
        with transaction():
            chosen = account_queries.settings_of(pia)
            chosen.auto_topup, chosen.auto_topup_threshold = switched_on, threshold
        said = "You have 1,000,000 tokens left, which is fewer: it buys within a minute."
        assert (said in words_of(pias.get(PAGE).text)) is says_so

    def test_asks_for_a_quote_of_what_is_typed(self, pias: FlaskClient) -> None:
        page = pias.get(PAGE).text
        field = re.search(r'<input[^>]* name="amount"[^>]*>', page)
        assert field is not None and 'hx-get="/tokens/quote"' in field[0]
        assert 'hx-get="/tokens/rule"' in page

    def test_quotes_an_amount_of_the_address(self, pias: FlaskClient) -> None:
        page = pias.get(PAGE, query_string={"amount": "50"}).text
        assert 'value="50"' in page
        assert "Buys 333,333 tokens for 50.00 USD." in words_of(page)

    def test_hands_htmx_the_part_alone(self, pias: FlaskClient) -> None:
        part = pias.get(PAGE, headers=HTMX).text
        assert part.lstrip().startswith('<div id="tokens"') and "<html" not in part

    def test_stands_in_the_navigation(self, pias: FlaskClient) -> None:
        page = pias.get(PAGE).text
        assert 'aria-current="page"' in page and "<span>Tokens</span>" in page

    def test_takes_few_statements(self, pias: FlaskClient) -> None:
        with statements() as sent:
            pias.get(PAGE)
        assert len(sent) <= STATEMENTS_MAX, sent

    def test_visitors_sign_in_first(self, client: FlaskClient) -> None:
        assert client.get(PAGE).location == f"/login?next={PAGE}"


TYPED_WRONG = [
    *("4.99", "10,000.01", "", "ten", "5.001", "0.001", "7,5", "-5", "0", "-0"),
    *("1e3", "1e9", "NaN", "Infinity", "１００", "9" * 30, "9" * 5_000, "5 000 000 $"),
]


class TestQuote:
    @pytest.mark.parametrize(
        ("typed", "words"),
        [
            ("100", "Buys 666,666 tokens for 100.00 USD."),
            ("5", "Buys 33,333 tokens for 5.00 USD."),
            ("10,000", "Buys 66,666,666 tokens for 10,000.00 USD."),
            ("49.5", "Buys 330,000 tokens for 49.50 USD."),
            ("4.99", "The amount must be from 5 to 10,000 USD."),
            ("10000.01", "The amount must be from 5 to 10,000 USD."),
            ("", "Enter an amount of USD."),
            ("ten", "This is no amount: write 100 or 49.50."),
            ("7,5", POINT_WANTED),
            ("5.001", "An amount of USD, with at most two decimals."),
            ("0.001", "An amount of USD, with at most two decimals."),
            ("1e9", "This is no amount: write 100 or 49.50."),
            ("NaN", "This is no amount: write 100 or 49.50."),
        ],
    )
    def test_says_what_an_amount_buys(self, pias: FlaskClient, typed: str, words: str) -> None:
        answer = pias.get(QUOTE, query_string={"amount": typed}, headers=HTMX)
        assert answer.status_code == 200 and words_of(answer.text) == words
        assert answer.text.lstrip().startswith('<div id="quote"')

    def test_says_the_tax(self, pias: FlaskClient, pia: Account, now: datetime) -> None:
        tax_in("DE", pia, now=now)
        said = words_of(pias.get(QUOTE, query_string={"amount": "100"}, headers=HTMX).text)
        assert said.startswith(
            "Buys 666,666 tokens for 100.00 USD plus 19.00 USD USt (19%): 119.00 USD in all."
        )

    def test_is_no_page_of_its_own(self, pias: FlaskClient) -> None:
        assert pias.get(QUOTE, query_string={"amount": "50"}).location == f"{PAGE}?amount=50"

    def test_quotes_nothing_on_pay_as_you_go(self, adas: FlaskClient, gateway: FakeGateway) -> None:
        answer = adas.get(QUOTE, query_string={"amount": "50"}, headers=HTMX)
        assert (answer.status_code, words_of(answer.text)) == (200, "")


class TestBuy:
    def test_leads_to_the_providers_page_and_gives_the_tokens(
        self, pias: FlaskClient, pia: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        answer = pias.post(BUY, data={"amount": "50", "provider": "stripe"})
        assert (answer.status_code, answer.location) == (303, "https://pay.example.com/cs_1")
        assert gateway.orders[0].amount_minor == 5_000
        gateway.pay("cs_1")
        with transaction():
            settle_payment(gateway.outcome_of_session("cs_1"), now=now)
        page = words_of(pias.get(PAGE).text)
        assert "333,333 bought" in page and "Bought + 333,333 $150.00 333,333" in page
        check_books()

    def test_saves_the_card_of_whoever_agrees(
        self, pias: FlaskClient, gateway: FakeGateway
    ) -> None:
        assert f'name="consent" form="buy" value="{VERSION}"' in pias.get(PAGE).text
        for agreed in ({"consent": VERSION}, {}):
            pias.post(BUY, data={"amount": "50", "provider": "stripe", **agreed})
        assert [order.saves_card for order in gateway.orders] == [True, False]
        answer = pias.post(BUY, data={"amount": "50", "provider": "stripe", "consent": "2020-01"})
        assert answer.status_code == 422 and "This text has changed." in answer.text

    def test_says_what_it_costs_where_no_provider_was_chosen(
        self, pias: FlaskClient, gateway: FakeGateway
    ) -> None:
        answer = pias.post(BUY, data={"amount": "50", "provider": ""})
        assert (answer.status_code, answer.location) == (303, "/tokens?amount=50")
        answer = pias.get(answer.location)
        assert answer.status_code == 200 and gateway.orders == []
        assert "Buys 333,333 tokens for 50.00 USD." in words_of(answer.text)

    @pytest.mark.parametrize("typed", TYPED_WRONG)
    def test_refuses_at_the_field(
        self, pias: FlaskClient, gateway: FakeGateway, typed: str
    ) -> None:
        answer = pias.post(BUY, data={"amount": typed, "provider": "stripe"})
        assert answer.status_code == 422 and gateway.orders == []
        assert 'aria-invalid="true"' in answer.text and f'value="{typed}"' in answer.text
        assert session.query(Invoice).count() == 0

    def test_sells_none_on_pay_as_you_go(self, adas: FlaskClient, gateway: FakeGateway) -> None:
        answer = adas.post(BUY, data={"amount": "50", "provider": "stripe"})
        assert answer.status_code == 422 and "None are for sale" in answer.text
        assert gateway.orders == []

    def test_offers_paypal_where_it_is_connected(
        self, app: Flask, pias: FlaskClient, gateway: FakeGateway
    ) -> None:
        assert "Pay with PayPal" not in pias.get(PAGE).text
        assert pias.post(BUY, data={"amount": "50", "provider": "paypal"}).status_code == 422
        other = FakeGateway()
        other.provider, other.checkout_origins = "paypal", ("https://www.paypal.com",)
        app.config[GATEWAYS] = {"stripe": gateway, "paypal": other}
        answer = pias.get(PAGE)
        assert "Pay with PayPal" in answer.text
        policy = directives(answer.headers["Content-Security-Policy"])
        allowed = "'self' https://pay.example.com https://www.paypal.com"
        assert policy["form-action"] == allowed
        assert pias.post(BUY, data={"amount": "50", "provider": "paypal"}).status_code == 303
        assert (len(other.orders), gateway.orders) == (1, [])

    def test_tells_whoever_comes_back_unpaid_how_it_stands(
        self, pias: FlaskClient, adas: FlaskClient, gateway: FakeGateway, now: datetime
    ) -> None:
        pias.post("/tokens/buy", data={"amount": "50", "provider": "stripe"})
        page = pias.get("/tokens").text
        assert "A payment that you began has not arrived" in page
        assert "If your card was declined, nothing was charged" in page
        assert 'href="https://pay.example.com/cs_1"' in page
        assert "has not arrived" not in adas.get("/tokens").text
        gateway.pay("cs_1")
        with transaction():
            settle_payment(gateway.outcome_of_session("cs_1"), now=now)
        assert "has not arrived" not in pias.get("/tokens").text

    def test_says_in_place_that_the_provider_is_away(
        self, pias: FlaskClient, gateway: FakeGateway
    ) -> None:
        gateway.is_away = True
        answer = pias.post(BUY, data={"amount": "50", "provider": "stripe"})
        assert answer.status_code == 503
        assert "The payment page could not be opened" in answer.text
        assert "The fake is away." in answer.text and 'value="50"' in answer.text

    def test_the_page_one_comes_back_to_speaks_of_tokens(
        self, pias: FlaskClient, gateway: FakeGateway, now: datetime
    ) -> None:
        pias.post(BUY, data={"amount": "50", "provider": "stripe"})
        payment_id = gateway.orders[0].payment_id
        waiting = words_of(pias.get(f"/payments/{payment_id}").text)
        assert "about $50.00 for 333,333 extra tokens" in waiting
        gateway.pay("cs_1")
        paid = words_of(pias.get(pias.get(f"/payments/{payment_id}").location).text)
        assert "333,333 extra tokens were added" in paid


def kinds_in(page: str) -> list[str]:
    """Return what the rows of the ledger say, not what its filter offers."""
    return re.findall(r'<td class="name"[^>]*>\s*([A-Za-z ]+?)\s*</td>', page)


class TestLedger:
    def test_shows_one_kind_alone(self, pias: FlaskClient, now: datetime) -> None:
        make_extra_tokens("pia", bought=300, granted=20, now=now)
        assert sorted(kinds_in(pias.get(PAGE).text)) == ["Bought", "Granted"]
        assert kinds_in(pias.get(f"{PAGE}?kind=grant").text) == ["Granted"]
        assert kinds_in(pias.get(f"{PAGE}?kind=no-kind").text) == ["Bought", "Granted"]
        none = pias.get(f"{PAGE}?kind=refund").text
        assert "Nothing of this kind so far" in none and "Show everything" in none

    def test_has_pages(self, pias: FlaskClient, now: datetime) -> None:
        for _ in range(PAGE_SIZE + 1):
            make_extra_tokens("pia", granted=1, now=now)
        newest, oldest = pias.get(PAGE).text, pias.get(f"{PAGE}?page=2").text
        assert "Page 1 of 2" in newest and "Older" in newest
        assert "Page 2 of 2" in oldest and len(kinds_in(oldest)) == 1
        assert "Back to the newest" in pias.get(f"{PAGE}?page=9").text

    def test_shows_nobody_elses(self, adas: FlaskClient, pias: FlaskClient) -> None:
        make_extra_tokens("pia", bought=4_321, now=clock.now())
        assert "4,321" not in adas.get(PAGE).text

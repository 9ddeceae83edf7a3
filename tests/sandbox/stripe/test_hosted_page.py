"""The page a customer pays on, as a browser meets it: over HTTP, without scripts."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import stripe

from tests.sandbox.shopping import CANCEL_URL, GOOD_CARD, open_session, pay, post, typed, visit

BANK_ASKS = "4000002760003184"
PAY_TOO = {"4000002500003155", "4000000000000259", "4000000000007726", "4000000000000606"}
DECLINES = {
    "4000000000000002": ("card_declined", "generic_decline", "declined"),
    "4000000000009995": ("card_declined", "insufficient_funds", "insufficient funds"),
    "4000000000009987": ("card_declined", "lost_card", "declined"),
    "4000000000009979": ("card_declined", "stolen_card", "declined"),
    "4000000000006975": ("card_declined", "card_velocity_exceeded", "too frequently"),
    "4000000000000069": ("expired_card", None, "expired"),
    "4000000000000127": ("incorrect_cvc", None, "security code"),
    "4000000000000119": ("processing_error", None, "processing your card"),
    "4000000000000341": ("card_declined", "generic_decline", "declined"),
}


def alert_on(response: requests.Response) -> str:
    found = re.search(r'role="alert">(.*?)</p>', response.text, re.DOTALL)
    return re.sub(r"<[^>]*>", "", found[1]) if found else ""


def value_of(name: str, response: requests.Response) -> str:
    return re.search(rf'name="{name}"\s+value="([^"]*)"', response.text)[1]


def refresh(api: stripe.StripeClient, session: stripe.checkout.Session) -> stripe.checkout.Session:
    expand = {"expand": ["payment_intent.latest_charge", "payment_intent.payment_method"]}
    return api.v1.checkout.sessions.retrieve(session.id, params=expand)


class TestShow:
    def test_says_what_is_paid_and_that_no_money_moves(self, api) -> None:
        page = visit(open_session(api).url)
        assert page.status_code == 200
        assert "LOCAL SANDBOX" in page.text and "no real money moves" in page.text
        assert page.text.count("$20.00") >= 3 and "Extra tokens" in page.text
        assert f'href="{CANCEL_URL}"' in page.text

    def test_lets_its_form_lead_to_the_shop(self, api) -> None:
        policy = visit(open_session(api).url).headers["Content-Security-Policy"]
        assert "form-action 'self' http://127.0.0.1:9" in policy and "script-src" not in policy

    def test_fills_in_a_test_card_for_everyone(self, api) -> None:
        page = visit(f"{open_session(api).url}?card=4000000000009995")
        assert value_of("cardNumber", page) == "4000 0000 0000 9995"
        assert value_of("cardCvc", page) == "123" and value_of("email", page)

    def test_offers_every_card_that_it_declines_or_takes(self, api) -> None:
        page = visit(open_session(api).url)
        offered = set(re.findall(r'href="\?card=(\d+)"', page.text))
        shown_later = {"4000000000000341"}
        pays = {GOOD_CARD, "5555555555554444", BANK_ASKS, *PAY_TOO}
        assert offered == (pays | set(DECLINES)) - shown_later

    def test_knows_the_address_of_a_customer(self, api, customer) -> None:
        page = visit(open_session(api, customer=customer.id).url)
        assert "ada@example.com" in page.text and 'name="email"' not in page.text

    def test_escapes_what_the_shop_sends(self, api) -> None:
        name = "<script>alert('x')</script>"
        item = {"currency": "jpy", "unit_amount": 5000, "product_data": {"name": name}}
        page = visit(open_session(api, line_items=[{"price_data": item}]).url)
        assert "<script>" not in page.text and "¥5,000" in page.text

    def test_says_that_there_is_no_such_page(self, sandbox_url) -> None:
        assert visit(f"{sandbox_url}/c/pay/cs_test_nothing").status_code == 404
        assert pay(f"{sandbox_url}/c/pay/cs_test_nothing").status_code == 404


class TestPay:
    @pytest.mark.parametrize("number", [GOOD_CARD, "5555 5555 5555 4444", "4242-4242-4242-4242"])
    def test_leads_back_to_the_shop(self, api, number: str) -> None:
        session = open_session(api, metadata={"payment_id": "7"})
        answer = pay(session.url, number)
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"http://127.0.0.1:9/paid?session={session.id}"
        paid = refresh(api, session)
        assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
        assert paid.customer_details.email == "ada@example.com"
        intent = paid.payment_intent
        assert (intent.status, intent.amount_received) == ("succeeded", 2000)
        assert (
            intent.latest_charge.payment_method_details.card.last4 == re.sub(r"\D", "", number)[-4:]
        )

    def test_is_done_before_money_that_takes_its_time(self, api, sandbox_url) -> None:
        session = open_session(api)
        assert pay(session.url, "4000000000000606").status_code == 303
        waiting = refresh(api, session)
        assert (waiting.status, waiting.payment_status) == ("complete", "unpaid")
        intent = waiting.payment_intent
        assert (intent.status, intent.amount_received) == ("processing", 0)
        post(f"{sandbox_url}/sandbox/sessions/{session.id}/arrive")
        paid = refresh(api, session)
        assert (paid.payment_status, paid.payment_intent.status) == ("paid", "succeeded")

    def test_passes_on_what_the_intent_is_to_carry(self, api) -> None:
        wanted = {"metadata": {"payment_id": "7"}, "description": "Top-up"}
        session = open_session(api, payment_intent_data=wanted)
        pay(session.url)
        intent = refresh(api, session).payment_intent
        assert intent.metadata.to_dict() == {"payment_id": "7"}
        assert intent.latest_charge.metadata.to_dict() == {"payment_id": "7"}
        assert intent.description == "Top-up"

    @pytest.mark.parametrize("number", DECLINES)
    def test_stays_open_and_says_why(self, api, number: str) -> None:
        code, decline_code, words = DECLINES[number]
        session = open_session(api)
        answer = pay(session.url, number)
        assert answer.status_code == 402
        assert words in alert_on(answer) and "Nothing was charged" in alert_on(answer)
        tried = refresh(api, session)
        assert (tried.status, tried.payment_status) == ("open", "unpaid")
        intent = tried.payment_intent
        assert intent.status == "requires_payment_method" and intent.amount_received == 0
        error = intent.last_payment_error
        assert (error.code, getattr(error, "decline_code", None)) == (code, decline_code)
        assert intent.latest_charge.failure_code == code and intent.latest_charge.paid is False

    def test_takes_another_card_after_a_decline(self, api) -> None:
        session = open_session(api)
        pay(session.url, "4000000000000002")
        declined = refresh(api, session).payment_intent
        assert pay(session.url).status_code == 303
        intent = refresh(api, session).payment_intent
        assert intent.id == declined.id and intent.last_payment_error is None
        charges = api.v1.charges.list(params={"payment_intent": intent.id}).data
        assert [charge.paid for charge in charges] == [True, False]

    @pytest.mark.parametrize(
        ("changes", "field", "words"),
        [
            ({"cardNumber": "4242 4242"}, "cardNumber", "incomplete"),
            ({"cardNumber": "4242424242424241"}, "cardNumber", "mistyped"),
            ({"cardNumber": ""}, "cardNumber", "incomplete"),
            ({"cardExpiry": "1/20"}, "cardExpiry", "past"),
            ({"cardExpiry": "13/34"}, "cardExpiry", "month and year"),
            ({"cardCvc": "12"}, "cardCvc", "three digits"),
            ({"billingName": " "}, "billingName", "name"),
            ({"email": "ada"}, "email", "email"),
        ],
    )
    def test_says_at_the_field_what_is_wrong(self, api, changes, field, words: str) -> None:
        session = open_session(api)
        answer = post(session.url, **typed(**changes))
        assert answer.status_code == 422
        said = re.search(rf'id="{field}-error">([^<]*)<', answer.text)
        assert said is not None and words in said[1]
        assert refresh(api, session).payment_intent is None

    def test_takes_no_real_card_and_does_not_repeat_it(self, api) -> None:
        answer = pay(open_session(api).url, "4111111111111111")
        assert answer.status_code == 422
        assert "no test card" in answer.text and "4111" not in answer.text

    def test_saves_the_card_if_the_shop_asks_for_it(self, api, customer) -> None:
        later = {"setup_future_usage": "off_session"}
        session = open_session(api, customer=customer.id, payment_intent_data=later)
        assert "allow Oblivious to charge this card" in visit(session.url).text
        pay(session.url)
        saved = api.v1.customers.payment_methods.list(customer.id).data
        assert [method.card.last4 for method in saved] == ["4242"]

    def test_saves_no_card_otherwise(self, api, customer) -> None:
        session = open_session(api, customer=customer.id)
        assert "to charge this card" not in visit(session.url).text
        pay(session.url)
        assert api.v1.customers.payment_methods.list(customer.id).data == []

    def test_makes_a_customer_if_the_shop_asks_for_one(self, api) -> None:
        session = open_session(api, customer_creation="always")
        pay(session.url)
        made = api.v1.customers.retrieve(refresh(api, session).customer)
        assert (made.email, made.name) == ("ada@example.com", "Ada Lovelace")

    def test_leads_on_from_a_page_that_is_paid(self, api) -> None:
        session = open_session(api)
        pay(session.url)
        for answer in (visit(session.url), pay(session.url)):
            assert answer.status_code == 303 and session.id in answer.headers["Location"]
        intent = refresh(api, session).payment_intent
        assert len(api.v1.charges.list(params={"payment_intent": intent.id}).data) == 1

    def test_pays_once_however_often_the_button_is_pressed(self, api) -> None:
        session = open_session(api)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: pay(session.url).status_code, range(8)))
        assert answers == [303] * 8
        intent = refresh(api, session).payment_intent
        assert len(api.v1.charges.list(params={"payment_intent": intent.id}).data) == 1

    def test_says_that_the_time_is_over(self, api) -> None:
        session = open_session(api)
        api.v1.checkout.sessions.expire(session.id)
        for answer in (visit(session.url), pay(session.url)):
            assert answer.status_code == 410
            assert "expired" in answer.text and f'href="{CANCEL_URL}"' in answer.text


class TestBank:
    def test_asks_before_the_money_moves(self, api) -> None:
        session = open_session(api)
        answer = pay(session.url, BANK_ASKS)
        assert answer.status_code == 303 and answer.headers["Location"] == f"{session.url}/bank"
        asked = refresh(api, session)
        assert (asked.status, asked.payment_intent.status) == ("open", "requires_action")
        assert "asks you to confirm" in visit(answer.headers["Location"]).text

    def test_pays_when_the_holder_confirms(self, api, customer) -> None:
        later = {"setup_future_usage": "off_session"}
        session = open_session(api, customer=customer.id, payment_intent_data=later)
        pay(session.url, BANK_ASKS)
        answer = post(f"{session.url}/bank", answer="confirm")
        assert answer.status_code == 303 and session.id in answer.headers["Location"]
        paid = refresh(api, session)
        assert (paid.payment_status, paid.payment_intent.next_action) == ("paid", None)
        assert paid.payment_intent.payment_method.customer == customer.id

    def test_leads_back_to_the_form_when_the_holder_refuses(self, api) -> None:
        session = open_session(api)
        pay(session.url, BANK_ASKS)
        answer = post(f"{session.url}/bank", answer="refuse")
        assert answer.status_code == 402 and "could not confirm" in alert_on(answer)
        assert refresh(api, session).payment_intent.status == "requires_payment_method"
        assert pay(session.url).status_code == 303

    def test_asks_nothing_without_a_payment(self, api) -> None:
        session = open_session(api)
        for answer in (visit(f"{session.url}/bank"), post(f"{session.url}/bank", answer="confirm")):
            assert answer.status_code == 303 and answer.headers["Location"].endswith(session.id)
        assert refresh(api, session).payment_status == "unpaid"

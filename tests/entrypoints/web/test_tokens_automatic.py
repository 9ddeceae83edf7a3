"""The automatic top-up on the tokens page: its rule, its guard, and what a bank wants confirmed."""

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts import queries as account_queries
from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice
from app.domain.payments.models import Payment
from app.domain.tokens import operations as tokens
from app.domain.tokens import queries
from app.entrypoints.gateways import GATEWAYS
from app.foundation.database import session, transaction
from app.workflows.auto_top_up import auto_top_up
from app.workflows.charge_saved_card import charge_saved_card
from app.workflows.settle_payment import settle_payment
from tests.books import check_books
from tests.entrypoints.test_security_headers import directives
from tests.entrypoints.web.conftest import HTMX, saved, words_of
from tests.entrypoints.web.test_tokens import tax_in
from tests.factories.payments import SELLER, make_card
from tests.fakes.payment_gateway import FakeGateway

PAGE, RULE = "/tokens", "/tokens/rule"
GRACE = timedelta(days=7)
SENTENCE = (
    "When fewer than 10,000 tokens are left, buy 666,666 tokens for 100.00 USD,"
    " at most 5 times a month and 500.00 USD."
)
NO_CARD = "Nothing is bought before there is a card that may be charged."
AT_ONCE = "it buys within a minute."
WANTED = {
    "auto_topup": "on",
    "auto_topup_threshold": "10,000",
    "auto_topup_amount": "100",
    "auto_topup_max_per_month": "5",
    "auto_topup_monthly_limit": "500",
}


@pytest.fixture(autouse=True)
def gateway(app: Flask) -> FakeGateway:
    gateway = FakeGateway()
    app.config[GATEWAYS] = {"stripe": gateway}
    return gateway


def settings_of(account: Account) -> dict[str, object]:
    session.rollback()
    chosen = account_queries.settings_of(account)
    names = ("auto_topup", "auto_topup_threshold", "auto_topup_amount_minor")
    limits = ("auto_topup_max_per_month", "auto_topup_monthly_limit_minor")
    return {name: getattr(chosen, name) for name in (*names, *limits)}


def want(account: Account, **changes: object) -> None:
    """Let the account buy tokens below a threshold that it is under."""
    with transaction():
        chosen = account_queries.settings_of(account)
        given = {"auto_topup": True, "auto_topup_threshold": 2_000_000, **changes}
        for name, value in given.items():
            setattr(chosen, name, value)


def buy_automatically(account: Account, gateway: FakeGateway, *, now: datetime) -> Payment:
    """Let the sweep buy tokens, and the card be charged."""
    with transaction():
        auto_top_up(account.id, seller=SELLER, grace=GRACE, now=now)
    session.rollback()
    payment = session.query(Payment).order_by(Payment.id.desc()).first()
    charge_saved_card(payment.public_id, gateways={"stripe": gateway}, now=now)
    return payment


class TestChange:
    def test_keeps_what_was_chosen(self, pias: FlaskClient, pia: Account) -> None:
        answer = saved(pias, PAGE, WANTED)
        assert answer.status_code == 200 and "Saved" in answer.text
        assert settings_of(pia) == {
            "auto_topup": True,
            "auto_topup_threshold": 10_000,
            "auto_topup_amount_minor": 10_000,
            "auto_topup_max_per_month": 5,
            "auto_topup_monthly_limit_minor": 50_000,
        }
        assert SENTENCE in words_of(answer.text)
        assert SENTENCE in words_of(pias.get(PAGE).text)

    @pytest.mark.parametrize(
        ("name", "typed"),
        [
            ("auto_topup_threshold", "-1"),
            ("auto_topup_threshold", "many"),
            ("auto_topup_amount", "4.99"),
            ("auto_topup_amount", "10,000.01"),
            ("auto_topup_amount", ""),
            ("auto_topup_max_per_month", "1.5"),
            ("auto_topup_monthly_limit", "5.001"),
            *(
                (name, typed)
                for name in list(WANTED)[1:]
                for typed in ("0.001", "1e9", "NaN", "Infinity", "9" * 30)
            ),
        ],
    )
    def test_refuses_at_the_field(
        self, pias: FlaskClient, pia: Account, name: str, typed: str
    ) -> None:
        before = settings_of(pia)
        answer = pias.post(PAGE, data={**WANTED, name: typed})
        assert answer.status_code == 422 and settings_of(pia) == before
        wrong = re.findall(r'<input[^>]*aria-invalid="true"[^>]*>', answer.text)
        assert [re.search(r'name="(\w+)"', field)[1] for field in wrong] == [name]
        assert "As soon as every field makes sense" in answer.text

    def test_switches_off_and_says_so(self, pias: FlaskClient, pia: Account) -> None:
        page = words_of(saved(pias, PAGE, {**WANTED, "auto_topup": "off"}).text)
        assert settings_of(pia)["auto_topup"] is False
        assert f"Switched off. Switched on, it does this: {SENTENCE}" in page
        assert "Switched off: nothing is bought by itself." in page

    def test_switching_on_again_begins_anew(
        self, pias: FlaskClient, pia: Account, now: datetime
    ) -> None:
        want(pia, auto_topup=False)
        with transaction():
            for _ in range(3):
                tokens.note_declined("pia", now=now)
        assert "Switched off after three declines." in pias.get(PAGE).text
        make_card(pia, now=now)
        page = words_of(saved(pias, PAGE, WANTED).text)
        assert "Ready: 0 of 5 this month" in page
        guard = queries.find_guard("pia")
        assert (guard.declines_in_a_row, guard.switched_off_at, guard.paused_until) == (
            0,
            None,
            None,
        )


class TestRule:
    def test_puts_what_is_typed_into_a_sentence(self, pias: FlaskClient, pia: Account) -> None:
        before = settings_of(pia)
        answer = pias.get(RULE, query_string=WANTED, headers=HTMX)
        assert words_of(answer.text) == f"{SENTENCE} {NO_CARD}"
        assert answer.text.lstrip().startswith('<p id="rule"')
        assert settings_of(pia) == before

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"auto_topup_threshold": "0"}, "With a threshold of 0 nothing is ever bought."),
            (
                {"auto_topup_max_per_month": "0"},
                "At most 0 times a month: nothing is ever bought.",
            ),
            (
                {"auto_topup_monthly_limit": "99.99"},
                "One purchase comes to 100.00 USD and the limit for a month is 99.99 USD:"
                " nothing is ever bought.",
            ),
            ({"auto_topup_amount": "1"}, "As soon as every field makes sense"),
            ({"auto_topup_max_per_month": "1"}, "at most once a month"),
            ({"auto_topup": "off"}, "Switched off. Switched on, it does this: When fewer"),
        ],
    )
    def test_follows_each_field(
        self, pias: FlaskClient, changes: dict[str, str], words: str
    ) -> None:
        answer = pias.get(RULE, query_string={**WANTED, **changes}, headers=HTMX)
        assert answer.status_code == 200 and words in words_of(answer.text)

    def test_counts_the_tax_in(self, pias: FlaskClient, pia: Account, now: datetime) -> None:
        tax_in("DE", pia, now=now)
        said = words_of(pias.get(RULE, query_string=WANTED, headers=HTMX).text)
        assert "100.00 USD plus 19.00 USD USt (19%): 119.00 USD in all, at most" in said

    @pytest.mark.parametrize("threshold", ["10,000", "2,000,000"])
    def test_promises_nothing_without_a_card(self, pias: FlaskClient, threshold: str) -> None:
        asked = {**WANTED, "auto_topup_threshold": threshold}
        typed = words_of(pias.get(RULE, query_string=asked, headers=HTMX).text)
        saved_page = words_of(saved(pias, PAGE, asked).text)
        for words in (typed, saved_page):
            assert NO_CARD in words and AT_ONCE not in words
        assert "Auto top-up on, but waits" in saved_page
        assert "Auto top-up on, but waits" in words_of(pias.get("/payment-methods").text)

    @pytest.mark.parametrize(
        ("happened", "says"),
        [
            ("nothing", "You have 1,000,000 tokens left, which is fewer: it buys within a minute."),
            ("bought", "Nothing more is bought before "),
            ("declined", "Nothing more is bought before "),
            ("authentication", "unless you confirm the purchase that your bank asks you about."),
            ("once a month", "Nothing more is bought this month: 1 purchase is made already."),
            ("limit", "Nothing more is bought this month: 100.00 USD are spent, and another"),
            ("leaving", "Nothing is bought: your account is to be deleted."),
        ],
    )
    def test_says_what_it_waits_for(
        self,
        pias: FlaskClient,
        pia: Account,
        gateway: FakeGateway,
        now: datetime,
        *,
        happened: str,
        says: str,
    ) -> None:
        want(pia, auto_topup_threshold=9_000_000)
        make_card(pia, now=now)
        limits = {}
        if happened == "bought":
            buy_automatically(pia, gateway, now=now)
        elif happened in ("once a month", "limit"):
            buy_automatically(pia, gateway, now=now - timedelta(minutes=11))
            is_count = happened == "once a month"
            name = "auto_topup_max_per_month" if is_count else "auto_topup_monthly_limit"
            limits = {name: "1" if is_count else "150"}
        with transaction():
            if happened == "declined":
                tokens.note_declined("pia", now=now)
            elif happened == "authentication":
                tokens.note_authentication("pia", now=now)
            elif happened == "leaving":
                pia = account_queries.account("pia")
                pia.deletion_asked_at, pia.deletion_due_at = now, now + timedelta(days=30)
        asked = {**WANTED, "auto_topup_threshold": "9,000,000", **limits}
        typed = words_of(pias.get(RULE, query_string=asked, headers=HTMX).text)
        assert says in typed and (AT_ONCE in typed) is (happened == "nothing")
        assert says in words_of(saved(pias, PAGE, asked).text)

    def test_begins_anew_where_it_is_switched_on_again(
        self, pias: FlaskClient, pia: Account, now: datetime
    ) -> None:
        want(pia, auto_topup=False)
        make_card(pia, now=now)
        with transaction():
            tokens.note_declined("pia", now=now)
        asked = {**WANTED, "auto_topup_threshold": "2,000,000"}
        assert AT_ONCE in words_of(pias.get(RULE, query_string=asked, headers=HTMX).text)

    def test_is_no_page_of_its_own(self, pias: FlaskClient) -> None:
        assert pias.get(RULE, query_string=WANTED).location == PAGE


class TestGuardInWords:
    def test_asks_for_a_card(self, pias: FlaskClient, pia: Account) -> None:
        want(pia)
        page = pias.get(PAGE).text
        assert "there is no card that may be charged" in page
        assert 'href="/payment-methods"' in page

    def test_says_when_the_next_is_possible(
        self, pias: FlaskClient, pia: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        want(pia, auto_topup_threshold=9_000_000)
        make_card(pia, now=now)
        buy_automatically(pia, gateway, now=now)
        page = words_of(pias.get(PAGE).text)
        after = now + timedelta(minutes=10)
        assert f"1 of 5 this month; next possible {after:%H:%M}." in page or (
            after.date() != now.date()
        )

    def test_says_why_it_pauses(
        self, pias: FlaskClient, pia: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        want(pia)
        make_card(pia, now=now)
        with transaction():
            tokens.note_declined("pia", now=now)
            tokens.note_declined("pia", now=now)
        assert ": your card was declined twice." in words_of(pias.get(PAGE).text)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({}, "0 of 5 this month; tokens are bought within a minute."),
            ({"auto_topup_threshold": 5}, "Ready: 0 of 5 this month; nothing to buy while"),
            (
                {"auto_topup_threshold": 0},
                "It buys nothing while the threshold is 0.",
            ),
            ({"auto_topup_max_per_month": 0}, "It never buys: at most 0 times a month."),
            (
                {"auto_topup_monthly_limit_minor": 9_999},
                "It never buys: one purchase comes to more than the limit for a month.",
            ),
        ],
    )
    def test_says_what_keeps_it(
        self,
        pias: FlaskClient,
        pia: Account,
        now: datetime,
        changes: dict[str, object],
        words: str,
    ) -> None:
        want(pia, **changes)
        make_card(pia, now=now)
        assert words in words_of(pias.get(PAGE).text)


class TestFinish:
    @pytest.fixture
    def draft(
        self, pias: FlaskClient, pia: Account, gateway: FakeGateway, now: datetime
    ) -> Invoice:
        """A purchase that Pia's bank wants to hear her about."""
        want(pia)
        make_card(pia, now=now)
        gateway.declines_with = "authentication_required"
        buy_automatically(pia, gateway, now=now)
        session.rollback()
        return session.query(Invoice).filter_by(user_id="pia").one()

    def test_says_what_is_waited_for_and_leads_on(
        self, pias: FlaskClient, pia: Account, draft: Invoice, gateway: FakeGateway, now: datetime
    ) -> None:
        address = f"/tokens/finish/{draft.public_id}"
        tokens_page = pias.get(PAGE).text
        assert "your bank wants you to confirm the purchase yourself" in tokens_page
        assert f'href="{address}"' in tokens_page
        answer = pias.get(address)
        assert "Your bank waits for you" in answer.text
        assert "666,666 extra tokens for $100.00" in words_of(answer.text)
        policy = directives(answer.headers["Content-Security-Policy"])
        assert policy["form-action"] == "'self' https://pay.example.com"
        paying = pias.post(address)
        assert paying.status_code == 303
        (page,) = gateway.pages
        gateway.pay(page)
        with transaction():
            settle_payment(gateway.outcome_of_session(page), now=now)
        done = pias.get(address).text
        assert "This purchase is done" in done and "To the invoice" in done
        assert pias.post(address).status_code == 404
        check_books()

    def test_says_that_it_is_not_open_any_more(
        self, pias: FlaskClient, draft: Invoice, now: datetime
    ) -> None:
        with transaction():
            session.get_one(Invoice, draft.id).status = "void"
        page = pias.get(f"/tokens/finish/{draft.public_id}").text
        assert "This purchase is not open any more" in page

    def test_says_in_place_that_the_provider_is_away(
        self, pias: FlaskClient, draft: Invoice, gateway: FakeGateway
    ) -> None:
        gateway.is_away = True
        answer = pias.post(f"/tokens/finish/{draft.public_id}")
        assert answer.status_code == 503 and "The fake is away." in answer.text

    def test_is_nobody_elses(self, bens: FlaskClient, draft: Invoice, gateway: FakeGateway) -> None:
        address = f"/tokens/finish/{draft.public_id}"
        assert bens.get(address).status_code == 404
        assert bens.post(address).status_code == 404
        assert gateway.pages == {}

    @pytest.mark.parametrize("reference", ["inv-1", "%00", "%ED%A0%80", "a" * 5000])
    def test_knows_no_such_purchase(self, pias: FlaskClient, reference: str) -> None:
        assert pias.get(f"/tokens/finish/{reference}").status_code == 404

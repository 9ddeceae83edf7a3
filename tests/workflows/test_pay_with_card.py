"""Buying tokens with a saved card: charged once, credited once, whoever brings the news first."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from app.domain.accounts import queries as accounts
from app.domain.accounts.errors import DeletionPending
from app.domain.accounts.models import Account
from app.domain.invoices.errors import InvoiceNotPayable, UnknownInvoice
from app.domain.payments import cards
from app.domain.payments.errors import CardNotUsable, ProviderUnreachable
from app.domain.payments.gateway import OutcomeStatus
from app.domain.payments.models import Payment
from app.domain.tokens import queries as token_queries
from app.foundation.database import session, transaction
from app.foundation.errors import DomainError
from app.workflows.pay_with_card import pay_with_card
from app.workflows.reconcile_payments import ask_about_attempts
from app.workflows.settle_payment import settle_payment
from app.workflows.top_up import begin_top_up, pay_top_up
from tests.factories.payments import BASE_URL, payment_row
from tests.factories.purchases import (
    buy_plan,
    invoices_of,
    mails_of,
    make_card,
    make_shop,
    payments_of,
)
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW
from tests.threads import in_parallel

# For 50.00 USD, at Pro's 0.00015 USD.
BOUGHT = 333_333
LATER = NOW + timedelta(minutes=5)
pytestmark = pytest.mark.usefixtures("books")


@pytest.fixture
def buyer(ada: Account, gateway: FakeGateway) -> Account:
    """Ada with a Pro plan and a saved card."""
    buy_plan(ada, "plan-pro", gateway=gateway)
    make_card(ada)
    return ada


def begun(account: Account, gateway: FakeGateway, *, now=NOW) -> str:
    shop = make_shop(gateway)
    return begin_top_up(account, amount_minor=5_000, shop=shop, now=now)[0]


def pay(account: Account, reference: str, gateway: FakeGateway, *, now=NOW, **changes) -> Payment:
    found = cards.find_default(account.id)
    given = {"card_id": 0 if found is None else found.id, **changes}
    public_id = pay_with_card(account, reference, shop=make_shop(gateway), now=now, **given)
    return payment_row(public_id)


def sweep(gateway: FakeGateway, *, now=LATER) -> None:
    ask_about_attempts(gateways={"stripe": gateway}, base_url=BASE_URL, now=now)


def balance(account: Account) -> int:
    session.rollback()
    session.refresh(account)
    return account.extra_tokens


def drafts_of(account: Account) -> list[str]:
    return [invoice.status for invoice in invoices_of(account) if invoice.kind == "topup"]


class TestPayWithCard:
    def test_charges_the_card_and_gives_the_tokens(
        self, buyer: Account, gateway: FakeGateway
    ) -> None:
        reference = begun(buyer, gateway)
        assert (balance(buyer), gateway.charged) == (0, [])
        row = pay(buyer, reference, gateway)
        (order,) = gateway.charged
        assert (order.amount_minor, order.card, order.reference) == (5_000, "pm_ada", reference)
        assert order.is_on_session and ":on_session-" in order.idempotency_key
        assert (row.status, row.method, row.purpose) == ("settled", "on_session", "topup")
        assert (balance(buyer), drafts_of(buyer)) == (BOUGHT, ["paid"])
        assert "tokens_bought" in mails_of(buyer)

    def test_charges_a_purchase_once_however_often_it_is_asked_for(
        self, buyer: Account, gateway: FakeGateway
    ) -> None:
        reference = begun(buyer, gateway)
        paid = {pay(buyer, reference, gateway).public_id for _ in range(3)}
        assert (len(paid), len(gateway.charged), balance(buyer)) == (1, 1, BOUGHT)

    def test_charges_a_purchase_once_beside_itself(
        self, app: Flask, buyer: Account, gateway: FakeGateway
    ) -> None:
        reference, card = begun(buyer, gateway), cards.find_default("ada")
        given = {"card_id": card.id, "shop": make_shop(gateway), "now": NOW}
        session.rollback()

        def work() -> str:
            return pay_with_card(accounts.account("ada"), reference, **given)

        assert len(set(in_parallel(app, [work] * 4))) == 1
        assert len(gateway.charges) == 1
        assert (balance(buyer), drafts_of(buyer)) == (BOUGHT, ["paid"])

    def test_charges_two_purchases_apart(self, buyer: Account, gateway: FakeGateway) -> None:
        for _ in range(2):
            pay(buyer, begun(buyer, gateway), gateway)
        assert (len(gateway.charges), balance(buyer)) == (2, 2 * BOUGHT)

    def test_leaves_nothing_behind_where_the_card_is_declined(
        self, buyer: Account, gateway: FakeGateway
    ) -> None:
        gateway.declines_with = "insufficient_funds"
        before = mails_of(buyer)
        reference = begun(buyer, gateway)
        row = pay(buyer, reference, gateway)
        assert (row.status, row.decline_code) == ("failed", "insufficient_funds")
        assert (balance(buyer), drafts_of(buyer)) == (0, ["void"])
        # He has seen it himself, and automatic top-up has nothing to do with it.
        assert mails_of(buyer) == before
        assert token_queries.find_guard("ada") is None
        gateway.declines_with = None
        with pytest.raises(UnknownInvoice):
            pay(buyer, reference, gateway)
        assert len(gateway.charged) == 1

    def test_leads_to_a_page_where_the_bank_wants_to_hear_its_owner(
        self, buyer: Account, gateway: FakeGateway
    ) -> None:
        gateway.declines_with = "authentication_required"
        before = mails_of(buyer)
        reference = begun(buyer, gateway)
        assert pay(buyer, reference, gateway).status == "failed"
        assert (drafts_of(buyer), mails_of(buyer)) == (["draft"], before)
        assert token_queries.find_guard("ada") is None
        pay_top_up(buyer, reference, shop=make_shop(gateway), now=NOW)
        page = payments_of(buyer)[-1].provider_session
        gateway.pay(page)
        with transaction():
            settle_payment(gateway.outcome_of_session(page), now=NOW)
        assert (balance(buyer), drafts_of(buyer)) == (BOUGHT, ["paid"])


class TestUnknownOutcomes:
    def test_are_found_by_the_sweep(self, buyer: Account, gateway: FakeGateway) -> None:
        gateway.loses_answers = True
        reference = begun(buyer, gateway)
        row = pay(buyer, reference, gateway)
        assert (row.status, balance(buyer)) == ("unknown", 0)
        # To ask for it again charges nobody again.
        assert pay(buyer, reference, gateway).public_id == row.public_id
        gateway.loses_answers = False
        sweep(gateway)
        sweep(gateway, now=LATER + timedelta(minutes=5))
        assert (len(gateway.charges), balance(buyer)) == (1, BOUGHT)

    def test_that_never_arrived_are_asked_by_the_sweep(
        self, buyer: Account, gateway: FakeGateway
    ) -> None:
        gateway.is_away = True
        row = pay(buyer, begun(buyer, gateway), gateway)
        assert (row.status, gateway.charges) == ("unknown", {})
        gateway.is_away = False
        sweep(gateway)
        (order,) = gateway.charged
        assert order.idempotency_key == row.idempotency_key and order.is_on_session
        assert balance(buyer) == BOUGHT

    def test_that_were_declines_leave_nothing_behind(
        self, buyer: Account, gateway: FakeGateway
    ) -> None:
        gateway.loses_answers, gateway.declines_with = True, "card_declined"
        row = pay(buyer, begun(buyer, gateway), gateway)
        gateway.loses_answers = False
        sweep(gateway)
        assert payment_row(row.public_id).status == "failed"
        assert (balance(buyer), drafts_of(buyer)) == (0, ["void"])

    @pytest.mark.parametrize("is_lost", [False, True])
    def test_that_an_event_has_told_before_the_answer_count_once(
        self, buyer: Account, gateway: FakeGateway, is_lost: bool
    ) -> None:
        asked = gateway.charge

        def told_meanwhile(order):
            outcome = asked(order)
            with transaction():
                settle_payment(outcome, now=NOW)
            if is_lost:
                raise ProviderUnreachable("The answer was lost.")
            return outcome

        gateway.charge = told_meanwhile
        row = pay(buyer, begun(buyer, gateway), gateway)
        sweep(gateway)
        assert (row.status, balance(buyer)) == ("settled", BOUGHT)

    def test_of_money_that_is_under_way_are_paid_in_no_other_way(
        self, buyer: Account, gateway: FakeGateway
    ) -> None:
        gateway.loses_answers = True
        reference = begun(buyer, gateway)
        pay(buyer, reference, gateway)
        ((intent, made),) = gateway.charges.items()
        gateway.loses_answers = False
        gateway.charges[intent] = replace(made, status=OutcomeStatus.PROCESSING)
        sweep(gateway)
        with pytest.raises(InvoiceNotPayable):
            pay_top_up(buyer, reference, shop=make_shop(gateway), now=LATER)
        gateway.charges[intent] = made
        sweep(gateway, now=LATER + timedelta(minutes=10))
        assert (gateway.pages.keys() & {"cs_2"}, balance(buyer)) == (set(), BOUGHT)


class TestRefusals:
    @pytest.mark.parametrize(
        ("after", "refusal"),
        # Once the page has ended its provider is asked, and says that nothing is left to pay.
        [(timedelta(0), InvoiceNotPayable), (timedelta(minutes=61), UnknownInvoice)],
    )
    def test_of_a_purchase_whose_page_was_paid_unheard_of(
        self, buyer: Account, gateway: FakeGateway, after: timedelta, refusal: type[DomainError]
    ) -> None:
        reference = begun(buyer, gateway)
        pay_top_up(buyer, reference, shop=make_shop(gateway), now=NOW)
        gateway.pay(payments_of(buyer)[-1].provider_session)
        with pytest.raises(refusal):
            pay(buyer, reference, gateway, now=NOW + after)
        sweep(gateway, now=NOW + timedelta(minutes=62))
        assert (gateway.charged, balance(buyer)) == ([], BOUGHT)

    @pytest.mark.parametrize(
        ("minutes", "is_let"), [(59, False), (60, False), (69.99, False), (70, True)]
    )
    def test_wait_ten_minutes_for_news_of_a_page_that_has_ended(
        self, buyer: Account, gateway: FakeGateway, minutes: float, is_let: bool
    ) -> None:
        reference = begun(buyer, gateway)
        pay_top_up(buyer, reference, shop=make_shop(gateway), now=NOW)
        now = NOW + timedelta(minutes=minutes)
        gateway.asked.clear()
        if is_let:
            assert pay(buyer, reference, gateway, now=now).status == "settled"
        else:
            with pytest.raises(InvoiceNotPayable):
                pay(buyer, reference, gateway, now=now)
        # One question is all that a customer waits for, and none about a page that is open.
        assert len(gateway.asked) == (minutes >= 60)
        assert (len(gateway.charged), balance(buyer)) == (is_let, BOUGHT * is_let)

    def test_do_not_wait_for_a_page_that_its_provider_does_not_know(
        self, buyer: Account, gateway: FakeGateway
    ) -> None:
        reference = begun(buyer, gateway)
        pay_top_up(buyer, reference, shop=make_shop(gateway), now=NOW)
        gateway.lost.add(payments_of(buyer)[-1].provider_session)
        assert pay(buyer, reference, gateway, now=NOW + timedelta(minutes=60)).status == "settled"
        assert balance(buyer) == BOUGHT

    @pytest.mark.parametrize(
        ("after", "is_let"),
        [(timedelta(hours=24) - timedelta(microseconds=1), True), (timedelta(hours=24), False)],
    )
    def test_of_amounts_that_do_not_hold_any_longer(
        self, buyer: Account, gateway: FakeGateway, after: timedelta, is_let: bool
    ) -> None:
        reference = begun(buyer, gateway)
        if is_let:
            assert pay(buyer, reference, gateway, now=NOW + after).status == "settled"
        else:
            with pytest.raises(InvoiceNotPayable):
                pay(buyer, reference, gateway, now=NOW + after)

    def test_of_a_card_that_he_has_not_seen(self, buyer: Account, gateway: FakeGateway) -> None:
        reference, seen = begun(buyer, gateway), cards.find_default("ada").id
        other = make_card(buyer, provider_reference="pm_2", is_default=False)
        with transaction():
            cards.choose_default(buyer, other.id, now=NOW)
        with pytest.raises(CardNotUsable):
            pay(buyer, reference, gateway, card_id=seen)
        with transaction():
            for card in (other.id, seen):
                cards.remove_card(buyer, card, now=NOW)
        with pytest.raises(CardNotUsable):
            pay(buyer, reference, gateway, card_id=other.id)
        assert gateway.charged == []

    def test_of_what_is_somebody_elses(
        self, buyer: Account, ben: Account, gateway: FakeGateway
    ) -> None:
        reference, card = begun(buyer, gateway), cards.find_default("ada").id
        for reference_of in (reference, "nothing", "\x00"):
            with pytest.raises(UnknownInvoice):
                pay(ben, reference_of, gateway, card_id=card)
        bens = make_card(ben, provider_reference="pm_9")
        with pytest.raises(CardNotUsable):
            pay(buyer, reference, gateway, card_id=bens.id)
        assert gateway.charged == []

    def test_of_who_is_about_to_leave(self, buyer: Account, gateway: FakeGateway) -> None:
        reference = begun(buyer, gateway)
        with transaction():
            buyer.deletion_asked_at, buyer.deletion_due_at = NOW, NOW + timedelta(days=14)
        with pytest.raises(DeletionPending):
            pay(buyer, reference, gateway)

"""Beginning a checkout: one page per invoice, whatever is clicked, lost or refused."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NoReturn

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.invoices.errors import InvoiceNotPayable, UnknownInvoice
from app.domain.payments.consent import VERSION, Consent
from app.domain.payments.errors import ProviderRefused, ProviderUnreachable
from app.domain.payments.gateway import OutcomeStatus
from app.domain.payments.models import Payment
from app.domain.payments.queries import payments_of_invoice
from app.domain.payments.refunds import REFUND_PAYMENT
from app.domain.payments.rules import CHECKOUT_LIFE, HEARD_OF_WITHIN
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from app.workflows.settle_payment import settle_payment
from tests.factories.payments import (
    invoice_row,
    make_card,
    make_checkout,
    make_invoice,
    payment_row,
)
from tests.factories.purchases import payments_of, promises, tell
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW
from tests.threads import in_parallel

# When the pages that were opened first have just ended.
ENDED = NOW + CHECKOUT_LIFE
pytestmark = pytest.mark.usefixtures("books")


class TestBeginCheckout:
    def test_opens_a_page_for_what_is_due(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice = make_invoice(ada, minor=1_234)
        checkout = make_checkout(ada, invoice, gateway=gateway)
        (order,) = gateway.orders
        assert checkout.checkout_url == "https://pay.example.com/cs_1"
        assert (order.amount_minor, order.currency, order.reference) == (
            1_234, "USD", invoice.public_id,
        )  # fmt: skip
        assert order.description == f"Invoice {invoice.invoice_number}"
        assert order.email == "ada@example.com"
        assert order.success_url.endswith(f"/payments/{checkout.payment_id}")
        assert order.cancel_url.endswith(f"/invoices/{invoice.invoice_number}")
        assert timedelta(minutes=30) < order.expires_at - now <= timedelta(minutes=60)
        assert order.idempotency_key == f"{checkout.payment_id}:checkout:1"
        row = payment_row(checkout.payment_id)
        assert (row.status, row.provider_session, row.attempt_number) == ("pending", "cs_1", 1)
        assert session.query(JournalEntry).filter_by(action="checkout_begun").count() == 1

    def test_has_written_the_attempt_before_the_provider_is_asked(
        self, ada: Account, gateway: FakeGateway
    ) -> None:
        seen = []
        open_checkout = gateway.open_checkout

        def look(order):
            seen.append(payment_row(order.payment_id).idempotency_key == order.idempotency_key)
            return open_checkout(order)

        gateway.open_checkout = look
        make_checkout(ada, make_invoice(ada), gateway=gateway)
        assert seen == [True]

    def test_finds_the_open_page_again(self, ada: Account, gateway: FakeGateway) -> None:
        invoice = make_invoice(ada)
        first = make_checkout(ada, invoice, gateway=gateway)
        assert make_checkout(ada, invoice, gateway=gateway) == first
        assert len(gateway.orders) == 1

    def test_opens_one_page_for_a_double_click(
        self, app: Flask, ada: Account, gateway: FakeGateway
    ) -> None:
        invoice = make_invoice(ada)
        clicks = [lambda: make_checkout(ada, invoice, gateway=gateway)] * 8
        checkouts = in_parallel(app, clicks)
        assert len(set(checkouts)) == 1
        assert len(gateway.pages) == 1
        assert session.query(Payment).count() == 1

    def test_begins_anew_when_the_page_has_expired(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice = make_invoice(ada)
        first = make_checkout(ada, invoice, gateway=gateway)
        # The provider has not told us: it is asked.
        gateway.end("cs_1", OutcomeStatus.EXPIRED)
        second = make_checkout(ada, invoice, gateway=gateway, now=now + timedelta(minutes=60))
        assert second.checkout_url != first.checkout_url
        assert payment_row(first.payment_id).status == "expired"
        assert payment_row(second.payment_id).idempotency_key.endswith(":checkout:2")

    def test_opens_no_second_page_beside_one_that_was_paid_unheard_of(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice = make_invoice(ada)
        first = make_checkout(ada, invoice, gateway=gateway)
        gateway.pay("cs_1")
        with pytest.raises(InvoiceNotPayable, match="is paid"):
            make_checkout(ada, invoice, gateway=gateway, now=now + timedelta(minutes=60))
        assert payment_row(first.payment_id).status == "settled"
        assert len(gateway.pages) == 1

    def test_opens_none_while_nobody_knows_how_the_last_one_ended(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice, later = make_invoice(ada), now + timedelta(minutes=60)
        make_checkout(ada, invoice, gateway=gateway)
        with pytest.raises(InvoiceNotPayable, match="Try again in a minute"):
            make_checkout(ada, invoice, gateway=gateway, now=later)
        gateway.is_away = True
        with pytest.raises(InvoiceNotPayable, match="Try again in a minute"):
            make_checkout(ada, invoice, gateway=gateway, now=later)
        assert len(gateway.pages) == 1

    def test_saves_the_card_of_whoever_agrees(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice = make_invoice(ada)
        make_card(ada, customer="cus_7")
        agreed = Consent(VERSION, now)
        first = make_checkout(ada, invoice, gateway=gateway, consent=agreed)
        (order,) = gateway.orders
        assert order.saves_card
        entry = session.query(JournalEntry).filter_by(action="card_consent_given").one()
        assert entry.details == {"version": VERSION, "payment": first.payment_id}
        assert make_checkout(ada, invoice, gateway=gateway, consent=agreed) == first

    def test_uses_no_page_that_saves_for_whoever_does_not_agree(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice = make_invoice(ada)
        for consent in (None, Consent(VERSION, now), None):
            make_checkout(ada, invoice, gateway=gateway, consent=consent)
        assert [order.saves_card for order in gateway.orders] == [False, True, False]

    def test_does_not_know_whether_an_unanswered_call_happened(
        self, ada: Account, gateway: FakeGateway
    ) -> None:
        invoice = make_invoice(ada)
        gateway.loses_answers = True
        with pytest.raises(ProviderUnreachable):
            make_checkout(ada, invoice, gateway=gateway)
        assert session.query(Payment).one().status == "unknown"

        gateway.loses_answers = False
        checkout = make_checkout(ada, invoice, gateway=gateway)
        assert checkout.checkout_url == "https://pay.example.com/cs_1"
        assert [order == gateway.orders[0] for order in gateway.orders] == [True, True]
        assert payment_row(checkout.payment_id).status == "pending"

    def test_repeats_the_same_words_though_the_account_has_changed(
        self, ada: Account, gateway: FakeGateway
    ) -> None:
        invoice = make_invoice(ada)
        gateway.loses_answers = True
        with pytest.raises(ProviderUnreachable):
            make_checkout(ada, invoice, gateway=gateway)
        gateway.loses_answers = False
        with transaction():
            session.get_one(Account, "ada").email = "ada@elsewhere.example.com"
        assert make_checkout(ada, invoice, gateway=gateway).checkout_url.endswith("cs_1")

    def test_begins_anew_when_it_is_too_late_to_repeat(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice = make_invoice(ada)
        gateway.is_away = True
        with pytest.raises(ProviderUnreachable):
            make_checkout(ada, invoice, gateway=gateway)
        gateway.is_away = False
        make_checkout(ada, invoice, gateway=gateway, now=now + timedelta(minutes=29))
        assert [order.idempotency_key[-1] for order in gateway.orders] == ["2"]

    def test_ends_an_attempt_that_the_provider_refuses(
        self, ada: Account, gateway: FakeGateway
    ) -> None:
        invoice = make_invoice(ada)
        gateway.refuses_with = "amount_too_small"
        with pytest.raises(ProviderRefused):
            make_checkout(ada, invoice, gateway=gateway)
        row = session.query(Payment).one()
        assert (row.status, row.decline_code) == ("failed", "amount_too_small")
        gateway.refuses_with = None
        assert make_checkout(ada, invoice, gateway=gateway).payment_id != row.public_id

    def test_uses_a_page_whose_event_came_before_its_answer(
        self, ada: Account, gateway: FakeGateway
    ) -> None:
        invoice = make_invoice(ada)
        gateway.loses_answers = True
        with pytest.raises(ProviderUnreachable):
            make_checkout(ada, invoice, gateway=gateway)
        gateway.loses_answers = False
        with transaction():
            settle_payment(gateway.outcome_of_session("cs_1"), now=invoice.issued_at)
        make_checkout(ada, invoice, gateway=gateway)
        assert len(gateway.pages) == 1

    def test_keeps_what_was_settled_before_the_answer_came(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice = make_invoice(ada)
        open_checkout = gateway.open_checkout

        def pay_at_once(order):
            opened = open_checkout(order)
            gateway.pay(opened.session)
            with transaction():
                settle_payment(gateway.outcome_of_session(opened.session), now=now)
            return opened

        gateway.open_checkout = pay_at_once
        checkout = make_checkout(ada, invoice, gateway=gateway)
        assert payment_row(checkout.payment_id).status == "settled"
        assert invoice_row(invoice.public_id).status == "paid"

    def test_shows_a_stranger_nothing(
        self, ada: Account, ben: Account, gateway: FakeGateway
    ) -> None:
        invoice = make_invoice(ada)
        with pytest.raises(UnknownInvoice):
            make_checkout(ben, invoice, gateway=gateway)
        assert gateway.orders == []
        make_checkout(ada, invoice, gateway=gateway)
        assert payments_of_invoice(ben, invoice.public_id) == ()
        assert len(payments_of_invoice(ada, invoice.public_id)) == 1

    def test_takes_no_money_for_what_is_paid(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice = make_invoice(ada)
        make_checkout(ada, invoice, gateway=gateway)
        gateway.pay("cs_1")
        with transaction():
            settle_payment(gateway.outcome_of_session("cs_1"), now=now)
        with pytest.raises(InvoiceNotPayable, match="is paid"):
            make_checkout(ada, invoice, gateway=gateway)

    def test_takes_no_money_where_credit_has_covered_it(
        self, ada: Account, gateway: FakeGateway
    ) -> None:
        invoice = make_invoice(ada)
        with transaction():
            row = invoice_row(invoice.public_id)
            row.credit_used_minor = row.final_minor
        with pytest.raises(InvoiceNotPayable, match="Nothing is left"):
            make_checkout(ada, invoice, gateway=gateway)

    def test_asks_only_for_what_credit_leaves(self, ada: Account, gateway: FakeGateway) -> None:
        invoice = make_invoice(ada, minor=1_000)
        with transaction():
            invoice_row(invoice.public_id).credit_used_minor = 400
        make_checkout(ada, invoice, gateway=gateway)
        assert gateway.orders[0].amount_minor == 600
        assert gateway.outcome_of_session("cs_1").status is OutcomeStatus.OPEN


class TestAnotherPage:
    """Beside one that has ended, and of which nobody has told us how."""

    def test_is_opened_where_the_provider_does_not_know_the_last_one(
        self, ada: Account, gateway: FakeGateway
    ) -> None:
        for answer in (gateway.lost, gateway.strange):
            invoice = make_invoice(ada)
            first = make_checkout(ada, invoice, gateway=gateway)
            answer.add(payment_row(first.payment_id).provider_session)
            second = make_checkout(ada, invoice, gateway=gateway, now=ENDED)
            assert second.checkout_url != first.checkout_url
            assert payment_row(first.payment_id).status == "pending"

    @pytest.mark.parametrize("is_away", [True, False])
    @pytest.mark.parametrize(
        ("later", "opened"),
        [
            (timedelta(seconds=5), False),
            (HEARD_OF_WITHIN - timedelta(seconds=1), False),
            (HEARD_OF_WITHIN, True),
            (HEARD_OF_WITHIN + timedelta(seconds=1), True),
            (timedelta(days=1), True),
        ],
    )
    def test_waits_for_news_for_a_while(
        self, ada: Account, gateway: FakeGateway, is_away: bool, later: timedelta, opened: bool
    ) -> None:
        invoice = make_invoice(ada)
        make_checkout(ada, invoice, gateway=gateway)
        # Either the provider cannot be asked, or it has not noticed the end of its page.
        asked = {} if is_away else {"stripe": gateway}
        context = nullcontext() if opened else pytest.raises(InvoiceNotPayable, match="in a minute")
        with context:
            make_checkout(ada, invoice, gateway=gateway, asked=asked, now=ENDED + later)
        assert len(gateway.pages) == 1 + opened

    def test_is_opened_once_a_wrong_answer_is_old(self, ada: Account, gateway: FakeGateway) -> None:
        invoice = make_invoice(ada)
        make_checkout(ada, invoice, gateway=gateway)
        order = gateway.pages["cs_1"].order
        gateway.pay("cs_1", order=replace(order, amount_minor=1))
        with pytest.raises(InvoiceNotPayable, match="in a minute"):
            make_checkout(ada, invoice, gateway=gateway, now=ENDED)
        make_checkout(ada, invoice, gateway=gateway, now=ENDED + HEARD_OF_WITHIN)
        assert len(gateway.pages) == 2

    @pytest.mark.parametrize("paid_first", ["cs_1", "cs_2"])
    def test_sends_back_what_is_paid_twice_all_the_same(
        self, ada: Account, gateway: FakeGateway, paid_first: str
    ) -> None:
        invoice = make_invoice(ada)
        make_checkout(ada, invoice, gateway=gateway)
        gateway.lost.add("cs_1")
        make_checkout(ada, invoice, gateway=gateway, now=ENDED)
        gateway.lost.clear()
        for page in sorted(gateway.pages, key=lambda page: page != paid_first):
            gateway.pay(page)
            tell(gateway.outcome_of_session(page), now=ENDED)
        rows = {row.provider_session: row for row in payments_of(ada)}
        assert invoice_row(invoice.public_id).status == "paid"
        assert [page for page in rows if not rows[page].is_overpayment] == [paid_first]
        assert len(promises(REFUND_PAYMENT)) == 1

    def test_asks_one_question_however_many_have_ended(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoices = [make_invoice(ada) for _ in range(5)]
        for invoice in invoices:
            for consent in (None, Consent(VERSION, now)):
                make_checkout(ada, invoice, gateway=gateway, consent=consent)
        questions = []

        def is_asked(session_id: str) -> NoReturn:
            questions.append(session_id)
            raise ProviderUnreachable("The fake is away.")

        gateway.outcome_of_session = is_asked
        with pytest.raises(InvoiceNotPayable, match="in a minute"):
            make_checkout(ada, invoices[1], gateway=gateway, now=ENDED)
        assert questions == ["cs_4"]
        make_checkout(ada, make_invoice(ada), gateway=gateway, now=ENDED)
        assert questions == ["cs_4"]

    def test_hears_of_one_after_the_other(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice = make_invoice(ada)
        for consent in (None, Consent(VERSION, now)):
            make_checkout(ada, invoice, gateway=gateway, consent=consent)
        gateway.end("cs_2", OutcomeStatus.EXPIRED)
        gateway.pay("cs_1")
        for match in ("in a minute", "is paid"):
            with pytest.raises(InvoiceNotPayable, match=match):
                make_checkout(ada, invoice, gateway=gateway, now=ENDED)
        assert gateway.asked == ["cs_2", "cs_1"]

    def test_is_none_beside_one_of_another_provider(
        self, ada: Account, gateway: FakeGateway
    ) -> None:
        invoice, paypal = make_invoice(ada), FakeGateway(provider="paypal")
        make_checkout(ada, invoice, gateway=gateway)
        gateway.pay("cs_1")
        # Nobody can ask the other provider; then somebody can.
        with pytest.raises(InvoiceNotPayable, match="in a minute"):
            make_checkout(ada, invoice, gateway=paypal, now=ENDED)
        asked = {"stripe": gateway, "paypal": paypal}
        with pytest.raises(InvoiceNotPayable, match="is paid"):
            make_checkout(ada, invoice, gateway=paypal, asked=asked, now=ENDED)
        assert (gateway.asked, paypal.pages) == (["cs_1"], {})

    def test_asks_nothing_for_a_stranger(
        self, ada: Account, ben: Account, gateway: FakeGateway
    ) -> None:
        invoice = make_invoice(ada)
        make_checkout(ada, invoice, gateway=gateway)
        with pytest.raises(UnknownInvoice):
            make_checkout(ben, invoice, gateway=gateway, now=ENDED)
        assert gateway.asked == []

"""The operator's payments: found, looked at, and sent back after a look at what that does."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.payments.gateway import OutcomeStatus
from app.domain.payments.models import Payment, Refund
from app.domain.payments.rules import DEMO_PAYMENT
from app.entrypoints.web.operator.desk import ROWS_PER_PAGE
from app.foundation import clock
from app.foundation.database import session, transaction
from app.foundation.outbox import OutboxEntry
from tests.books import check_books
from tests.entrypoints.web.conftest import HTMX, words
from tests.entrypoints.web.operator.conftest import acts_of_olga
from tests.factories.payments import (
    make_card,
    make_charge,
    make_checkout,
    make_invoice,
    make_paid,
    make_refund,
    payment_row,
)
from tests.factories.purchases import charge
from tests.fakes.payment_gateway import FakeGateway
from tests.statements import statements

PAYMENTS = "/operator/payments"
STATEMENTS_MAX = 6
WHY = "Bought by mistake"


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


def listed(browser: FlaskClient, **asked: object) -> list[str]:
    """Return the payments that are listed, in their order."""
    answer = browser.get(PAYMENTS, query_string=asked)
    assert answer.status_code == 200
    return re.findall(rf'<a href="{PAYMENTS}/([^"]+)">', answer.text)


def confirmed(page: str) -> str:
    """Return what the form of the confirmation says that it follows."""
    return re.search(r'name="confirmed" value="(\d+)"', page)[1]


class TestIndex:
    def test_shows_the_newest_of_all_customers(
        self, olgas: FlaskClient, ada: Account, ben: Account, gateway: FakeGateway
    ) -> None:
        assert "No payments yet" in olgas.get(PAYMENTS).text
        first = make_paid(ada, gateway=gateway)
        second = make_checkout(ben, make_invoice(ben), gateway=gateway)
        assert listed(olgas) == [second.payment_id, first.public_id]
        page = words(olgas.get(PAYMENTS).text)
        assert "ada" in page and "Stripe settled $12.34" in page

    def test_chooses(self, olgas: FlaskClient, ada: Account, gateway: FakeGateway) -> None:
        for choice in ("undecided", "overpaid", "disputed", "failed", "refund_stuck"):
            assert listed(olgas, show=choice) == []
            assert (
                "No payment needs you for this reason."
                in olgas.get(PAYMENTS, query_string={"show": choice}).text
            )
        begun = clock.now() - timedelta(days=1, minutes=1)
        stuck = make_checkout(ada, make_invoice(ada, now=begun), gateway=gateway, now=begun)
        make_checkout(ada, make_invoice(ada), gateway=gateway, now=clock.now())
        over = make_paid(ada, gateway=gateway)
        failed = make_charge(make_invoice(ada), make_card(ada))
        with transaction():
            session.get(Payment, over.id).is_overpayment = True
            session.get(Payment, failed.id).status = "failed"
        assert listed(olgas, show="undecided") == [stuck.payment_id]
        assert listed(olgas, show="overpaid") == [over.public_id]
        assert listed(olgas, show="failed") == [failed.public_id]
        # Whatever is no choice shows all.
        assert len(listed(olgas, show="nonsense")) == 4

    def test_finds_by_every_name(
        self, olgas: FlaskClient, ada: Account, ben: Account, gateway: FakeGateway
    ) -> None:
        make_paid(ben, gateway=gateway)
        invoice = make_invoice(ada)
        payment = make_checkout(ada, invoice, gateway=gateway)
        page = payment_row(payment.payment_id).provider_session
        for query in (
            *(payment.payment_id, f"  {payment.payment_id} ", invoice.invoice_number),
            *(invoice.public_id, "ada", "ADA@example.com", page),
        ):
            assert listed(olgas, query=query) == [payment.payment_id], query
        for query in ("nobody", "%", "a" * 400, "pay-"):
            assert listed(olgas, query=query) == []
            assert "No payment found" in olgas.get(PAYMENTS, query_string={"query": query}).text

    def test_goes_on_to_older_ones(
        self, olgas: FlaskClient, ada: Account, gateway: FakeGateway
    ) -> None:
        invoice = make_invoice(ada)
        made = [make_charge(invoice, make_card(ada, 1)) for _ in range(ROWS_PER_PAGE + 1)]
        ids = [payment.public_id for payment in made][::-1]
        assert listed(olgas) == ids[:-1]
        older = re.search(r'href="(/operator/payments\?[^"]*before=\d+)"', olgas.get(PAYMENTS).text)
        page = olgas.get(older[1]).text
        assert ids[-1] in page and ids[0] not in page and "Newest" in page
        assert "There are no older ones" in olgas.get(f"{PAYMENTS}?before=1").text
        for nonsense in ("x", "-1", "9" * 30, "²"):
            assert listed(olgas, before=nonsense) == ids[:-1]

    def test_name_whose_they_are(
        self, olgas: FlaskClient, ada: Account, ben: Account, gateway: FakeGateway
    ) -> None:
        with transaction():
            ada.name, ben.name = "Ada Lovelace", ""
        for account in (ada, ben):
            payment = make_paid(account, gateway=gateway)
            page = olgas.get(f"{PAYMENTS}/{payment.public_id}").text
            assert customers_in(page) == [(account.name or account.email, account.id)]
        for address in (PAYMENTS, "/operator/invoices"):
            assert customers_in(olgas.get(address).text) == [
                ("ben@example.com", "ben"),
                ("Ada Lovelace", "ada"),
            ]

    def test_says_in_words_why_a_card_was_declined(self, olgas: FlaskClient, ada: Account) -> None:
        payment = make_charge(make_invoice(ada), make_card(ada))
        charge(payment, OutcomeStatus.FAILED, decline_code="expired_card")
        for address in (PAYMENTS, f"{PAYMENTS}/{payment.public_id}"):
            assert "the card has expired" in olgas.get(address).text

    def test_hands_htmx_the_part_alone(self, olgas: FlaskClient) -> None:
        part = olgas.get(PAYMENTS, headers=HTMX).text
        assert part.lstrip().startswith('<div id="payments"') and "<html" not in part

    def test_takes_few_statements(
        self, olgas: FlaskClient, ada: Account, gateway: FakeGateway
    ) -> None:
        for _ in range(5):
            make_paid(ada, gateway=gateway)
        with statements() as sent:
            olgas.get(f"{PAYMENTS}?query=ada&show=settled")
        assert len(sent) <= STATEMENTS_MAX, sent


def customers_in(page: str) -> list[tuple[str, str]]:
    """Return what the customers on a page are called, each with its id below."""
    return re.findall(
        r'<a href="/operator/customers/\w+">([^<]*)</a> <small class="muted">(\w+)</small>', page
    )


class TestShowPayment:
    def test_says_all_that_is_known(
        self, olgas: FlaskClient, ada: Account, gateway: FakeGateway
    ) -> None:
        payment = make_paid(ada, gateway=gateway)
        page = words(olgas.get(f"{PAYMENTS}/{payment.public_id}").text)
        assert payment.provider_payment in page and payment.provider_session in page
        assert "Stripe, on the provider’s page" in page and "Send money back" in page

    def test_offers_no_refund_of_what_did_not_come(
        self, olgas: FlaskClient, ada: Account, gateway: FakeGateway
    ) -> None:
        payment = make_checkout(ada, make_invoice(ada), gateway=gateway)
        assert "Send money back" not in olgas.get(f"{PAYMENTS}/{payment.payment_id}").text

    @pytest.mark.parametrize("name", ["pay-1", "%00", "a%20b", "ä"])
    def test_knows_no_other(self, olgas: FlaskClient, name: str) -> None:
        answer = olgas.get(f"{PAYMENTS}/{name}")
        assert answer.status_code == 404 and "There is no payment with this id." in answer.text
        assert olgas.post(f"{PAYMENTS}/{name}/refund", data={"reason": WHY}).status_code == 404


class TestRefund:
    @pytest.fixture
    def payment(self, ada: Account, gateway: FakeGateway) -> Payment:
        return make_paid(ada, gateway=gateway)

    @pytest.fixture
    def address(self, payment: Payment) -> str:
        return f"{PAYMENTS}/{payment.public_id}/refund"

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_says_first_what_it_does(
        self, olgas: FlaskClient, payment: Payment, address: str, headers: dict[str, str]
    ) -> None:
        answer = olgas.post(address, data={"amount": "", "reason": WHY}, headers=headers)
        page = words(answer.text)
        assert answer.status_code == 200 and "Send $12.34 back?" in page
        assert "The invoice is then refunded whole." in page and WHY in page
        assert "plan ends at once" not in page
        assert session.query(Refund).count() == 0 and acts_of_olga() == []

    def test_is_not_offered_of_what_the_demo_has_made_up(
        self, olgas: FlaskClient, payment: Payment, address: str
    ) -> None:
        with transaction():
            payment_row(payment.public_id).provider_payment = f"{DEMO_PAYMENT}1"
        page = olgas.get(f"{PAYMENTS}/{payment.public_id}").text
        assert "its provider knows nothing of it" in words(page) and "See what it does" not in page
        answer = olgas.post(address, data={"amount": "", "reason": WHY})
        assert answer.status_code == 422 and "came with the demo" in words(answer.text)

    def test_asks_for_it_once_confirmed(
        self, olgas: FlaskClient, payment: Payment, address: str
    ) -> None:
        form = {"amount": "2.34", "reason": WHY}
        page = olgas.post(address, data=form).text
        assert "refunded whole" not in page
        answer = olgas.post(address, data={**form, "confirmed": confirmed(page)})
        assert (answer.status_code, answer.location) == (303, f"{PAYMENTS}/{payment.public_id}")
        refund = session.query(Refund).one()
        assert (refund.amount_minor, refund.reason, refund.requested_by) == (
            *(234, WHY),
            "operator:olga",
        )
        assert session.query(OutboxEntry).filter_by(kind="refund_payment").count() == 1
        [(act, details)] = acts_of_olga()
        assert act == "refund_requested" and details["amount_minor"] == 234
        page = words(olgas.get(f"{PAYMENTS}/{payment.public_id}").text)
        assert f"$2.34 go back: refund {refund.id}." in page and "on its way $2.34" in page
        # What is on its way cannot be sent back once more.
        assert "On its way back $2.34" in page and "$10.00 at most." in page
        check_books()

    def test_is_not_offered_where_all_is_on_its_way(
        self, olgas: FlaskClient, payment: Payment
    ) -> None:
        make_refund(payment, minor=1_234)
        page = words(olgas.get(f"{PAYMENTS}/{payment.public_id}").text)
        assert "Send money back" not in page and "On its way back $12.34" in page

    def test_a_form_sent_twice_pays_once(self, olgas: FlaskClient, address: str) -> None:
        form = {"amount": "2.34", "reason": WHY}
        form["confirmed"] = confirmed(olgas.post(address, data=form).text)
        assert olgas.post(address, data=form).status_code == 303
        again = olgas.post(address, data=form)
        assert again.status_code == 422 and "was asked for meanwhile" in again.text
        assert session.query(Refund).count() == 1

    @pytest.mark.parametrize("step", [{}, {"confirmed": "0"}])
    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"amount": "12.35"}, "From $0.01 to $12.34 of this payment can be refunded."),
            ({"amount": "0"}, "From $0.01 to $12.34"),
            ({"amount": "-1"}, "From $0.01 to $12.34"),
            ({"amount": "1.234"}, "with at most two decimals"),
            ({"amount": "much"}, "with at most two decimals"),
            ({"amount": "1e3"}, "with at most two decimals"),
            ({"reason": ""}, "A reason has 1 to 500 visible characters."),
            ({"reason": "  "}, "A reason has 1 to 500 visible characters."),
            ({"reason": "x" * 501}, "A reason has 1 to 500 visible characters."),
        ],
    )
    def test_says_at_the_field_what_is_wrong(
        self,
        olgas: FlaskClient,
        address: str,
        changes: dict[str, str],
        told: str,
        step: dict[str, str],
    ) -> None:
        answer = olgas.post(address, data={"amount": "1", "reason": WHY, **changes, **step})
        assert answer.status_code == 422
        [field] = changes
        errors = re.search(rf'<p id="{field}-errors"[^>]*>(.*?)</p>', answer.text)[1]
        assert told in errors
        assert session.query(Refund).count() == 0

    def test_gives_nothing_back_twice(self, olgas: FlaskClient, address: str) -> None:
        form = {"amount": "", "reason": WHY}
        form["confirmed"] = confirmed(olgas.post(address, data=form).text)
        assert olgas.post(address, data=form).status_code == 303
        answer = olgas.post(address, data={"amount": "", "reason": WHY})
        assert answer.status_code == 422 and "has gone back already" in answer.text

    def test_customers_cannot(
        self, app: Flask, adas: FlaskClient, olgas: FlaskClient, address: str
    ) -> None:
        form = {"amount": "", "reason": WHY, "confirmed": "0"}
        assert adas.post(address, data=form).status_code == 404
        assert session.query(Refund).count() == 0

"""Coming back from the provider's page: it settles only what the provider says."""

from datetime import datetime

import pytest

from app.domain.accounts.models import Account
from app.domain.payments.errors import ProviderUnreachable, UnknownPayment
from app.domain.payments.gateway import OutcomeStatus
from app.domain.payments.models import Payment
from app.foundation.database import session, transaction
from tests.factories.coming_back import back_from_page
from tests.factories.payments import invoice_row, make_checkout, make_invoice
from tests.fakes.payment_gateway import FakeGateway

pytestmark = pytest.mark.usefixtures("books")


@pytest.fixture
def confirm(gateway: FakeGateway, now: datetime):
    def confirm(payment_id: str, account: Account):
        return back_from_page(payment_id, account, gateways={"stripe": gateway}, now=now)

    return confirm


class TestConfirmPayment:
    def test_settles_nothing_by_itself(self, ada: Account, gateway: FakeGateway, confirm) -> None:
        invoice = make_invoice(ada)
        checkout = make_checkout(ada, invoice, gateway=gateway)
        view = confirm(checkout.payment_id, ada)
        assert view.is_undecided and view.invoice_number == invoice.invoice_number
        assert invoice_row(invoice.public_id).status == "issued"

    def test_settles_what_the_provider_says(
        self, ada: Account, gateway: FakeGateway, confirm
    ) -> None:
        invoice = make_invoice(ada)
        checkout = make_checkout(ada, invoice, gateway=gateway)
        gateway.pay("cs_1")
        assert confirm(checkout.payment_id, ada).is_settled
        assert invoice_row(invoice.public_id).status == "paid"
        confirm(checkout.payment_id, ada)
        assert gateway.asked == ["cs_1"]

    def test_shows_a_stranger_nothing(
        self, ada: Account, ben: Account, gateway: FakeGateway, confirm
    ) -> None:
        checkout = make_checkout(ada, make_invoice(ada), gateway=gateway)
        with pytest.raises(UnknownPayment):
            confirm(checkout.payment_id, ben)
        assert gateway.asked == []

    def test_goes_on_confirming_while_the_provider_is_away(
        self, ada: Account, gateway: FakeGateway, confirm
    ) -> None:
        checkout = make_checkout(ada, make_invoice(ada), gateway=gateway)
        gateway.is_away = True
        assert confirm(checkout.payment_id, ada).is_undecided

    def test_goes_on_confirming_what_does_not_match(
        self, ada: Account, gateway: FakeGateway, confirm
    ) -> None:
        checkout = make_checkout(ada, make_invoice(ada), gateway=gateway)
        gateway.pay("cs_1")
        with transaction():
            session.query(Payment).update({"amount_minor": 1})
        assert confirm(checkout.payment_id, ada).is_undecided

    def test_leaves_a_lost_answer_to_the_sweep(
        self, ada: Account, gateway: FakeGateway, confirm
    ) -> None:
        gateway.loses_answers = True
        with pytest.raises(ProviderUnreachable):
            make_checkout(ada, make_invoice(ada), gateway=gateway)
        row = session.query(Payment).one()
        assert confirm(row.public_id, ada).status == "unknown"
        assert gateway.asked == []

    def test_shows_the_end_without_money(self, ada: Account, gateway: FakeGateway, confirm) -> None:
        checkout = make_checkout(ada, make_invoice(ada), gateway=gateway)
        gateway.end("cs_1", OutcomeStatus.EXPIRED)
        assert confirm(checkout.payment_id, ada).status == "expired"

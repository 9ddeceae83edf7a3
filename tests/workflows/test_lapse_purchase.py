"""A purchase lapses once nobody can pay it any more, and never before."""

from datetime import timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.payments.errors import ProviderUnreachable
from app.domain.payments.models import Payment
from app.foundation.database import session, transaction
from app.workflows.lapse_purchase import lapse_purchase
from tests.factories.payments import make_invoice
from tests.factories.purchases import begin_switch, invoices_of
from tests.moments import NOW

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
pytestmark = pytest.mark.usefixtures("books")


class TestLapsePurchase:
    def lapse(self, invoice_id: int, *, now=NOW) -> bool:
        with transaction():
            return lapse_purchase(invoice_id, reason="closed", now=now)

    def test_waits_for_the_page(self, ada: Account, gateway) -> None:
        begin_switch(ada, "plan-pro", gateway=gateway)
        (draft,) = invoices_of(ada)
        end = session.query(Payment).one().expires_at
        session.rollback()
        assert not self.lapse(draft.id, now=end - MINUTE)
        assert self.lapse(draft.id, now=end)
        assert not self.lapse(draft.id, now=end)
        assert invoices_of(ada)[0].void_reason == "closed"

    def test_waits_while_the_answer_is_unknown(self, ada: Account, gateway) -> None:
        gateway.loses_answers = True
        with pytest.raises(ProviderUnreachable):
            begin_switch(ada, "plan-pro", gateway=gateway)
        (draft,) = invoices_of(ada)
        assert not self.lapse(draft.id)

    def test_leaves_issued_invoices_alone(self, ada: Account) -> None:
        invoice = make_invoice(ada)
        assert not self.lapse(invoice.id, now=NOW + 9 * DAY)

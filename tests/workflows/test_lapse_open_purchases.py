"""Drafts that wait for nobody are given up, whatever was missed of their end."""

from datetime import timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.payments.gateway import OutcomeStatus
from app.domain.payments.models import Payment
from app.domain.payments.rules import HEARD_OF_WITHIN, PLAN_CHANGE_LIFE
from app.foundation.database import session, transaction
from app.workflows.lapse_open_purchases import lapse_open_purchases
from tests.factories.payments import make_invoice
from tests.factories.purchases import begin_switch, invoices_of, pay, payments_of, tell
from tests.factories.subscriptions import current_period
from tests.moments import NOW

DAY = timedelta(days=1)
# So long nobody may have told us that a page was paid just before its end.
UNHEARD = PLAN_CHANGE_LIFE + HEARD_OF_WITHIN
pytestmark = pytest.mark.usefixtures("books")


def lapse(now) -> int:
    with transaction():
        return lapse_open_purchases(now=now)


class TestLapseOpenPurchases:
    @pytest.mark.parametrize(
        ("after", "count"),
        [(UNHEARD, 0), (UNHEARD + timedelta(microseconds=1), 1), (9 * DAY, 1)],
    )
    def test_gives_up_once_the_page_has_closed(
        self, ada: Account, gateway, after, count: int
    ) -> None:
        begin_switch(ada, "plan-pro", gateway=gateway)
        assert lapse(NOW + after) == count
        assert (invoices_of(ada)[0].status == "void") is bool(count)
        assert lapse(NOW + after) == 0

    def test_spares_what_was_paid_and_what_was_issued(self, ada: Account, ben, gateway) -> None:
        pay(begin_switch(ada, "plan-pro", gateway=gateway), gateway=gateway)
        make_invoice(ben)
        assert lapse(NOW + 9 * DAY) == 0

    @pytest.mark.parametrize("after", [timedelta(minutes=36), 3 * DAY, 9 * DAY])
    def test_spares_what_is_being_processed(self, ada: Account, gateway, after) -> None:
        checkout = begin_switch(ada, "plan-pro", gateway=gateway)
        gateway.end("cs_1", OutcomeStatus.PROCESSING)
        tell(gateway.outcome_of_session("cs_1"))
        assert lapse(NOW + after) == 0
        pay(checkout, gateway=gateway, now=NOW + after)
        session.rollback()
        assert current_period("ada").plan_id == "plan-pro"
        assert not payments_of(ada)[0].is_overpayment

    def test_gives_up_what_was_processed_in_vain(self, ada: Account, gateway) -> None:
        begin_switch(ada, "plan-pro", gateway=gateway)
        for status in (OutcomeStatus.PROCESSING, OutcomeStatus.FAILED):
            gateway.end("cs_1", status)
            tell(gateway.outcome_of_session("cs_1"), now=NOW + 3 * DAY)
        assert invoices_of(ada)[0].status == "void"
        # He may try again, by a page of its own.
        assert begin_switch(ada, "plan-pro", gateway=gateway, now=NOW + 3 * DAY) is not None

    def test_is_not_held_up_by_what_is_being_processed(
        self, ada: Account, ben: Account, gateway, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.workflows.lapse_open_purchases.AT_ONCE", 1)
        begin_switch(ada, "plan-pro", gateway=gateway)
        gateway.end("cs_1", OutcomeStatus.PROCESSING)
        tell(gateway.outcome_of_session("cs_1"))
        begin_switch(ben, "plan-pro", gateway=gateway)
        assert lapse(NOW + DAY) == 1
        assert [invoices_of(each)[0].status for each in (ada, ben)] == ["draft", "void"]

    def test_spares_a_charge_that_nobody_knows_of(self, ada: Account, gateway) -> None:
        begin_switch(ada, "plan-pro", gateway=gateway)
        with transaction():
            session.query(Payment).update({"expires_at": None})
        assert lapse(NOW + 9 * DAY) == 0

"""Which unpaid usage invoices are to be spoken of."""

from datetime import timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.invoices import chasing, queries
from app.domain.invoices.models import Invoice
from app.foundation.database import session, transaction
from tests.factories.payments import make_invoice
from tests.moments import NOW

TICK, DAY = timedelta(microseconds=1), timedelta(days=1)
DUE = NOW + 30 * DAY

pytestmark = pytest.mark.usefixtures("app")


class TestRemindersDue:
    def test_are_the_oldest_first_and_no_more_than_asked_for(self, ada: Account) -> None:
        late, early = make_invoice(ada), make_invoice(ada)
        with transaction():
            session.get_one(Invoice, early.id).due_at = DUE - DAY
        found = chasing.reminders_due(now=DUE, limit=10)
        assert [each.public_id for each in found] == [early.public_id, late.public_id]
        assert len(chasing.reminders_due(now=DUE, limit=1)) == 1
        assert found[0].due_minor == 1_234 and found[0].days == 0

    def test_are_about_an_invoice_and_a_day(self) -> None:
        assert chasing.about("inv-1", days=-7) == "inv-1:-7"


class TestHasOldDebt:
    @pytest.mark.parametrize(("late", "expected"), [(30 * DAY - TICK, False), (30 * DAY, True)])
    def test_begins_thirty_days_after_the_due_date(self, ada, ben, late, expected) -> None:
        make_invoice(ada)
        assert queries.has_old_debt(ada, now=DUE + late) is expected
        assert not queries.has_old_debt(ben, now=DUE + late)
        debts = chasing.debts_to_suspend_for(now=DUE + late, limit=10)
        assert [debt.user_id for debt in debts] == (["ada"] if expected else [])

"""Who pays: what the invoices of several accounts depend on."""

from app.domain.accounts.models import Account
from app.domain.accounts.queries import settings_of
from app.domain.invoices import payers
from app.foundation.database import session, transaction
from tests.statements import statements


class TestPayers:
    def test_are_found_in_two_statements_for_all(self, ada: Account, ben: Account) -> None:
        with transaction():
            settings_of(ada).billing_email = "books@example.org"
            settings_of(ada).country = "DE"
        session.refresh(ada)
        session.refresh(ben)
        with statements() as sent:
            known = payers.payers([ada, ben], seller_country="DE")
        assert (set(known), len(sent)) == ({"ada", "ben"}, 2)
        assert known["ada"].buyer["email"] == "books@example.org"
        assert known["ben"].buyer["email"] == "ben@example.com"
        assert (known["ada"].plan_id, known["ada"].buyer["country"]) == ("plan-payg", "DE")

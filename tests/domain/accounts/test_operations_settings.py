"""Settings change under the account's lock, and are written down."""

import pytest

from app.domain.accounts import queries
from app.domain.accounts.errors import TaxIdMissing
from app.domain.accounts.models import BillingSettings
from app.domain.accounts.operations import approve_tax_id, change_settings
from app.foundation.database import session, transaction
from app.foundation.errors import InvalidFields
from app.foundation.journal import JournalEntry
from app.foundation.outbox import OutboxEntry
from tests.moments import NOW
from tests.threads import in_parallel


def change(account, **changes: object):
    with transaction():
        return change_settings(account, changes, actor="customer:ada", now=NOW)


class TestChangeSettings:
    def test_returns_the_whole(self, ada, ben) -> None:
        chosen = change(ada, alert_threshold=5, locale="zh")
        assert (chosen.alert_threshold, chosen.locale, chosen.currency) == (5, "zh", "USD")
        assert queries.settings_view(ada) == chosen
        assert queries.settings_view(ben).alert_threshold == 0

    def test_changes_nothing_if_anything_is_wrong(self, ada) -> None:
        with pytest.raises(InvalidFields):
            change(ada, alert_threshold=5, locale="xx")
        assert queries.settings_view(ada).alert_threshold == 0
        assert session.query(JournalEntry).count() == 0

    def test_what_stands_already_is_no_change(self, ada) -> None:
        change(ada, alert_percents=[100, 50, 80], timezone="UTC", spend_limit=None)
        assert session.query(JournalEntry).count() == session.query(OutboxEntry).count() == 0

    def test_only_a_new_zone_promises_new_charts(self, ada, ben) -> None:
        change(ada, locale="zh")
        assert not queries.has_rollups_to_rebuild(ada)
        change(ada, timezone="Europe/Berlin")
        assert queries.has_rollups_to_rebuild(ada)
        assert not queries.has_rollups_to_rebuild(ben)

    def test_two_at_once_both_stay(self, app, ada) -> None:
        def set_to(**changes: object) -> None:
            change(queries.account("ada"), **changes)

        in_parallel(
            app, [lambda: set_to(alert_threshold=5), lambda: set_to(auto_topup_threshold=6)] * 2
        )
        session.expire_all()
        chosen = queries.settings_view(ada)
        assert (chosen.alert_threshold, chosen.auto_topup_threshold) == (5, 6)
        assert session.query(JournalEntry).count() == 2


class TestApproveTaxId:
    def approve(self, account):
        with transaction():
            return approve_tax_id(account, actor="operator:olga", now=NOW)

    def test_is_for_ids_that_are_there(self, ada) -> None:
        with pytest.raises(TaxIdMissing):
            self.approve(ada)

    def test_holds_until_id_or_country_change(self, ada) -> None:
        change(ada, country="DE", tax_id="DE136695976")
        assert self.approve(ada).tax_id_approved_at == NOW
        assert self.approve(ada).tax_id_approved_at == NOW
        acts = session.query(JournalEntry).filter_by(action="tax_id_approved")
        assert [entry.details for entry in acts] == [{"tax_id": "DE136695976", "country": "DE"}]
        assert change(ada, billing_email="a@example.com").tax_id_approved_at == NOW
        assert change(ada, tax_id="DE129273398").tax_id_approved_at is None
        self.approve(ada)
        assert change(ada, tax_id=None, country=None).tax_id_approved_at is None


def test_settings_are_read_by_account(ada, ben) -> None:
    found = queries.settings_by_account(["ada", "nobody"])
    assert list(found) == ["ada"] and isinstance(found["ada"], BillingSettings)

"""Keys come and go: each time it is noted, and told to whoever answers for the key."""

import pytest

from app.domain.accounts import keys, queries, security_journal
from app.domain.accounts.key_rules import KeyTerms, Overlap, Scope
from app.domain.accounts.models import Account, Key
from app.domain.accounts.security_journal import Doer
from app.domain.mails.models import Mail
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from app.foundation.secret_keys import KeyKind
from app.workflows.change_keys import make_key, replace_key, revoke_key
from tests.factories.accounts import make_account
from tests.factories.mailed_links import VISITOR, mails_to
from tests.moments import NOW

ADA = Doer("customer:ada", VISITOR)
OLGA = Doer("operator:olga", VISITOR)


def make(account: Account | None, *, kind: KeyKind = KeyKind.CUSTOMER, by: Doer = ADA, **terms):
    with transaction():
        return make_key(kind, KeyTerms(**{"name": "ci", **terms}), owner=account, by=by, now=NOW)


def latest_mail() -> Mail:
    return session.query(Mail).order_by(Mail.id.desc()).first()


class TestMakeKey:
    def test_tells_the_owner_who_where_and_which(self, ada: Account, noise: list[Account]) -> None:
        queries.settings_of(ada).billing_email = "books@example.com"
        session.commit()
        made = make(ada, scope=Scope.READ)
        # Whoever signs in answers for keys, not whoever pays.
        assert mails_to("ada@example.com") == ["key_made"] and not mails_to("books@example.com")
        facts = latest_mail().facts
        assert (facts["key_prefix"], facts["scope"]) == (made.shown_prefix, "read")
        assert (facts["device"], facts["address"]) == (VISITOR.device, VISITOR.address)
        assert made.text not in str(facts)

    def test_stands_in_the_journal(self, ada: Account) -> None:
        made = make(ada)
        event = security_journal.events_of(ada)[0]
        assert (event.action, event.by) == ("key_made", "owner")
        assert event.details["prefix"] == made.shown_prefix
        assert event.details["address"] == VISITOR.address

    def test_of_a_gateway_is_told_to_every_operator(self, ada: Account, olga: Account) -> None:
        make_account("otto", role="operator")
        make(None, kind=KeyKind.GATEWAY, by=OLGA, limited_to=("ada",))
        assert mails_to("olga@example.com") == mails_to("otto@example.com") == ["key_made"]
        assert not mails_to("ada@example.com")
        entry = session.query(JournalEntry).one()
        assert (entry.action, entry.actor, entry.user_id) == ("key_made", "operator:olga", None)
        assert entry.details["limited_to"] == ["ada"]


class TestReplaceKey:
    @pytest.mark.parametrize("overlap", list(Overlap))
    def test_is_noted_and_told_with_the_old_one_s_end(self, ada: Account, overlap) -> None:
        old = make(ada)
        number = session.query(Key).one().id
        with transaction():
            new = replace_key(number, overlap=overlap, by=ADA, now=NOW)
        facts = latest_mail().facts
        assert (facts["old_prefix"], facts["key_prefix"]) == (old.shown_prefix, new.shown_prefix)
        event = security_journal.events_of(ada)[0]
        assert event.action == "key_replaced"
        assert event.details["ends_at"] == facts["ends_at"]
        assert (facts["ends_at"] == facts["at"]) is (overlap == Overlap.NONE)


class TestRevokeKey:
    def test_is_noted_once(self, ada: Account) -> None:
        make(ada)
        number = session.query(Key).one().id
        for _ in range(2):
            with transaction():
                revoke_key(number, by=ADA, now=NOW)
        actions = [event.action for event in security_journal.events_of(ada)]
        assert actions == ["key_revoked", "key_made"]

    def test_says_nothing_of_a_key_that_has_ended(self, ada: Account) -> None:
        with transaction():
            key, _ = keys.add(KeyKind.CUSTOMER, KeyTerms("ci"), user_id="ada", now=NOW)
            keys.revoke(key.id, now=NOW)
        with transaction():
            revoke_key(key.id, by=ADA, now=NOW)
        assert not security_journal.events_of(ada)

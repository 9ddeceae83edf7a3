"""The journal of an account's doors: its owner's own, and nothing but what is about security."""

import pytest

from app.domain.accounts import security_journal
from app.domain.accounts.devices import Visitor
from app.domain.accounts.models import Account
from app.domain.accounts.security_journal import By, Event
from app.foundation import journal
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from tests.moments import NOW

VISITOR = Visitor("curl", "203.0.113.7")


def test_lists_the_account_s_own_latest_first(ada: Account, ben: Account) -> None:
    with transaction():
        security_journal.note(Event.SIGNED_IN, ada, visitor=VISITOR, now=NOW)
        security_journal.note(Event.SIGNED_IN, ben, visitor=VISITOR, now=NOW)
        journal.write("settings_changed", actor="customer:ada", user_id="ada", now=NOW)
        journal.write("second_factor_off", actor="operator:olga", user_id="ada", now=NOW)
    listed = security_journal.events_of(ada)
    assert [(event.action, event.by) for event in listed] == [
        ("second_factor_off", "operator"),
        ("signed_in", "owner"),
    ]


@pytest.mark.parametrize(
    ("email", "user_id"), [(" ADA@example.com", "ada"), ("nobody@example.com", None), ("", None)]
)
def test_a_failure_names_no_address_that_nobody_has(
    ada: Account, email: str, user_id: str | None
) -> None:
    with transaction():
        security_journal.note_failure(email, visitor=VISITOR, now=NOW)
    entry = session.query(JournalEntry).one()
    assert (entry.actor, entry.user_id) == ("visitor", user_id)
    assert entry.details == {"device": "curl", "address": "203.0.113.7"}


def test_is_not_read_without_end(ada: Account) -> None:
    with transaction():
        for _ in range(security_journal.LISTED_MAX + 1):
            security_journal.note(Event.SIGNED_OUT, ada, visitor=VISITOR, now=NOW)
    assert len(security_journal.events_of(ada)) == security_journal.LISTED_MAX


@pytest.mark.parametrize(
    ("actor", "by"),
    [
        ("customer:ada", By.OWNER),
        ("customer:ben", By.OPERATOR),
        ("visitor", By.VISITOR),
        ("gateway:litellm", By.GATEWAY),
        ("provider:stripe", By.PROVIDER),
        ("system", By.PROGRAM),
        ("operator:olga", By.OPERATOR),
        ("operator:command line", By.OPERATOR),
    ],
)
def test_tells_who_it_was(ada, actor: str, by: By) -> None:
    assert security_journal.by_whom(actor, ada) is by

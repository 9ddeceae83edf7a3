"""Switching the second factor: noted, told, and everybody else has to come in anew."""

import pytest

from app.domain.accounts import factors, recovery_codes, security_journal, sessions
from app.domain.accounts.errors import CodeWrong
from app.domain.accounts.models import Account
from app.foundation.database import transaction
from app.workflows.change_second_factor import (
    remove_factor,
    renew_recovery_codes,
    switch_factor_off,
    switch_factor_on,
)
from tests.factories.factors import PAPER, code_now, make_factor, wrong_code
from tests.factories.mailed_links import SEAL, VISITOR, mails_to
from tests.moments import NOW


def begin(account: Account) -> sessions.OpenSession:
    with transaction():
        return sessions.begin(account, visitor=VISITOR, now=NOW)


def switch_on(account: Account, code: str, opened: sessions.OpenSession) -> None:
    with transaction():
        switch_factor_on(
            account, code, codes=PAPER, opened=opened, seal=SEAL, visitor=VISITOR, now=NOW
        )


@pytest.fixture
def secret(ada: Account) -> str:
    with transaction():
        factors.begin(ada, seal=SEAL, now=NOW)
    return factors.secret_to_take_in(ada, seal=SEAL)


def actions(account: Account) -> list[str]:
    return [event.action for event in security_journal.events_of(account)]


def test_on_signs_out_whoever_came_without_a_code(ada: Account, secret: str) -> None:
    here, there = begin(ada), begin(ada)
    switch_on(ada, code_now(secret), here)
    assert factors.is_on(ada)
    assert sessions.find(here.token, now=NOW) and not sessions.find(there.token, now=NOW)
    assert actions(ada) == ["second_factor_on"]
    assert mails_to(ada.email) == ["second_factor_on"]


def test_a_wrong_code_changes_nothing(ada: Account, secret: str) -> None:
    here, there = begin(ada), begin(ada)
    with pytest.raises(CodeWrong):
        switch_on(ada, wrong_code(secret), here)
    assert not factors.is_on(ada) and sessions.find(there.token, now=NOW)
    assert actions(ada) == mails_to(ada.email) == []


def test_off_is_told_once(ada: Account) -> None:
    make_factor(ada)
    for _ in range(2):
        with transaction():
            switch_factor_off(ada, visitor=VISITOR, now=NOW)
    assert not factors.is_on(ada)
    assert actions(ada) == ["second_factor_off"]
    assert mails_to(ada.email) == ["second_factor_off"]


def test_new_recovery_codes_are_noted(ada: Account) -> None:
    make_factor(ada)
    with transaction():
        recovery_codes.use_up(ada, "2222-BCDE-FGHJ", now=NOW)
        renew_recovery_codes(ada, codes=PAPER, visitor=VISITOR, now=NOW)
    assert recovery_codes.left_count(ada) == 2
    assert actions(ada) == ["recovery_codes_made"]


def test_the_operator_removes_what_is_lost(ada: Account) -> None:
    make_factor(ada)
    begun = begin(ada)
    with transaction():
        assert remove_factor(ada, reason="Called back", actor="operator:olga", now=NOW)
    with transaction():
        assert not remove_factor(ada, reason="Called back", actor="operator:olga", now=NOW)
    assert not factors.is_on(ada) and not sessions.find(begun.token, now=NOW)
    event = security_journal.events_of(ada)[0]
    assert (event.by, event.details["reason"]) == ("operator", "Called back")
    assert mails_to(ada.email) == ["second_factor_off"]

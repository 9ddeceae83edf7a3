"""What operators decide about a customer."""

import pytest

from app.domain.accounts import standing
from app.domain.accounts.errors import CreditLimitInvalid, ReasonInvalid, UnknownAccount
from app.domain.accounts.models import Account
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from tests.moments import NOW


def decide(decision, *arguments: object, **named: object) -> Account:
    with transaction():
        account = standing.lock_customer("ada")
        decision(account, *arguments, actor="operator:olga", now=NOW, **named)
    return account


def acts() -> list[tuple[str, dict]]:
    theirs = session.query(JournalEntry).filter_by(user_id="ada").order_by(JournalEntry.id)
    return [(row.action, row.details) for row in theirs]


class TestSuspend:
    def test_suspends_until_an_operator_lifts_it(self, ada: Account, ben: Account) -> None:
        account = decide(standing.suspend, reason=" abuse ")
        assert (account.suspended_at, account.suspended_because) == (NOW, "operator")
        decide(standing.suspend, reason="again")
        assert acts() == [("account_suspended", {"reason": "abuse", "because": "operator"})]
        assert ben.suspended_at is None

    def test_takes_over_a_suspension_for_debt(self, ada: Account) -> None:
        ada.suspended_at, ada.suspended_because = ada.created_at, "debt"
        session.commit()
        account = decide(standing.suspend, reason="abuse")
        assert (account.suspended_at, account.suspended_because) == (ada.created_at, "operator")

    @pytest.mark.parametrize("reason", ["", "  ", "x" * 501, "a\x00b"])
    def test_wants_a_reason(self, ada: Account, reason: str) -> None:
        for decision in (standing.suspend, standing.resume):
            with pytest.raises(ReasonInvalid):
                decide(decision, reason=reason)


class TestResume:
    @pytest.mark.parametrize("because", ["debt", "operator"])
    def test_lifts_whatever_it_was(self, ada: Account, because: str) -> None:
        ada.suspended_at, ada.suspended_because = NOW, because
        session.commit()
        account = decide(standing.resume, reason="paid by phone")
        assert (account.suspended_at, account.suspended_because) == (None, None)
        assert acts() == [("account_resumed", {"reason": "paid by phone", "because": because})]

    def test_changes_nothing_for_who_may_go_on(self, ada: Account) -> None:
        decide(standing.resume, reason="to be sure")
        assert acts() == []


class TestSetCreditLimit:
    def test_sets_it_and_takes_it_back(self, ada: Account) -> None:
        assert decide(standing.set_credit_limit, 5_000).credit_limit_minor == 5_000
        assert decide(standing.set_credit_limit, 0).credit_limit_minor == 0
        decide(standing.set_credit_limit, 0)
        assert decide(standing.set_credit_limit, None).credit_limit_minor is None
        limits = [(details["before_minor"], details["after_minor"]) for _action, details in acts()]
        assert limits == [(None, 5_000), (5_000, 0), (0, None)]

    @pytest.mark.parametrize("minor", [-1, 100_000_001])
    def test_refuses_others(self, ada: Account, minor: int) -> None:
        with pytest.raises(CreditLimitInvalid):
            decide(standing.set_credit_limit, minor)


class TestLockCustomer:
    def test_knows_customers_alone(self, olga: Account) -> None:
        for user_id in ("nobody", "olga", "", "a\x00", "\ud800", "x" * 129):
            with pytest.raises(UnknownAccount), transaction():
                standing.lock_customer(user_id)

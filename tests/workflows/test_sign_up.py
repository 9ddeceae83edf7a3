"""A new account can be used from its first moment."""

from datetime import timedelta

import pytest
from flask import Flask

from app.domain.accounts.errors import EmailTaken, UserIdTaken
from app.domain.accounts.models import Account, Role
from app.domain.subscriptions import queries as subscriptions
from app.domain.subscriptions.models import SubscriptionPeriod
from app.foundation.database import end_reading, session, transaction
from app.foundation.journal import JournalEntry
from app.workflows.sign_up import sign_up
from app.workflows.verify_books import verify_books
from tests.factories.usage import make_usage
from tests.moments import NOW
from tests.threads import in_parallel

GRACE = timedelta(days=7)


@pytest.fixture(autouse=True)
def books(app: Flask) -> None:
    """After each test, every account has exactly one current period."""
    yield
    end_reading()
    assert verify_books() == []


def signed_up(email: str, **given: object) -> Account:
    with transaction():
        return sign_up(email, now=NOW, **given)


class TestSignUp:
    def test_starts_on_pay_as_you_go(self) -> None:
        account = signed_up("ada@example.com", user_id="ada")
        period = subscriptions.current_period("ada", now=NOW, grace=GRACE)
        assert (period.terms.plan_id, period.quota, period.starts_at) == ("plan-payg", 0, NOW)
        assert (account.role, account.timezone) == (Role.CUSTOMER, "UTC")
        outcome = make_usage("ada")
        assert outcome.final_nanos == outcome.cost_nanos == 22_200_000

    def test_is_noted_in_the_journal(self) -> None:
        signed_up("olga@example.com", user_id="olga", role=Role.OPERATOR)
        [entry] = session.query(JournalEntry)
        assert (entry.action, entry.actor, entry.user_id) == (
            "account_opened",
            "operator:olga",
            "olga",
        )

    def test_leaves_nothing_where_it_is_refused(self) -> None:
        signed_up("ada@example.com")
        with pytest.raises(EmailTaken):
            signed_up("ADA@example.com", user_id="other")
        assert session.query(Account).count() == session.query(SubscriptionPeriod).count() == 1


class TestRaces:
    @pytest.mark.parametrize(
        ("given", "refusal"),
        [
            ({"user_id": None, "email": "ada@example.com"}, EmailTaken),
            ({"user_id": "ada", "email": None}, UserIdTaken),
        ],
        ids=["for one mail address", "for one id"],
    )
    def test_are_won_once(self, app: Flask, given: dict, refusal: type[Exception]) -> None:
        def try_to(number: int) -> str:
            try:
                email = given["email"] or f"number-{number}@example.com"
                return signed_up(email, user_id=given["user_id"]).id
            except refusal:
                return "refused"

        won = in_parallel(app, [lambda number=number: try_to(number) for number in range(8)])
        assert won.count("refused") == 7
        assert session.query(Account).count() == 1

    def test_give_everyone_a_number_of_his_own(self, app: Flask) -> None:
        def join(number: int) -> int:
            return signed_up(f"number-{number}@example.com").number

        numbers = in_parallel(app, [lambda number=number: join(number) for number in range(8)])
        assert len(set(numbers)) == 8
        assert max(numbers) - min(numbers) == 7

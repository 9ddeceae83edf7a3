"""Whoever renews at a higher price hears of it two weeks before, once for each price."""

from datetime import timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.catalog.models import Plan
from app.domain.mails.models import Mail
from app.foundation.database import session, transaction
from app.workflows.announce_price_rises import announce_price_rises
from app.workflows.cancel_subscription import cancel_subscription
from tests.books import check_books
from tests.factories.purchases import begin_switch, buy_plan
from tests.factories.usage import GRACE
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW

TICK, DAY = timedelta(microseconds=1), timedelta(days=1)
END = NOW + 30 * DAY


@pytest.fixture
def pro(ada: Account) -> Account:
    buy_plan(ada, "plan-pro", gateway=FakeGateway())
    yield ada
    check_books()


def ask(minor: int) -> None:
    with transaction():
        session.get_one(Plan, "plan-pro").monthly_price_minor = minor


def announce(now) -> int:
    with transaction():
        return announce_price_rises(now=now)


class TestAnnouncePriceRises:
    @pytest.mark.parametrize(
        ("at", "count"),
        [
            (END - 14 * DAY - TICK, 0),
            (END - 14 * DAY, 1),
            (END - DAY, 1),
            (END - TICK, 1),
            (END, 0),
        ],
    )
    def test_is_two_weeks_before_the_renewal(self, pro: Account, at, count: int) -> None:
        ask(10_999)
        assert announce(at) == count

    def test_says_both_prices_once_for_each(self, pro: Account) -> None:
        ask(10_999)
        assert [announce(END - DAY), announce(END - DAY)] == [1, 0]
        ask(11_999)
        assert [announce(END - DAY), announce(END - DAY)] == [1, 0]
        mails = session.query(Mail).filter_by(kind="price_rise").order_by(Mail.id)
        facts = [mail.facts for mail in mails]
        assert [(fact["old_minor"], fact["new_minor"]) for fact in facts] == [
            (9_999, 10_999),
            (9_999, 11_999),
        ]
        assert (facts[0]["plan_name"], facts[0]["from"]) == ("Pro", END.isoformat())

    @pytest.mark.parametrize("minor", [9_998, 9_999])
    def test_does_not_speak_of_what_is_no_rise(self, pro: Account, minor: int) -> None:
        ask(minor)
        assert announce(END - DAY) == 0

    def test_does_not_bother_who_will_not_renew(self, pro: Account) -> None:
        ask(10_999)
        with transaction():
            cancel_subscription(pro, grace=GRACE, now=NOW)
        assert announce(END - DAY) == 0

    def test_does_not_bother_who_changes_to_another_plan(self, pro: Account) -> None:
        begin_switch(pro, "plan-basic", gateway=FakeGateway())
        ask(10_999)
        assert announce(END - DAY) == 0

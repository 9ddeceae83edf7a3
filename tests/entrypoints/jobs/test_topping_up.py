"""The sweep begins a top-up for whoever is below his threshold, once."""

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.accounts.queries import settings_of
from app.entrypoints.jobs.topping_up import top_up, top_up_where_due
from app.foundation import clock
from app.foundation.database import transaction
from tests.books import check_books
from tests.factories.purchases import buy_plan, make_card, payments_of
from tests.factories.usage import make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW


@pytest.fixture(autouse=True)
def fixed_clock(app: Flask, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    yield
    check_books()


def make_thirsty(account: Account) -> None:
    buy_plan(account, "plan-pro", gateway=FakeGateway())
    make_card(account)
    with transaction():
        settings_of(account).auto_topup_threshold = 1_000_000
    make_usage(account.id)


class TestTopUpWhereDue:
    def test_begins_one_for_each_and_no_second(self, ada: Account, ben: Account) -> None:
        make_thirsty(ada)
        for _ in range(2):
            top_up_where_due()
        methods = [payment.method for payment in payments_of(ada)]
        assert methods == ["checkout", "off_session"]
        assert payments_of(ben) == []

    def test_finds_nobody_who_has_enough(self, ada: Account) -> None:
        buy_plan(ada, "plan-pro", gateway=FakeGateway())
        make_card(ada)
        top_up_where_due()
        assert len(payments_of(ada)) == 1

    def test_asks_the_guard_for_one_account(self, ada: Account) -> None:
        top_up(ada.id)
        assert payments_of(ada) == []

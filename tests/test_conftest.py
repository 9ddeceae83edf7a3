"""The ground the other tests stand on: two databases, clean ones, and people in them."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.domain.accounts.models import Account, BillingSettings
from app.domain.catalog.models import Plan
from app.domain.subscriptions.models import SubscriptionPeriod
from app.foundation.database import session


def count(model) -> int:
    return session.scalars(select(func.count()).select_from(model)).one()


class TestDatabaseUrl:
    @pytest.mark.parametrize("turn", ["first", "second"])
    def test_gives_each_test_a_clean_database(self, turn, ada, noise) -> None:
        assert count(Account) == 3
        assert count(Plan) == 4

    def test_runs_on_both_databases(self, app: Flask, request: pytest.FixtureRequest) -> None:
        assert request.node.callspec.params["database_url"] == session.get_bind().dialect.name


class TestPeople:
    def test_have_what_every_account_has(self, ada, ben, olga) -> None:
        assert [ada.id, ben.id, olga.id] == ["ada", "ben", "olga"]
        assert olga.role == "operator"
        assert len({ada.number, ben.number, olga.number}) == 3
        assert count(BillingSettings) == 3
        assert count(SubscriptionPeriod) == 3

"""Taking back prices that have not begun, and other names of models."""

from datetime import timedelta

import pytest

from app.domain.catalog import operations, queries, withdrawing
from app.domain.catalog.errors import PriceBegun, UnknownAlias, UnknownPrice
from app.domain.catalog.price_changes import PriceInForce, PriceTerms
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from tests.factories.catalog import make_alias, make_price
from tests.moments import NOW

pytestmark = pytest.mark.usefixtures("app")
DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)


def set_price(pico: int, *, days: int) -> None:
    with transaction():
        operations.set_price(
            "llama-9",
            PriceTerms(pico, pico),
            actor="operator:olga",
            now=NOW,
            starts_at=NOW + days * DAY,
        )


def withdraw(price_id: int, *, now=NOW) -> None:
    with transaction():
        withdrawing.withdraw_price(price_id, actor="operator:olga", now=now)


def in_force() -> list[PriceInForce]:
    return queries.prices_in_force(["llama-9"]).get("llama-9", [])


class TestWithdrawPrice:
    def test_lets_the_one_before_go_on_for_ever(self) -> None:
        make_price("llama-9")
        set_price(7, days=1)
        before, ahead = in_force()
        withdraw(ahead.id)
        [left] = in_force()
        assert (left.id, left.effective_to) == (before.id, None)
        [entry] = session.query(JournalEntry).filter_by(action="price_withdrawn")
        assert entry.details["model_id"] == "llama-9"

    def test_lets_the_one_before_go_on_until_the_next(self) -> None:
        make_price("llama-9")
        set_price(7, days=1)
        set_price(8, days=2)
        before, middle, last = in_force()
        withdraw(middle.id)
        assert [(price.id, price.effective_to) for price in in_force()] == [
            (before.id, NOW + 2 * DAY),
            (last.id, None),
        ]

    def test_may_leave_a_model_without_a_price(self) -> None:
        set_price(7, days=1)
        withdraw(in_force()[0].id)
        assert in_force() == []

    def test_what_has_begun_stays(self) -> None:
        make_price("llama-9")
        set_price(7, days=1)
        ahead = in_force()[1]
        with pytest.raises(PriceBegun):
            withdraw(ahead.id, now=NOW + DAY)
        withdraw(ahead.id, now=NOW + DAY - MICROSECOND)
        with pytest.raises(UnknownPrice):
            withdraw(ahead.id)
        with pytest.raises(UnknownPrice):
            withdraw(0)


class TestRemoveAlias:
    def test_lets_the_name_stand_for_nothing(self) -> None:
        make_alias("four", model_id="gpt-4")
        with transaction():
            withdrawing.remove_alias("four", actor="operator:olga", now=NOW)
        assert "four" not in queries.model_of_alias()
        [entry] = session.query(JournalEntry).filter_by(action="alias_removed")
        assert entry.details == {"alias": "four", "model_id": "gpt-4"}

    @pytest.mark.parametrize("name", ["", "four", "\x00", "\ud800"])
    def test_knows_no_other(self, name: str) -> None:
        with pytest.raises(UnknownAlias), transaction():
            withdrawing.remove_alias(name, actor="operator:olga", now=NOW)

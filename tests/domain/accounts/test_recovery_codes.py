"""Codes on paper: ten, hashed, each good once, for their owner."""

import pytest

from app.domain.accounts import recovery_codes
from app.domain.accounts.access_models import RecoveryCode
from app.domain.accounts.models import Account
from app.foundation.database import session, transaction
from tests.factories.factors import PAPER
from tests.moments import NOW


def keep(account: Account) -> None:
    with transaction():
        recovery_codes.keep(account, PAPER, now=NOW)


def use_up(account: Account, typed: str) -> bool:
    with transaction():
        return recovery_codes.use_up(account, typed, now=NOW)


def test_draws_ten_that_differ() -> None:
    drawn = recovery_codes.draw()
    assert len({code.text for code in drawn}) == len({code.prefix for code in drawn}) == 10
    for code in drawn:
        assert len(code.text) == 14 and code.text.startswith(code.prefix + "-")
        assert code.password_hash.startswith("$argon2id$") and code.text not in code.password_hash


@pytest.mark.parametrize("typed", ["2222-BCDE-FGHJ", " 2222bcdefghj ", "2222 bcde\tFGHJ"])
def test_is_good_once_however_it_is_typed(ada: Account, typed: str) -> None:
    keep(ada)
    assert use_up(ada, typed)
    assert not use_up(ada, typed)
    assert recovery_codes.left_count(ada) == 1
    assert use_up(ada, "3333-BCDE-FGHJ")


@pytest.mark.parametrize(
    "typed",
    ["", "2222", "2222-BCDE-FGHK", "4444-BCDE-FGHJ", "BCDEFGHJ", "2222-BCDE-FGHJ!", "\ud800"],
)
def test_takes_nothing_else(ada: Account, typed: str) -> None:
    keep(ada)
    assert not use_up(ada, typed)
    assert recovery_codes.left_count(ada) == 2


def test_is_nobody_else_s(ada: Account, ben: Account) -> None:
    keep(ada)
    assert not use_up(ben, "2222-BCDE-FGHJ")
    assert (recovery_codes.left_count(ada), recovery_codes.left_count(ben)) == (2, 0)


def test_new_ones_take_the_place_of_the_old(ada: Account, ben: Account) -> None:
    keep(ben)
    keep(ada)
    use_up(ada, "2222-BCDE-FGHJ")
    keep(ada)
    assert recovery_codes.left_count(ada) == 2
    with transaction():
        recovery_codes.remove(ada)
    assert [row.user_id for row in session.query(RecoveryCode)] == ["ben", "ben"]

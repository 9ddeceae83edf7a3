"""The second factor: begun, confirmed, asked for, and its secret sealed."""

from datetime import timedelta

import pytest

from app.domain.accounts import factors
from app.domain.accounts.access_models import SecondFactor
from app.domain.accounts.errors import (
    CodeWrong,
    FactorNotBegun,
    FactorOnAlready,
    FactorUnreadable,
    FactorWantsVerifiedEmail,
)
from app.domain.accounts.factors import CodeKind
from app.domain.accounts.models import Account
from app.foundation.database import session, transaction
from app.foundation.sealing import seal_of
from tests.factories.factors import PAPER, code_now, make_factor, wrong_code
from tests.factories.mailed_links import SEAL
from tests.moments import NOW
from tests.threads import in_parallel

HALF_MINUTE = timedelta(seconds=30)
OTHER_SEAL = seal_of("another secret key of another app")


def begin(account: Account) -> str:
    with transaction():
        factors.begin(account, seal=SEAL, now=NOW)
    return factors.secret_to_take_in(account, seal=SEAL)


def confirm(account: Account, code: str) -> None:
    with transaction():
        factors.confirm(account, code, codes=PAPER, seal=SEAL, now=NOW)


def check(account: Account, typed: str, *, now=NOW, seal=SEAL) -> CodeKind:
    with transaction():
        return factors.check_code(account, typed, seal=seal, now=now)


class TestBegin:
    def test_seals_the_secret_and_asks_for_nothing_yet(self, ada: Account) -> None:
        secret = begin(ada)
        assert secret not in session.query(SecondFactor).one().sealed_secret
        assert not factors.is_on(ada)
        assert factors.view_of(ada) == factors.FactorView(False, True, None, 0)

    def test_makes_another_secret_each_time(self, ada: Account) -> None:
        assert begin(ada) != begin(ada)

    def test_changes_nothing_that_is_on(self, ada: Account) -> None:
        make_factor(ada)
        with pytest.raises(FactorOnAlready):
            begin(ada)
        with pytest.raises(FactorNotBegun):
            factors.secret_to_take_in(ada, seal=SEAL)

    def test_wants_a_verified_address_of_customers(self, ada: Account, olga: Account) -> None:
        with transaction():
            ada.email_verified_at = olga.email_verified_at = None
        with pytest.raises(FactorWantsVerifiedEmail):
            begin(ada)
        begin(olga)


class TestConfirm:
    @pytest.mark.parametrize("spaced", [False, True])
    def test_switches_on(self, ada: Account, ben: Account, spaced: bool) -> None:
        code = code_now(begin(ada))
        confirm(ada, f" {code[:3]} {code[3:]}" if spaced else code)
        assert factors.view_of(ada) == factors.FactorView(True, True, NOW, 2)
        assert factors.is_on(ada) and not factors.is_on(ben)

    def test_refuses_the_wrong_code_and_whoever_has_not_begun(self, ada, ben) -> None:
        secret = begin(ada)
        with pytest.raises(CodeWrong):
            confirm(ada, wrong_code(secret))
        assert not factors.is_on(ada)
        with pytest.raises(FactorNotBegun):
            confirm(ben, code_now(secret))

    def test_changes_nothing_that_is_on(self, ada: Account, ben: Account) -> None:
        secret = begin(ada)
        factors.check_is_off(ada)
        confirm(ada, code_now(secret))
        before = factors.view_of(ada)
        for refused in (lambda: confirm(ada, code_now(secret)), lambda: factors.check_is_off(ada)):
            with pytest.raises(FactorOnAlready):
                refused()
        assert factors.view_of(ada) == before
        factors.check_is_off(ben)

    def test_uses_its_code_up(self, ada: Account) -> None:
        secret = begin(ada)
        confirm(ada, code_now(secret))
        with pytest.raises(CodeWrong):
            check(ada, code_now(secret))


class TestCheckCode:
    def test_takes_each_code_of_the_app_once(self, ada: Account) -> None:
        secret = make_factor(ada)
        assert check(ada, code_now(secret)) == CodeKind.APP
        for _ in range(2):
            with pytest.raises(CodeWrong):
                check(ada, code_now(secret))
        later = NOW + HALF_MINUTE
        assert check(ada, code_now(secret, now=later), now=later) == CodeKind.APP

    def test_takes_each_code_on_paper_once(self, ada: Account) -> None:
        make_factor(ada)
        assert check(ada, "2222-bcde-fghj") == CodeKind.RECOVERY
        with pytest.raises(CodeWrong):
            check(ada, "2222-bcde-fghj")

    @pytest.mark.parametrize("typed", ["", "000", "x" * 40, "１２３４５６", "\ud800"])
    def test_refuses_everything_else(self, ada: Account, typed: str) -> None:
        make_factor(ada)
        with pytest.raises(CodeWrong):
            check(ada, typed)

    def test_refuses_wrong_digits_and_those_of_others(self, ada: Account, ben: Account) -> None:
        secret, bens = make_factor(ada), make_factor(ben)
        for code in (wrong_code(secret), code_now(bens)):
            with pytest.raises(CodeWrong):
                check(ada, code)

    def test_has_none_to_take_where_none_is_on(self, ada: Account) -> None:
        secret = begin(ada)
        with pytest.raises(CodeWrong):
            check(ada, code_now(secret))

    def test_only_paper_helps_when_the_secret_key_was_changed(self, ada: Account) -> None:
        secret = make_factor(ada)
        with pytest.raises(FactorUnreadable):
            check(ada, code_now(secret), seal=OTHER_SEAL)
        assert check(ada, "2222-bcde-fghj", seal=OTHER_SEAL) == CodeKind.RECOVERY

    def test_two_at_once_are_not_both_let_in(self, app, ada: Account) -> None:
        secret = make_factor(ada)
        code = code_now(secret)

        def come() -> bool:
            try:
                check(session.get_one(Account, "ada"), code)
            except CodeWrong:
                return False
            return True

        session.commit()
        assert sorted(in_parallel(app, [come] * 4)) == [False, False, False, True]


class TestTurnOff:
    def test_leaves_nothing(self, ada: Account, ben: Account) -> None:
        make_factor(ada)
        make_factor(ben)
        with transaction():
            assert factors.turn_off(ada)
        with transaction():
            assert not factors.turn_off(ada)
        assert factors.view_of(ada) == factors.FactorView(False, False, None, 0)
        assert factors.is_on(ben)

    @pytest.mark.parametrize(("after", "is_on"), [(-1, False), (0, False), (1, True)])
    def test_may_depend_on_when_it_was_begun(self, ada: Account, after: int, is_on: bool) -> None:
        make_factor(ada)
        begun = session.query(SecondFactor).one().created_at
        with transaction():
            factors.turn_off_if_later(ada, begun + timedelta(seconds=after))
        assert factors.is_on(ada) is is_on

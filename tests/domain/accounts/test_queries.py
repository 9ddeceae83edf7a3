"""Finding accounts and keys: only what is valid at that moment."""

from datetime import timedelta

import pytest

from app.domain.accounts import queries
from app.domain.accounts.callers import caller_by_text
from app.domain.accounts.errors import KeyUnknown, UnknownAccount
from app.domain.accounts.models import Account
from app.foundation.secret_keys import KeyKind
from tests.factories.accounts import make_key
from tests.moments import NOW

pytestmark = pytest.mark.usefixtures("app")

MICROSECOND = timedelta(microseconds=1)


class TestAccount:
    def test_is_found_by_id_and_by_mail(self, ada: Account, noise: list[Account]) -> None:
        assert queries.account("ada") is ada
        assert queries.find_account("ada") is ada
        assert queries.find_account_by_email("ada@example.com") is ada

    def test_is_refused_or_none_where_there_is_none(self, noise: list[Account]) -> None:
        assert queries.find_account("ada") is None
        assert queries.find_account_by_email("ada@example.com") is None
        with pytest.raises(UnknownAccount):
            queries.account("ada")

    @pytest.mark.parametrize("text", ["", "a\x00", "\ud800", "x" * 129])
    def test_is_not_even_asked_for_by_what_no_database_holds(self, text: str) -> None:
        assert queries.find_account(text) is None
        assert queries.find_account_by_email(text) is None
        with pytest.raises(UnknownAccount):
            queries.account(text)


class TestKeyByText:
    def test_is_found_until_the_moment_it_expires(self, ada: Account) -> None:
        text = make_key(KeyKind.CUSTOMER, user_id="ada", expires_at=NOW).text
        assert caller_by_text(text, now=NOW - MICROSECOND).user_id == "ada"
        for now in (NOW, NOW + MICROSECOND):
            with pytest.raises(KeyUnknown):
                caller_by_text(text, now=now)

    def test_is_unknown_in_the_same_words_whatever_is_wrong(self, ada: Account) -> None:
        good = make_key(KeyKind.CUSTOMER, user_id="ada").text
        stolen_id = make_key(KeyKind.CUSTOMER, user_id="ada").text
        mixed = good[:15] + stolen_id[15:]
        revoked = make_key(KeyKind.CUSTOMER, user_id="ada", revoked_at=NOW).text
        for text in (
            "",
            "obl_sk_",
            good[:-1],
            good + "x",
            good.swapcase(),
            mixed,
            revoked,
            "ö" * 53,
        ):
            with pytest.raises(KeyUnknown, match="not known, or no longer valid"):
                caller_by_text(text, now=NOW)


class TestKeysOf:
    def test_lists_the_account_s_own_newest_first(self, ada: Account, ben: Account) -> None:
        for name in ("first", "second"):
            make_key(KeyKind.CUSTOMER, user_id="ada", name=name)
        make_key(KeyKind.CUSTOMER, user_id="ben")
        make_key(KeyKind.GATEWAY)
        assert [key.name for key in queries.keys_of(ada)] == ["second", "first"]

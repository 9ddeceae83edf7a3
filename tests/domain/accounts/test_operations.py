"""Accounts and keys as they are opened, signed in to, locked and revoked."""

import pytest
from argon2 import PasswordHasher

from app.domain.accounts import operations, passwords, queries, sessions
from app.domain.accounts.attribution import Attribution
from app.domain.accounts.callers import caller_by_text
from app.domain.accounts.devices import Visitor
from app.domain.accounts.errors import (
    AttributionFieldRepeated,
    AttributionFieldUnknown,
    EmailTaken,
    KeyNameInvalid,
    PasswordLikeAddress,
    PasswordTooPopular,
    PasswordTooShort,
    UnknownAccount,
    UserIdTaken,
    WrongCredentials,
)
from app.domain.accounts.models import Account, Key
from app.foundation.database import session, transaction
from app.foundation.secret_keys import KeyKind
from tests.factories.accounts import make_account
from tests.moments import NOW
from tests.statements import statements

pytestmark = pytest.mark.usefixtures("app")

PASSWORD = "correct horse battery"


def open_account(email: str = "ada@example.com", **given: object) -> Account:
    with transaction():
        return operations.open_account(email, now=NOW, **given)


class TestOpenAccount:
    def test_names_it_after_its_number(self) -> None:
        first, second = open_account("a@example.com"), open_account("b@example.com")
        assert second.number == first.number + 1
        assert (first.id, second.id) == (f"user-{first.number}", f"user-{second.number}")

    def test_skips_numbers_whose_id_somebody_chose(self) -> None:
        number = open_account("a@example.com").number
        open_account("b@example.com", user_id=f"user-{number + 3}")
        open_account("c@example.com", user_id=f"user-{number + 4}")
        assert open_account("d@example.com").id == f"user-{number + 5}"

    def test_gives_it_settings_and_the_defaults_of_the_book(self) -> None:
        account = open_account(timezone="Asia/Kolkata")
        settings = queries.settings_of(account)
        assert (settings.overage_enabled, settings.spend_limit_minor) == (True, None)
        assert settings.alert_percents == [50, 80, 100]
        assert (account.role, account.timezone, account.extra_tokens) == (
            "customer",
            "Asia/Kolkata",
            0,
        )
        assert account.password_hash is None

    @pytest.mark.parametrize("email", ["ada@example.com", " ADA@Example.com"])
    def test_refuses_a_mail_address_that_is_taken(self, email: str) -> None:
        open_account()
        with pytest.raises(EmailTaken):
            open_account(email)
        assert session.query(Account).count() == 1

    def test_refuses_an_id_that_is_taken(self) -> None:
        open_account(user_id="user-123")
        with pytest.raises(UserIdTaken):
            open_account("b@example.com", user_id="user-123")

    def test_gives_back_the_number_of_a_refused_one(self) -> None:
        number = open_account().number
        with pytest.raises(EmailTaken):
            open_account()
        assert open_account("b@example.com").number == number + 1


class TestCheckCredentials:
    def test_finds_the_account(self) -> None:
        account = open_account(password=PASSWORD)
        assert operations.check_credentials(" ADA@example.com ", PASSWORD) is account

    @pytest.mark.parametrize(
        ("email", "password"),
        [("ada@example.com", "wrong"), ("ben@example.com", PASSWORD), ("", ""), ("ada", "")],
    )
    def test_refuses_in_the_same_words_whatever_is_wrong(self, email: str, password: str) -> None:
        open_account(password=PASSWORD)
        with pytest.raises(WrongCredentials, match="Mail address or password is wrong"):
            operations.check_credentials(email, password)

    def test_refuses_an_account_without_a_password(self) -> None:
        open_account()
        with pytest.raises(WrongCredentials):
            operations.check_credentials("ada@example.com", "")


class TestRenewHash:
    def test_hashes_anew_what_was_hashed_weakly(self) -> None:
        account = open_account(password=PASSWORD)
        weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        with transaction():
            account.password_hash = weak
        with transaction():
            renewed = operations.renew_hash(account, PASSWORD, known_by=weak, now=NOW)
        strong = account.password_hash
        assert renewed == strong
        assert strong != weak and not passwords.is_outdated(strong)
        with transaction():
            assert operations.renew_hash(account, PASSWORD, known_by=strong, now=NOW) == strong
        assert account.password_hash == strong
        # Whoever has chosen another password meanwhile keeps it.
        with pytest.raises(WrongCredentials), transaction():
            operations.renew_hash(account, PASSWORD, known_by=weak, now=NOW)
        assert account.password_hash == strong
        assert operations.check_credentials(account.email, PASSWORD) is account


class TestSetPassword:
    def test_signs_out_whoever_came_with_the_one_before(self) -> None:
        account = open_account(password=PASSWORD)
        with transaction():
            begun = sessions.begin(account, visitor=Visitor("curl", ""), now=NOW)
            operations.set_password(account, "another battery staple", now=NOW)
        assert sessions.find(begun.token, now=NOW) is None

    @pytest.mark.parametrize(
        ("password", "refusal"),
        [
            ("short", PasswordTooShort),
            ("qwertyuiop", PasswordTooPopular),
            ("ada@example.com", PasswordLikeAddress),
        ],
    )
    def test_keeps_the_rules_of_passwords(self, password: str, refusal: type[Exception]) -> None:
        account = open_account(password=PASSWORD)
        with pytest.raises(refusal), transaction():
            operations.set_password(account, password, now=NOW)
        with pytest.raises(refusal):
            open_account("ada@example.com", password=password)


class TestMakeKey:
    def test_shows_the_secret_once_and_keeps_its_digest(self, ada: Account) -> None:
        with transaction():
            made = operations.make_key(KeyKind.CUSTOMER, name=" ci ", now=NOW, user_id=ada.id)
        stored = session.query(Key).one()
        assert (stored.name, stored.user_id, stored.scope) == ("ci", "ada", "write")
        assert made.text not in (stored.digest, stored.public_id)
        assert caller_by_text(made.text, now=NOW).id == stored.id

    def test_refuses_a_name_that_is_none(self, ada: Account) -> None:
        with pytest.raises(KeyNameInvalid), transaction():
            operations.make_key(KeyKind.CUSTOMER, name=" ", now=NOW, user_id=ada.id)


class TestMakeGatewayKey:
    def test_bills_for_others_whom_it_is_told(self, ada: Account) -> None:
        with transaction():
            made = operations.make_gateway_key(
                "main", attribute_to="ada", attribute_by=("subject", "end_user"), now=NOW
            )
        key = caller_by_text(made.text, now=NOW)
        assert (key.kind, key.user_id, key.name) == (KeyKind.GATEWAY, None, "main")
        expected = Attribution("main", "ada", ("subject", "end_user"))
        assert key.attribution == expected

    def test_bills_nobody_untold(self) -> None:
        with transaction():
            made = operations.make_gateway_key("main", now=NOW)
        key = caller_by_text(made.text, now=NOW)
        assert key.attribution == Attribution("main")

    @pytest.mark.parametrize(
        ("given", "error"),
        [
            ({"attribute_to": "nobody"}, UnknownAccount),
            ({"attribute_by": ("user",)}, AttributionFieldUnknown),
            ({"attribute_by": ("end_user", "metadata.user")}, AttributionFieldRepeated),
        ],
    )
    def test_refuses_what_it_could_not_keep(self, given, error) -> None:
        with pytest.raises(error), transaction():
            operations.make_gateway_key("main", now=NOW, **given)
        assert session.query(Key).count() == 0


class TestLockBalances:
    def test_returns_those_that_exist_in_one_statement(self) -> None:
        make_account("ben", extra_tokens=7, granted_tokens=3)
        make_account("ada", timezone="Asia/Kolkata")
        with statements() as sent, transaction():
            balances = operations.lock_balances(["nobody", "ben", "ada"])
        assert len(sent) == 1
        assert list(balances) == ["ada", "ben"]
        assert balances["ada"].timezone == "Asia/Kolkata"
        assert (balances["ben"].extra_tokens, balances["ben"].granted_tokens) == (7, 3)

    def test_reads_what_stands_not_what_was_read_before(self, ada: Account) -> None:
        assert ada.extra_tokens == 0
        with transaction():
            session.connection().exec_driver_sql("UPDATE accounts SET extra_tokens = 5")
            assert operations.lock_balances(["ada"])["ada"].extra_tokens == 5
            assert operations.lock_accounts(["ada"])["ada"].extra_tokens == 5

    def test_locks_nobody_where_nobody_is_named(self) -> None:
        with transaction():
            assert operations.lock_balances([]) == {}
            assert operations.lock_accounts([]) == {}

"""Accounts opened by the operator's hand."""

import json

import pytest

from app.domain.accounts import factors, operations, queries
from app.domain.accounts.errors import WrongCredentials
from app.domain.accounts.models import Account
from app.foundation import clock
from app.foundation.database import session, transaction
from tests.factories.email_changes import NEW, OLD, ask, confirm_new
from tests.factories.factors import make_factor
from tests.factories.mailed_links import mails_to


class TestCreate:
    def test_prints_one_json_object(self, app, billing) -> None:
        result = billing(
            "users", "create", "--id", "acct-1", "--email", "One@Example.com",
            "--password", "correct horse",
        )  # fmt: skip
        account = queries.account("acct-1")
        assert json.loads(result.stdout) == {
            "user_id": "acct-1",
            "email": "one@example.com",
            "role": "customer",
            "number": account.number,
        }
        assert operations.check_credentials("one@example.com", "correct horse") is account
        assert not account.is_demo

    def test_makes_a_password_and_tells_it_once(self, app, billing) -> None:
        result = billing("users", "create", "--id", "acct-1", "--email", "one@example.com")
        told = json.loads(result.stdout)
        assert len(told["password"]) >= 20
        assert operations.check_credentials("one@example.com", told["password"]).id == "acct-1"

    def test_opens_operators(self, app, billing) -> None:
        result = billing("users", "create", "--id", "op", "--email", "op@example.com", "--operator")
        assert json.loads(result.stdout)["role"] == "operator"
        assert queries.account("op").role == "operator"

    @pytest.mark.parametrize(
        ("changed", "message"),
        [
            (["--id", "ada"], "There is an account with the id ada already."),
            (["--email", "ada@example.com"], "There is an account with this mail address already."),
            (["--email", "nowhere"], "This is not a mail address"),
            (["--password", "short"], "A password has at least 8 characters."),
            (["--password", ""], "A password has at least 8 characters."),
            (["--id", "a/b"], "A user id has no control characters"),
        ],
    )
    def test_refuses_in_one_line(self, ada, billing, changed, message) -> None:
        usual = ["--id", "acct-1", "--email", "one@example.com"]
        result = billing("users", "create", *usual, *changed)
        assert result.exit_code == 1
        assert result.stderr.startswith(f"billing: {message}")
        assert result.stderr.count("\n") == 1 and result.stdout == ""
        assert queries.find_account("acct-1") is None
        with pytest.raises(WrongCredentials):
            operations.check_credentials("one@example.com", "short")


class TestApproveTaxId:
    def test_prints_what_was_approved(self, ada, billing) -> None:
        changes = {"country": "DE", "tax_id": "DE136695976"}
        with transaction():
            operations.change_settings(ada, changes, actor="customer:ada", now=clock.now())
        result = billing("users", "approve-tax-id", "--id", "ada")
        assert json.loads(result.stdout) == {"user_id": "ada", **changes}
        assert queries.settings_view(ada).tax_id_approved_at is not None

    @pytest.mark.parametrize(
        ("user_id", "message"),
        [
            ("ada", "The account ada has no tax id that could be approved."),
            ("nobody", "There is no account with this id."),
        ],
    )
    def test_refuses_in_one_line(self, ada, billing, user_id, message) -> None:
        result = billing("users", "approve-tax-id", "--id", user_id)
        assert (result.exit_code, result.stderr) == (1, f"billing: {message}\n")


def ada_now() -> Account:
    # The commands write through connections of their own.
    session.rollback()
    session.expire_all()
    return queries.account("ada")


class TestSuspendAndResume:
    def test_suspends_a_customer_until_told(self, ada, billing) -> None:
        result = billing("users", "suspend", "--id", "ada", "--reason", "abuse")
        assert (result.exit_code, result.stdout) == (0, "ada is suspended.\n"), result.output
        assert ada_now().suspended_because == "operator"
        assert (
            billing("users", "resume", "--id", "ada", "--reason", "ok").stdout == "ada may go on.\n"
        )
        assert ada_now().suspended_at is None

    @pytest.mark.parametrize("act", ["suspend", "resume"])
    def test_refuses_in_one_line(self, ada, billing, act) -> None:
        for arguments in (("--id", "nobody", "--reason", "a"), ("--id", "ada", "--reason", "")):
            result = billing("users", act, *arguments)
            assert (result.exit_code, result.stdout) == (1, "")
            assert result.stderr.count("\n") == 1


class TestCreditLimit:
    def test_sets_it_and_takes_it_back(self, ada, billing) -> None:
        result = billing("users", "credit-limit", "--id", "ada", "250.5")
        assert (result.exit_code, result.stdout) == (0, "ada may owe 250.50 USD.\n"), result.output
        assert ada_now().credit_limit_minor == 25_050
        result = billing("users", "credit-limit", "--id", "ada", "default")
        assert result.stdout == "ada may owe the usual limit.\n"
        assert ada_now().credit_limit_minor is None

    @pytest.mark.parametrize("limit", ["much", "1.001", "1000001"])
    def test_refuses_in_one_line(self, ada, billing, limit) -> None:
        result = billing("users", "credit-limit", "--id", "ada", limit)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.count("\n") == 1


class TestRemoveFactor:
    def test_lets_somebody_in_without_a_code(self, ada, billing) -> None:
        make_factor(ada)
        given = ["users", "remove-factor", "--id", "ada", "--reason", "Called back"]
        assert billing(*given).stdout == "ada signs in without a code.\n"
        assert not factors.is_on(ada)
        assert billing(*given).stdout == "ada had none.\n"

    def test_wants_a_reason_and_an_account(self, ada, billing) -> None:
        make_factor(ada)
        for user_id, reason in [("ada", " "), ("nobody", "Called back")]:
            given = ["users", "remove-factor", "--id", user_id, "--reason", reason]
            assert billing(*given).exit_code == 1
        assert factors.is_on(ada)


class TestConfirmEmail:
    def test_confirms_for_who_has_lost_the_old_mailbox(self, ada, billing) -> None:
        now = clock.now()
        ask(ada, now=now)
        named = ["users", "confirm-email", "--id", "ada", "--reason", "She came to our desk"]
        given = [*named, "--email", "Ada@new.example "]
        assert "The new address has to confirm first." in billing(*given).stderr
        confirm_new(now=now)
        other = billing(*named, "--email", "thief@new.example")
        assert "Another address is wanted by now: ada@new.example." in other.stderr
        assert billing(*given).stdout == "ada signs in with ada@new.example from now on.\n"
        session.refresh(ada)
        assert ada.email == "ada@new.example" and mails_to(OLD)[-1] == "email_left"
        assert billing(*given).exit_code == 1

    def test_wants_a_reason_and_an_account(self, ada, billing) -> None:
        now = clock.now()
        ask(ada, now=now)
        confirm_new(now=now)
        for user_id, reason in [("ada", " "), ("nobody", "Called back")]:
            given = ["--id", user_id, "--reason", reason, "--email", NEW]
            assert billing("users", "confirm-email", *given).exit_code == 1
        session.refresh(ada)
        assert ada.email == OLD

"""Keys made by the operator's hand."""

from datetime import timedelta

import pytest

from app.domain.accounts import queries, security_journal
from app.domain.accounts.callers import caller_by_text
from app.domain.accounts.errors import KeyUnknown
from app.domain.mails.models import Mail
from app.foundation import clock
from app.foundation.database import end_reading, session
from app.foundation.secret_keys import KeyKind

OWNERS = [["--user", "ada"], ["--operator", "olga"], ["--gateway", "main"]]

pytestmark = pytest.mark.usefixtures("ada", "olga")


class TestCreate:
    @pytest.mark.parametrize(
        ("owner", "kind", "user_id"),
        [
            (["--user", "ada"], KeyKind.CUSTOMER, "ada"),
            (["--operator", "olga"], KeyKind.OPERATOR, "olga"),
            (["--gateway", "main"], KeyKind.GATEWAY, None),
        ],
    )
    def test_prints_the_key_alone(self, billing, owner, kind, user_id) -> None:
        result = billing("keys", "create", *owner)
        assert result.exit_code == 0, result.output
        text = result.stdout.removesuffix("\n")
        key = caller_by_text(text, now=clock.now())
        assert (key.kind, key.user_id) == (kind, user_id)

    def test_stands_in_the_owner_s_journal(self, billing) -> None:
        billing("keys", "create", "--user", "ada", "--name", "Reporting")
        event = security_journal.events_of(queries.account("ada"))[0]
        assert (event.action, event.by, event.details["key"]) == (
            "key_made",
            "operator",
            "Reporting",
        )

    def test_names_a_gateways_key_after_the_gateway(self, app, billing) -> None:
        text = billing("keys", "create", "--gateway", "main").stdout.strip()
        assert caller_by_text(text, now=clock.now()).name == "main"

    @pytest.mark.parametrize(
        ("owner", "code", "message"),
        [
            (["--operator", "ada"], 1, "The account ada has the role customer, not operator."),
            (["--user", "olga"], 1, "The account olga has the role operator, not customer."),
            (["--user", "nobody"], 1, "There is no account with this id."),
            (["--gateway", ""], 1, "A key’s name has 1 to 80 visible characters."),
            (["--user", "ada", "--gateway", "main"], 2, "Say for whom"),
        ],
    )
    def test_makes_none_for_anyone_else(self, billing, owner, code, message) -> None:
        result = billing("keys", "create", *owner)
        assert (result.exit_code, result.stdout) == (code, "")
        assert message in result.stderr
        people = [queries.account("ada"), queries.account("olga")]
        assert not any(queries.keys_of(account) for account in people)

    def test_lets_a_gateways_key_say_whom_it_bills(self, app, billing) -> None:
        by = ["--attribute-by", "end_user", "--attribute-by", "subject"]
        text = billing("keys", "create", "--gateway", "main", "--attribute-to", "ada", *by).stdout
        key = caller_by_text(text.strip(), now=clock.now())
        assert (key.attributes_to, key.attributes_by) == ("ada", ["end_user", "subject"])

    @pytest.mark.parametrize(
        ("given", "code", "message"),
        [
            (["--gateway", "main", "--attribute-to", "nobody"], 1, "There is no account"),
            (["--gateway", "main", "--attribute-by", "user"], 1, "No field 'user' may name"),
            (["--user", "ada", "--attribute-to", "ada"], 2, "Only a gateway's key takes"),
            (["--operator", "olga", "--attribute-by", "subject"], 2, "Only a gateway's key"),
            (["--user", "ada", "--limit-to", "ada"], 2, "Only a gateway's key takes"),
            (["--gateway", "main", "--limit-to", "nobody"], 1, "There is no customer with the id"),
            (["--user", "ada", "--expires", "2020-01-01"], 1, "A key cannot end in the past"),
            (["--user", "ada", "--scope", "all"], 2, "Invalid value for '--scope'"),
        ],
    )
    def test_refuses_to_bill_whom_it_cannot(self, billing, given, code, message) -> None:
        result = billing("keys", "create", *given)
        assert (result.exit_code, result.stdout) == (code, "")
        assert message in result.stderr

    def test_keeps_scope_end_and_limits(self, app, billing) -> None:
        ends_at = clock.now().replace(microsecond=0) + timedelta(days=30)
        more = ["--scope", "read", "--expires", ends_at.isoformat(), "--limit-to", "ada"]
        text = billing("keys", "create", "--gateway", "main", *more).stdout.strip()
        key = caller_by_text(text, now=clock.now())
        assert (key.scope, key.expires_at, key.limited_to) == ("read", ends_at, ["ada"])

    def test_tells_the_owner_that_it_was_the_operator(self, app, billing) -> None:
        billing("keys", "create", "--user", "ada")
        mail = session.query(Mail).one()
        assert (mail.kind, mail.address) == ("key_made", "ada@example.com")
        assert mail.facts["device"] == "The operator"


class TestList:
    def test_shows_how_keys_begin_and_stand(self, app, billing) -> None:
        texts = [billing("keys", "create", *of).stdout.strip() for of in OWNERS]
        listed = billing("keys", "list").stdout
        for text in texts:
            assert text[:15] in listed and text not in listed
        assert "works" in listed and "main" in listed
        only = billing("keys", "list", "--user", "ada").stdout.splitlines()
        assert len(only) == 2 and texts[0][:15] in only[1]

    def test_refuses_an_account_that_is_none(self, billing) -> None:
        result = billing("keys", "list", "--user", "nobody")
        assert (result.exit_code, result.stdout) == (1, "")


class TestReplace:
    def test_prints_the_new_key_alone(self, app, billing) -> None:
        for of in OWNERS:
            old = billing("keys", "create", *of).stdout.strip()
            new = billing("keys", "replace", old[:15], "--overlap", "1h").stdout.strip()
            later = clock.now() + timedelta(minutes=59)
            end_reading()
            same = [caller_by_text(text, now=later) for text in (old, new)]
            assert same[0].name == same[1].name and same[0].kind == same[1].kind
            with pytest.raises(KeyUnknown):
                caller_by_text(old, now=clock.now() + timedelta(hours=1))

    def test_is_done_once(self, app, billing) -> None:
        old = billing("keys", "create", "--user", "ada").stdout.strip()
        assert billing("keys", "replace", old[:15]).exit_code == 0
        again = billing("keys", "replace", old[:15])
        assert (again.exit_code, again.stdout) == (1, "")
        assert "has been replaced already" in again.stderr


class TestRevoke:
    def test_ends_the_key(self, app, billing) -> None:
        text = billing("keys", "create", "--user", "ada").stdout.strip()
        result = billing("keys", "revoke", text[:15])
        assert (result.exit_code, result.stdout) == (0, f"{text[:15]} is refused from now on.\n")
        with pytest.raises(KeyUnknown):
            caller_by_text(text, now=clock.now())
        assert security_journal.events_of(queries.account("ada"))[0].action == "key_revoked"

    def test_knows_no_other(self, billing) -> None:
        result = billing("keys", "revoke", "obl_sk_00000000")
        assert (result.exit_code, result.stdout) == (1, "")
        assert "There is no such key." in result.stderr

"""Keys made by the operator's hand."""

import pytest

from app.domain.accounts import queries, security_journal
from app.foundation import clock
from app.foundation.secret_keys import KeyKind

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
        key = queries.key_by_text(text, now=clock.now())
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
        assert queries.key_by_text(text, now=clock.now()).name == "main"

    @pytest.mark.parametrize(
        ("owner", "code", "message"),
        [
            (["--operator", "ada"], 1, "The account ada has the role customer, not operator."),
            (["--user", "olga"], 1, "The account olga has the role operator, not customer."),
            (["--user", "nobody"], 1, "There is no account with this id."),
            (["--gateway", ""], 1, "A key's name has 1 to 80 visible characters."),
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
        key = queries.key_by_text(text.strip(), now=clock.now())
        assert (key.attributes_to, key.attributes_by) == ("ada", ["end_user", "subject"])

    @pytest.mark.parametrize(
        ("given", "code", "message"),
        [
            (["--gateway", "main", "--attribute-to", "nobody"], 1, "There is no account"),
            (["--gateway", "main", "--attribute-by", "user"], 1, "No field 'user' may name"),
            (["--user", "ada", "--attribute-to", "ada"], 2, "Only a gateway's key takes"),
            (["--operator", "olga", "--attribute-by", "subject"], 2, "Only a gateway's key"),
        ],
    )
    def test_refuses_to_bill_whom_it_cannot(self, billing, given, code, message) -> None:
        result = billing("keys", "create", *given)
        assert (result.exit_code, result.stdout) == (code, "")
        assert message in result.stderr

"""Keys at the console: of gateways, limited to accounts or not, and of operators' programs."""

import re

import pytest

from app.domain.accounts import key_rules
from app.domain.accounts.callers import caller_by_text
from app.domain.accounts.errors import KeyUnknown
from app.domain.accounts.models import Key
from app.foundation import clock
from app.foundation.database import session
from app.foundation.secret_keys import KeyKind
from tests.entrypoints.web.conftest import let_the_password_age, words_of
from tests.entrypoints.web.operator.conftest import acts_of_olga
from tests.factories.accounts import make_account, make_key
from tests.factories.mailed_links import mails_to
from tests.statements import statements
from tests.tabs import tab, with_typed

KEYS = "/operator/keys"
KEY = re.compile(r"obl_(?:gw|op)_[0-9A-Za-z]{46}")
STATEMENTS_MAX = 10


def sole() -> Key:
    session.expire_all()
    return session.query(Key).one()


class TestList:
    def test_shows_gateways_and_operators_but_no_customers(self, olgas, ada) -> None:
        make_key(KeyKind.GATEWAY, name="frankfurt", limited_to=["ada"])
        make_key(KeyKind.OPERATOR, user_id="olga", name="reports")
        hers = make_key(KeyKind.CUSTOMER, user_id="ada", name="Ada's")
        page = words_of(olgas.get(KEYS).text)
        assert "frankfurt" in page and "for ada" in page and "reports" in page
        assert hers.shown_prefix not in page

    def test_is_the_operators_alone(self, adas) -> None:
        for path in ("", "/gateway", "/own", "/1/revoke", "/1/replace"):
            assert adas.get(KEYS + path).status_code == 404

    def test_takes_few_statements(self, olgas) -> None:
        for _ in range(3):
            make_key(KeyKind.GATEWAY)
        with statements() as sent:
            olgas.get(KEYS)
        assert len(sent) <= STATEMENTS_MAX, sent


class TestMake:
    @pytest.mark.parametrize("path", ["gateway", "own"])
    def test_a_form_sent_twice_makes_one(self, olgas, path: str) -> None:
        sent = with_typed(tab(olgas, f"{KEYS}/{path}"), name="mine")
        assert KEY.search(olgas.post(f"{KEYS}/{path}", data=sent).text)
        answer = olgas.post(f"{KEYS}/{path}", data=sent)
        assert answer.status_code == 422 and not KEY.search(answer.text)
        assert "its key is made, and was shown that once" in answer.text and sole()

    def test_limits_a_gateway_to_accounts(self, olgas, ada, ben) -> None:
        sent = {
            "name": "frankfurt",
            "limited_to": "ben\r\n ada \r\n",
            "attribute_to": "ada",
            "attribute_by": "end_user\nsubject",
        }
        answer = olgas.post(f"{KEYS}/gateway", data=sent)
        (shown,) = set(KEY.findall(answer.text))
        key = caller_by_text(shown, now=clock.now())
        assert (key.kind, key.scope, key.expires_at) == (KeyKind.GATEWAY, "write", None)
        assert (key.limited_to, key.attributes_to) == (["ada", "ben"], "ada")
        assert key.attributes_by == ["end_user", "subject"]
        assert not KEY.search(olgas.get(KEYS).text)
        (action, details), *_ = acts_of_olga()
        assert (action, details["limited_to"]) == ("key_made", ["ada", "ben"])
        assert mails_to("olga@example.com")[-1] == "key_made"

    def test_makes_one_of_the_operator_s_own(self, olgas) -> None:
        answer = olgas.post(f"{KEYS}/own", data={"name": "reports", "expiry": "90"})
        (shown,) = set(KEY.findall(answer.text))
        key = caller_by_text(shown, now=clock.now())
        assert (key.kind, key.user_id, key.scope) == (KeyKind.OPERATOR, "olga", "read")

    @pytest.mark.parametrize(
        ("field", "sent"),
        [
            ("name", {"name": ""}),
            ("limited_to", {"limited_to": "nobody"}),
            ("limited_to", {"limited_to": "olga"}),
            ("attribute_to", {"attribute_to": "nobody"}),
            ("attribute_to", {"attribute_to": "ben", "limited_to": "ada"}),
            ("attribute_by", {"attribute_by": "user"}),
            ("attribute_by", {"attribute_by": "end_user\nmetadata.user"}),
            ("expires_on", {"expiry": "date", "expires_on": "2020-01-01"}),
        ],
    )
    def test_says_at_the_field_why_not(self, olgas, ada, ben, field, sent) -> None:
        answer = olgas.post(f"{KEYS}/gateway", data={"name": "main", **sent})
        assert answer.status_code == 422
        assert re.search(rf'id="{field}-errors"[^>]*role="alert"', answer.text)
        assert session.query(Key).count() == 0


class TestReplaceAndRevoke:
    @pytest.mark.parametrize(
        ("kind", "user_id"), [(KeyKind.GATEWAY, None), (KeyKind.OPERATOR, "otto")]
    )
    def test_reach_every_key_of_the_house(self, olgas, kind, user_id) -> None:
        make_account("otto", role="operator")
        old = make_key(kind, user_id=user_id, name="main")
        number = sole().id
        assert "Replace main" in olgas.get(f"{KEYS}/{number}/replace").text
        answer = olgas.post(f"{KEYS}/{number}/replace", data={"overlap": "24h"})
        (shown,) = set(KEY.findall(answer.text))
        assert caller_by_text(shown, now=clock.now()).user_id == user_id
        assert "at once" in olgas.get(f"{KEYS}/{number}/revoke").text
        gone = olgas.post(f"{KEYS}/{number}/revoke")
        assert (gone.status_code, gone.location) == (303, KEYS)
        assert "The key is revoked" in olgas.get(KEYS).text
        with pytest.raises(KeyUnknown):
            caller_by_text(old.text, now=clock.now())
        assert [action for action, _ in acts_of_olga()] == ["key_replaced", "key_revoked"]
        assert "key_replaced" in mails_to(f"{user_id or 'olga'}@example.com")

    def test_stop_at_the_most_that_work(self, olgas, monkeypatch) -> None:
        monkeypatch.setattr(key_rules, "WORKING_MAX", 1)
        make_key(KeyKind.GATEWAY)
        answer = olgas.post(f"{KEYS}/{sole().id}/replace", data={"overlap": "24h"})
        assert answer.status_code == 422 and "Revoke one first." in answer.text
        assert sole().replaced_by is None

    @pytest.mark.parametrize("act", ["replace", "revoke"])
    def test_leave_customers_keys_alone(self, olgas, ada, act) -> None:
        make_key(KeyKind.CUSTOMER, user_id="ada")
        answer = olgas.post(f"{KEYS}/{sole().id}/{act}", data={"overlap": "now"})
        assert answer.status_code == 404 and sole().revoked_at is None


@pytest.mark.parametrize("path", ["/gateway", "/own", "/1/replace", "/1/revoke"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_asks_for_the_password_first(olgas, olga, path, method) -> None:
    make_key(KeyKind.GATEWAY)
    let_the_password_age(olga)
    asked = olgas.open(KEYS + path, method=method, data={"name": "x", "overlap": "now"})
    assert (asked.status_code, asked.location) == (303, f"/confirm-password?next={KEYS}{path}")
    assert sole().revoked_at is None
    assert olgas.get(KEYS).status_code == 200

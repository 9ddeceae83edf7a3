"""The customer's own keys: made once, replaced and revoked by nobody else."""

import re
from datetime import timedelta

import pytest

from app import create_app
from app.domain.accounts import key_rules, queries, security_journal, sessions
from app.domain.accounts import operations as accounts
from app.domain.accounts.callers import caller_by_text
from app.domain.accounts.errors import KeyUnknown
from app.domain.accounts.key_lists import ENDED_SHOWN_MAX
from app.domain.accounts.models import Account, Key
from app.foundation import clock
from app.foundation.database import db, session, transaction
from app.foundation.secret_keys import KeyKind
from tests.entrypoints.web.conftest import (
    HTMX,
    PASSWORD,
    let_the_password_age,
    signed_in,
    words_of,
)
from tests.factories.accounts import make_key
from tests.factories.mailed_links import mails_to
from tests.statements import statements
from tests.tabs import tab, with_typed

KEY = re.compile(r"obl_sk_[0-9A-Za-z]{46}")
STATEMENTS_MAX = 10


def key_owner(key: Key) -> Account:
    return queries.account(key.user_id)


@pytest.fixture
def adas_key(ada) -> Key:
    make_key(KeyKind.CUSTOMER, user_id="ada", name="Ada's script")
    return session.query(Key).filter_by(user_id="ada").one()


def test_an_empty_list_says_what_keys_are_for(adas) -> None:
    assert "No keys yet" in adas.get("/keys").text


class TestMake:
    def test_makes_none_for_a_session_that_ends_meanwhile(self, adas, ada, monkeypatch) -> None:
        real = accounts.lock_in_use

        def lock_in_use(user_id: str) -> Account:
            # Whoever held the account before has ended it.
            account = real(user_id)
            sessions.end_all(account, now=clock.now())
            return account

        monkeypatch.setattr(accounts, "lock_in_use", lock_in_use)
        answer = adas.post("/keys", data={"name": "Reporting"})
        assert answer.status_code == 404 and not KEY.search(answer.text)
        assert session.query(Key).count() == 0

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_shows_the_key_this_once(self, adas, headers) -> None:
        answer = adas.post("/keys", data={"name": "Reporting"}, headers=headers)
        assert answer.status_code == 200
        shown = set(KEY.findall(answer.text))
        assert len(shown) == 1
        key = caller_by_text(shown.pop(), now=clock.now())
        assert (key.user_id, key.name) == ("ada", "Reporting")
        later = adas.get("/keys").text
        assert "Reporting" in later and not KEY.search(later)

    def test_a_form_sent_twice_makes_one_until_that_is_read(self, app, adas, ada) -> None:
        elsewhere = signed_in(app, ada)
        sent = with_typed(tab(adas, "/keys"), name="Reporting")
        answers = [browser.post("/keys", data=sent, headers=HTMX) for browser in (adas, elsewhere)]
        assert [answer.status_code for answer in answers] == [200, 422]
        assert "its key is made, and was shown that once" in answers[1].text
        assert not KEY.search(answers[1].text) and session.query(Key).count() == 1
        again = with_typed(
            sent, once=re.search(r'name="once"[^>]*value="([^"]+)"', answers[1].text)[1]
        )
        assert KEY.search(adas.post("/keys", data=again).text)
        assert session.query(Key).count() == 2

    @pytest.mark.parametrize("name", ["", "   ", "x" * 81])
    def test_says_at_the_field_why_not(self, adas, name) -> None:
        answer = adas.post("/keys", data={"name": name}, headers=HTMX)
        assert answer.status_code == 422
        assert re.search(r'id="name-errors"[^>]*role="alert"[^>]*><span>', answer.text)
        assert session.query(Key).count() == 0

    def test_a_name_has_spaces_where_nobody_could_see_anything(self, adas) -> None:
        assert "a b" in adas.post("/keys", data={"name": "a\0b"}).text

    def test_a_name_is_text_not_html(self, adas) -> None:
        answer = adas.post("/keys", data={"name": "<script>alert(1)</script>"})
        assert "<script>alert" not in answer.text and "&lt;script&gt;alert" in answer.text

    def test_asks_for_the_password_if_that_was_long_ago(self, adas, ada) -> None:
        let_the_password_age(ada)
        sent = {"scope": "write", "expiry": "date", "expires_on": "2027-01-31"}
        asked = adas.post("/keys", data={"name": "My script", **sent})
        typed = "name%3DMy%2Bscript%26scope%3Dwrite%26expiry%3Ddate%26expires_on%3D2027-01-31"
        assert (asked.status_code, asked.location) == (303, f"/confirm-password?next=/keys?{typed}")
        assert session.query(Key).count() == 0
        back = adas.post(asked.location, data={"password": PASSWORD})
        form = adas.get(back.location).text
        assert 'value="My script"' in form and 'value="2027-01-31"' in form
        assert form.count("<option selected") == 2
        assert '<option selected value="write"' in form and '<option selected value="date"' in form
        assert adas.post("/keys", data={"name": "My script"}).status_code == 200
        assert session.query(Key).count() == 1

    def test_leads_htmx_to_the_whole_page_that_asks(self, adas, ada) -> None:
        let_the_password_age(ada)
        asked = adas.post("/keys", data={"name": "x"}, headers=HTMX)
        assert asked.status_code == 403 and asked.text == ""
        assert asked.headers["HX-Redirect"].startswith("/confirm-password?next=/keys?name%3Dx%26")

    def test_stands_in_the_journal(self, adas, ada) -> None:
        adas.post("/keys", data={"name": " Reporting "})
        event = security_journal.events_of(ada)[0]
        assert (event.action, event.details["key"]) == ("key_made", "Reporting")

    @pytest.mark.parametrize(
        ("sent", "scope", "days"),
        [
            ({}, "read", 365),
            ({"scope": "write", "expiry": "never"}, "write", None),
            ({"expiry": "30"}, "read", 30),
            ({"expiry": "90"}, "read", 90),
            # Only a day that was asked for counts.
            ({"expiry": "never", "expires_on": "2027-01-31"}, "read", None),
        ],
    )
    def test_keeps_what_was_chosen(self, adas, sent, scope, days) -> None:
        assert adas.post("/keys", data={"name": "ci", **sent}).status_code == 200
        key = session.query(Key).one()
        lasts = None if key.expires_at is None else (key.expires_at - key.created_at).days
        assert (key.scope, lasts) == (scope, days)

    def test_lasts_to_the_end_of_a_day_in_the_owner_s_zone(self, adas, ada) -> None:
        with transaction():
            queries.account("ada").timezone = "Asia/Shanghai"
        day = (clock.now() + timedelta(days=40)).date()
        adas.post("/keys", data={"name": "ci", "expiry": "date", "expires_on": day.isoformat()})
        ends_at = session.query(Key).one().expires_at
        assert (ends_at.date(), ends_at.hour) == (day, 16)

    @pytest.mark.parametrize("day", ["", "2020-01-01", "2099-01-01", "nonsense", "31.12.2026"])
    def test_says_at_the_day_why_not(self, adas, day) -> None:
        sent = {"name": "ci", "expiry": "date", "expires_on": day}
        answer = adas.post("/keys", data=sent, headers=HTMX)
        assert answer.status_code == 422
        assert re.search(r'id="expires_on-errors"[^>]*role="alert"', answer.text)
        assert session.query(Key).count() == 0

    @pytest.mark.parametrize("name", ["scope", "expiry"])
    def test_takes_no_choice_that_was_not_offered(self, adas, name) -> None:
        answer = adas.post("/keys", data={"name": "ci", name: "everything"})
        assert answer.status_code == 422 and session.query(Key).count() == 0

    def test_tells_the_owner_by_mail(self, adas) -> None:
        adas.post("/keys", data={"name": "ci"})
        assert "key_made" in mails_to("ada@example.com")

    def test_stops_at_the_most(self, adas, adas_key, monkeypatch) -> None:
        monkeypatch.setattr(key_rules, "WORKING_MAX", 1)
        answer = adas.post("/keys", data={"name": "ci"})
        assert answer.status_code == 422 and "Revoke one first." in answer.text


class TestList:
    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({}, "active never expires"),
            ({"expires_at": timedelta(days=30)}, "active until"),
            ({"expires_at": timedelta(days=6)}, "expires soon on"),
            ({"expires_at": timedelta(days=-1)}, "expired on"),
            ({"revoked_at": timedelta(days=-1)}, "revoked on"),
        ],
    )
    def test_says_how_a_key_stands(self, adas, changes, says) -> None:
        given = {name: clock.now() + later for name, later in changes.items()}
        make_key(KeyKind.CUSTOMER, user_id="ada", name="ci", **given)
        page = words_of(adas.get("/keys").text)
        assert says in page
        assert ("ci expires soon Programs that use it are refused from" in page) == (
            says == "expires soon on"
        )

    def test_says_when_it_was_used_and_what_it_may(self, adas, client) -> None:
        key = make_key(KeyKind.CUSTOMER, user_id="ada", scope="read")
        before = words_of(adas.get("/keys").text)
        assert "Only read" in before and "never never" not in before
        by_program = {"Authorization": f"Bearer {key.text}"}
        assert client.get("/v1/billing/stats", headers=by_program).status_code == 200
        used = session.query(Key).one().last_used_at
        assert f"{used:%H:%M:%S}" in adas.get("/keys").text


class TestReplace:
    def test_shows_the_new_key_this_once(self, adas, ada) -> None:
        old = make_key(KeyKind.CUSTOMER, user_id="ada", name="ci", scope="read")
        number = session.query(Key).one().id
        asked = adas.get(f"/keys/{number}/replace").text
        assert "Replace ci" in asked and old.shown_prefix in asked
        answer = adas.post(f"/keys/{number}/replace", data={"overlap": "1h"})
        (shown,) = set(KEY.findall(answer.text))
        assert f"It takes the place of {old.shown_prefix}…, which works until" in words_of(
            answer.text
        )
        for text in (shown, old.text):
            key = caller_by_text(text, now=clock.now())
            assert (key.name, key.scope) == ("ci", "read")
        later = clock.now() + timedelta(hours=1)
        with pytest.raises(KeyUnknown):
            caller_by_text(old.text, now=later)
        page = adas.get("/keys").text
        assert "being replaced" in page and not KEY.search(page)
        assert mails_to("ada@example.com")[-1] == "key_replaced"
        assert security_journal.events_of(ada)[0].action == "key_replaced"

    def test_a_form_sent_twice_makes_one_key(self, adas, adas_key) -> None:
        first = adas.post(f"/keys/{adas_key.id}/replace", data={"overlap": "24h"})
        again = adas.post(f"/keys/{adas_key.id}/replace", data={"overlap": "24h"})
        assert (first.status_code, again.status_code) == (200, 409)
        assert "has been replaced already" in again.text
        assert session.query(Key).count() == 2

    def test_stops_at_the_most_that_work(self, adas, adas_key, monkeypatch) -> None:
        monkeypatch.setattr(key_rules, "WORKING_MAX", 1)
        answer = adas.post(f"/keys/{adas_key.id}/replace", data={"overlap": "24h"})
        assert answer.status_code == 422 and "Revoke one first." in answer.text
        assert session.query(Key).count() == 1

    def test_at_once_leaves_no_moment(self, adas, ada) -> None:
        old = make_key(KeyKind.CUSTOMER, user_id="ada")
        number = session.query(Key).one().id
        answer = adas.post(f"/keys/{number}/replace", data={"overlap": "now"})
        assert "which no longer works" in answer.text
        with pytest.raises(KeyUnknown):
            caller_by_text(old.text, now=clock.now())

    def test_takes_no_overlap_that_was_not_offered(self, adas, adas_key) -> None:
        answer = adas.post(f"/keys/{adas_key.id}/replace", data={"overlap": "100y"})
        assert answer.status_code == 422
        assert session.query(Key).count() == 1


class TestRevoke:
    def test_ends_the_key(self, adas, adas_key) -> None:
        text = make_key(KeyKind.CUSTOMER, user_id="ada").text
        key = caller_by_text(text, now=clock.now())
        asked = adas.get(f"/keys/{key.id}/revoke").text
        assert "Programs that use it get 401 at once." in asked
        answer = adas.post(f"/keys/{key.id}/revoke")
        assert (answer.status_code, answer.location) == (303, "/keys")
        page = adas.get("/keys").text
        assert "is revoked" in page and "Keys that have ended" in page
        with pytest.raises(KeyUnknown):
            caller_by_text(text, now=clock.now())
        assert security_journal.events_of(key_owner(key))[0].action == "key_revoked"

    def test_holds_at_once_in_another_process(self, adas, app, settings) -> None:
        text = make_key(KeyKind.CUSTOMER, user_id="ada").text
        number = session.query(Key).one().id
        elsewhere, by = create_app(settings, TESTING=True), {"Authorization": f"Bearer {text}"}
        stats = "/v1/billing/stats"
        assert elsewhere.test_client().get(stats, headers=by).status_code == 200
        adas.post(f"/keys/{number}/revoke")
        assert elsewhere.test_client().get(stats, headers=by).status_code == 401
        with elsewhere.app_context():
            db.engine.dispose()


class TestEndedKeys:
    def test_are_all_there_page_by_page(self, adas, ada, now) -> None:
        for number in range(ENDED_SHOWN_MAX + 1):
            revoked_at = now - timedelta(days=number)
            make_key(KeyKind.CUSTOMER, user_id="ada", name=f"old-{number}-", revoked_at=revoked_at)
        first, last = f"old-{ENDED_SHOWN_MAX - 1}-", f"old-{ENDED_SHOWN_MAX}-"
        page = adas.get("/keys").text
        assert first in page and last not in page and 'hx-get="/keys?page=2"' in page
        older = adas.get("/keys?page=2").text
        assert last in older and first not in older
        # What was asked for is open, and the form beside it is as it was.
        assert '<details id="ended-keys" class="ended-keys" open' in older
        assert '<details id="ended-keys" class="ended-keys" hx-target' in " ".join(page.split())
        assert (
            '<option selected value="read">' in page and '<option selected value="read">' in older
        )


@pytest.mark.parametrize("act", ["replace", "revoke"])
class TestActs:
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_ask_for_the_password_first(self, adas, ada, adas_key, act, method) -> None:
        let_the_password_age(ada)
        path = f"/keys/{adas_key.id}/{act}"
        asked = adas.open(path, method=method)
        assert (asked.status_code, asked.location) == (303, f"/confirm-password?next={path}")
        session.refresh(adas_key)
        assert adas_key.revoked_at is adas_key.replaced_by is None
        back = adas.post(asked.location, data={"password": PASSWORD})
        assert back.location == path and adas.get(path).status_code == 200

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_bens_hand_does_not_reach_adas_key(self, bens, adas_key, act, method) -> None:
        answer = bens.open(f"/keys/{adas_key.id}/{act}", method=method, data={"overlap": "now"})
        assert answer.status_code == 404
        assert "Ada's script" not in answer.text
        session.refresh(adas_key)
        assert adas_key.revoked_at is adas_key.replaced_by is None

    @pytest.mark.parametrize("number", ["0", "999", str(2**63 - 1), str(2**63), "x", "-1"])
    def test_answer_404_for_what_is_not_there(self, adas, act, number) -> None:
        assert adas.get(f"/keys/{number}/{act}").status_code == 404
        assert adas.post(f"/keys/{number}/{act}").status_code == 404

    def test_leave_the_keys_of_gateways_alone(self, adas, act) -> None:
        make_key(KeyKind.GATEWAY)
        number = session.query(Key).one().id
        assert adas.post(f"/keys/{number}/{act}").status_code == 404


def test_ben_sees_nothing_of_adas(bens, adas_key) -> None:
    page = bens.get("/keys").text
    assert "Ada" not in page and adas_key.public_id not in page


def test_takes_few_statements(adas, adas_key) -> None:
    with statements() as sent:
        adas.get("/keys")
    assert len(sent) <= STATEMENTS_MAX, sent

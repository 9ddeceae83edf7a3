"""Setting the second factor up, and what it costs to switch it off."""

import re
from dataclasses import replace

import pytest

from app.domain.accounts import factors, queries, recovery_codes, sessions
from app.domain.accounts.models import Account
from app.foundation import clock
from app.foundation.database import transaction
from tests.entrypoints.web.conftest import PASSWORD, let_the_password_age, link_in, signed_in
from tests.factories.accounts import make_account
from tests.factories.factors import code_now, make_factor, wrong_code
from tests.factories.mailed_links import mails_to

PAGE = "/settings/security/factor"
CODE = re.compile(r"\b[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}\b")


def secret_on(page: str) -> str:
    return re.search(r'id="factor-secret">([A-Z2-7]{32})<', page)[1]


class TestSettingUp:
    def test_shows_a_picture_takes_a_code_and_shows_the_paper_once(self, adas, ada) -> None:
        assert adas.post(f"{PAGE}/begin").location == PAGE
        page = adas.get(PAGE).text
        assert '<svg class="qr-code"' in page and "style=" not in page
        secret = secret_on(page)
        answer = adas.post(f"{PAGE}/confirm", data={"code": code_now(secret, now=clock.now())})
        assert answer.status_code == 200 and "It is on" in answer.text
        assert len(set(CODE.findall(answer.text))) == 10
        assert secret not in answer.text
        later = adas.get(PAGE).text
        assert not CODE.search(later) and "10 left" in later
        assert mails_to(ada.email) == ["second_factor_on"]

    def test_loaded_anew_says_how_to_get_codes_again(self, adas, ada) -> None:
        adas.post(f"{PAGE}/begin")
        sent = {"code": code_now(secret_on(adas.get(PAGE).text), now=clock.now())}
        kept = CODE.findall(adas.post(f"{PAGE}/confirm", data=sent).text)
        # More often than codes are drawn in an hour.
        for _ in range(12):
            again = adas.post(f"{PAGE}/confirm", data=sent)
            assert (again.status_code, again.location) == (303, PAGE)
        page = adas.get(PAGE).text
        assert "if you have not kept them, make new ones below" in page and "10 left" in page
        assert "Make new recovery codes" in page and not CODE.search(page)
        with transaction():
            assert recovery_codes.use_up(ada, kept[0], now=clock.now())
        assert mails_to(ada.email) == ["second_factor_on"]

    def test_sent_twice_at_once_says_so_too(self, adas, ada, monkeypatch) -> None:
        adas.post(f"{PAGE}/begin")
        sent = {"code": code_now(secret_on(adas.get(PAGE).text), now=clock.now())}
        adas.post(f"{PAGE}/confirm", data=sent)
        # The other one had not switched it on yet.
        monkeypatch.setattr(factors, "check_is_off", lambda account: None)
        assert adas.post(f"{PAGE}/confirm", data=sent).location == PAGE

    def test_is_nothing_for_a_session_that_ends_meanwhile(self, adas, ada, monkeypatch) -> None:
        adas.post(f"{PAGE}/begin")
        code = code_now(secret_on(adas.get(PAGE).text), now=clock.now())
        real = recovery_codes.draw

        def draw():
            # To hash them all takes a second.
            with transaction():
                sessions.end_all(queries.account("ada"), now=clock.now())
            return real()

        monkeypatch.setattr(recovery_codes, "draw", draw)
        assert adas.post(f"{PAGE}/confirm", data={"code": code}).status_code == 404
        assert not factors.is_on(ada)

    def test_says_that_the_code_is_wrong(self, adas, ada) -> None:
        adas.post(f"{PAGE}/begin")
        secret = secret_on(adas.get(PAGE).text)
        wrong = {"code": wrong_code(secret, now=clock.now())}
        answer = adas.post(f"{PAGE}/confirm", data=wrong)
        assert answer.status_code == 422
        assert "This is not the code that the app shows now." in answer.text
        assert secret_on(answer.text) == secret
        assert not factors.is_on(ada)

    def test_wants_a_verified_address(self, adas, ada) -> None:
        with transaction():
            ada.email_verified_at = None
        assert "Verify ada@example.com first" in adas.get(PAGE).text
        adas.post(f"{PAGE}/begin")
        assert "Verify your mail address first." in adas.get(PAGE).text
        assert not factors.view_of(ada).is_begun

    def test_leads_whoever_has_not_verified_it_all_the_way(self, adas, ada) -> None:
        with transaction():
            ada.email_verified_at = None
        page = adas.get(PAGE).text
        # The mail is one button away, and a wrong address is no dead end.
        assert 'action="/settings/security/verification"' in page and "Send the link" in page
        assert '<a href="/settings/security">Change it</a>' in page
        assert f'action="{PAGE}/begin"' not in page
        sent = adas.post("/settings/security/verification")
        assert "We sent a link to ada@example.com." in adas.get(sent.location).text
        adas.post(link_in("verify_email", to="ada@example.com"))
        assert f'action="{PAGE}/begin"' in adas.get(PAGE).text

    def test_confirming_what_was_never_begun_is_a_conflict(self, adas) -> None:
        assert adas.post(f"{PAGE}/confirm", data={"code": "123456"}).status_code == 409


class TestBeingOn:
    @pytest.fixture
    def on(self, adas, ada):
        """Ada's browser, where her second factor is on."""
        make_factor(ada, now=clock.now())
        return adas

    def test_new_codes_take_the_place_of_the_old(self, on, ada) -> None:
        answer = on.post(f"{PAGE}/codes")
        assert len(set(CODE.findall(answer.text))) == 10
        with transaction():
            assert not recovery_codes.use_up(ada, "2222-BCDE-FGHJ", now=clock.now())

    def test_is_switched_off(self, on, ada) -> None:
        assert on.post(f"{PAGE}/off").location == "/settings/security"
        assert "The second factor is off." in on.get("/settings/security").text
        assert not factors.is_on(ada)

    def test_there_is_nothing_to_begin(self, on) -> None:
        on.post(f"{PAGE}/begin")
        assert "The second factor is on already." in on.get(PAGE).text

    def test_there_are_no_codes_where_it_is_off(self, bens, ben) -> None:
        assert bens.post(f"{PAGE}/codes").location == PAGE
        assert recovery_codes.left_count(ben) == 0


@pytest.mark.parametrize("path", ["/begin", "/confirm", "/codes", "/off"])
def test_wants_the_password_again(adas, ada, path) -> None:
    let_the_password_age(ada)
    for answer in (adas.get(PAGE), adas.post(PAGE + path, data={"code": "123456"})):
        assert answer.location == f"/confirm-password?next={PAGE}"


class TestOperators:
    @pytest.fixture
    def olga(self, app, now, password_hash) -> Account:
        """The operator, who signs in with a password."""
        return make_account("olga", now=now, role="operator", password_hash=password_hash)

    @pytest.fixture
    def production(self, app) -> None:
        app.config["SETTINGS"] = replace(app.config["SETTINGS"], production=True)

    def test_need_no_verified_address(self, app, olga) -> None:
        # Their accounts are made by hand; what they reach needs the factor all the more.
        with transaction():
            olga.email_verified_at = None
        browser = signed_in(app, olga)
        assert f'action="{PAGE}/begin"' in browser.get(PAGE).text
        browser.post(f"{PAGE}/begin")
        assert factors.view_of(olga).is_begun

    def test_must_set_it_up_before_anything_else(self, app, olga, production) -> None:
        browser = signed_in(app, olga)
        for path in ("/operator", "/operator/payments", "/settings/security"):
            assert browser.get(path).location == PAGE
        browser.post(f"{PAGE}/begin")
        secret = secret_on(browser.get(PAGE).text)
        browser.post(f"{PAGE}/confirm", data={"code": code_now(secret, now=clock.now())})
        assert browser.get("/operator").status_code == 200

    def test_can_still_leave_and_enter_the_password(self, app, olga, production) -> None:
        browser = signed_in(app, olga)
        let_the_password_age(olga)
        asked = browser.get(PAGE)
        assert browser.post(asked.location, data={"password": PASSWORD}).location == PAGE
        assert browser.post("/logout").location == "/login"

    def test_need_none_in_a_demo(self, app, olga) -> None:
        assert signed_in(app, olga).get("/operator").status_code == 200

    def test_customers_need_none(self, adas, production) -> None:
        assert adas.get("/keys").status_code == 200

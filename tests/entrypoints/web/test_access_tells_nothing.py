"""Neither words nor work tell a stranger which addresses have an account.

The time of an answer is made of what is done for it: hashes of passwords, statements, commits.
These are counted, so that the proof does not depend on how busy a machine is.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import argon2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.engine import Engine
from werkzeug.test import TestResponse

from app.domain.accounts import passwords
from app.domain.accounts.models import Account
from app.entrypoints.jobs.promises import work_off_outbox
from app.foundation.database import session
from app.foundation.outbox import OutboxEntry
from tests.entrypoints.web.conftest import PASSWORD, link_in, signed_in
from tests.factories.factors import make_factor
from tests.factories.mailed_links import mails_to
from tests.statements import statements

# New for each browser, whoever asks.
FORM_TOKEN = re.compile(r'(?<=value=")[\w.-]{60,}(?=")')
KNOWN, UNKNOWN = "ada@example.com", "eve@example.com"


class CountedHasher(argon2.PasswordHasher):
    """Hashes as before, and counts how often."""

    count = 0

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        """Hash, and count it."""
        self.count += 1
        return super().hash(password, salt=salt)

    def verify(self, stored: str | bytes, password: str | bytes) -> bool:
        """Verify, and count it."""
        self.count += 1
        return super().verify(stored, password)


@pytest.fixture
def hasher(monkeypatch: pytest.MonkeyPatch, ada: Account) -> CountedHasher:
    hasher = CountedHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", hasher)
    return hasher


@pytest.fixture
def mailing(app: Flask) -> FlaskClient:
    """A browser at an installation that sends its mails."""
    settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(settings, smtp_url="smtp://127.0.0.1:9")
    return app.test_client()


@contextmanager
def commits() -> Iterator[list[str]]:
    """Collect what is committed or rolled back inside."""
    ended: list[str] = []
    listeners = {name: lambda _, name=name: ended.append(name) for name in ("commit", "rollback")}
    for name, listener in listeners.items():
        event.listen(Engine, name, listener)
    yield ended
    for name, listener in listeners.items():
        event.remove(Engine, name, listener)


def work_of(
    browser: FlaskClient, address: str, hasher: CountedHasher, **form: str
) -> tuple[object, ...]:
    """Post the form, and return all that was done for it and all that was said."""
    before = hasher.count
    with statements() as sent, commits() as ended:
        answer: TestResponse = browser.post(address, data=form)
    said = FORM_TOKEN.sub("…", answer.text.replace(form["email"], "…"))
    kinds = [statement.split(None, 3)[:3] for statement in sent]
    kept = sorted(name for name, _ in answer.headers)
    return answer.status_code, said, kept, hasher.count - before, kinds, ended


class TestSignIn:
    def test_works_alike_for_whoever_is_unknown(self, app: Flask, hasher, ada) -> None:
        works = []
        for email in (KNOWN, UNKNOWN):
            sent = {"email": email, "password": "not the right one"}
            works.append(work_of(app.test_client(), "/login", hasher, **sent))
        assert works[0] == works[1]
        assert works[0][3] == 1, "one password is verified, whoever it is"

    def test_works_alike_in_a_browser_that_is_known_for_an_account_of_its_own(
        self, app: Flask, hasher, ada, ben
    ) -> None:
        browser = app.test_client()
        browser.post("/login", data={"email": ben.email, "password": PASSWORD})
        device, works = browser.get_cookie("device").value, []
        for email in (KNOWN, UNKNOWN):
            visitor = app.test_client()
            visitor.set_cookie("device", device)
            works.append(work_of(visitor, "/login", hasher, email=email, password="not right"))
        assert works[0] == works[1]

    def test_tells_of_a_second_factor_only_whoever_knows_the_password(
        self, app: Flask, hasher, ada
    ) -> None:
        plain = work_of(app.test_client(), "/login", hasher, email=KNOWN, password="wrong")
        make_factor(ada)
        guarded = work_of(app.test_client(), "/login", hasher, email=KNOWN, password="wrong")
        assert plain == guarded


class TestReset:
    def test_works_alike_for_whoever_is_unknown(self, app: Flask, hasher, ada) -> None:
        works = [work_of(app.test_client(), "/forgot", hasher, email=e) for e in (KNOWN, UNKNOWN)]
        assert works[0] == works[1]
        assert works[0][3] == 0


class TestAnotherAddress:
    def test_works_alike_for_one_that_somebody_has(self, app: Flask, hasher, ada, ben, pia) -> None:
        works = []
        for account, email in ((ada, ben.email), (pia, UNKNOWN)):
            browser = signed_in(app, account)
            form = {"email": email}
            works.append(work_of(browser, "/settings/security/email", hasher, **form))
        assert works[0] == works[1]
        assert works[0][0] == 303


class TestRegister:
    def test_works_alike_for_whoever_has_an_account(self, mailing, hasher, ada) -> None:
        new_browser = mailing.application.test_client
        emails = (KNOWN, UNKNOWN, "a@b.co")
        works = [work_of(new_browser(), "/register", hasher, email=each) for each in emails]
        assert works[0] == works[1] == works[2]
        assert works[0][0] == 200 and "Look into your mail" in works[0][1]

    def test_asks_for_no_password_where_mails_go_out(self, mailing) -> None:
        assert 'name="password"' not in mailing.get("/register").text

    def test_refuses_what_is_no_address_or_zone(self, mailing) -> None:
        for wrong in ({"email": "nowhere"}, {"email": UNKNOWN, "timezone": "Mars/Olympus"}):
            assert mailing.post("/register", data=wrong).status_code == 422

    def test_the_new_customer_is_a_click_and_a_password_away(self, mailing) -> None:
        mailing.post("/register", data={"email": UNKNOWN, "timezone": "Europe/Berlin"})
        settings = mailing.application.config["SETTINGS"]
        # What is mailed is kept for the test, instead of knocking at a server that is not there.
        mailing.application.config["SETTINGS"] = replace(settings, smtp_url="")
        work_off_outbox()
        link = link_in("finish_registration", to=UNKNOWN)
        assert mailing.get(link).status_code == 200
        assert mailing.post(link, data={"password": PASSWORD}).status_code == 303
        signed = mailing.post("/login", data={"email": UNKNOWN, "password": PASSWORD})
        assert signed.status_code == 302
        page = mailing.get("/").text
        assert f"Is {UNKNOWN} yours?" not in page and UNKNOWN.replace("@", "@<wbr>") in page

    def test_the_account_speaks_what_the_page_spoke(self, mailing) -> None:
        chinese = {"Accept-Language": "zh-CN"}
        mailing.post("/register", data={"email": UNKNOWN, "timezone": "UTC"}, headers=chinese)
        settings = mailing.application.config["SETTINGS"]
        mailing.application.config["SETTINGS"] = replace(settings, smtp_url="")
        work_off_outbox()
        assert session.query(Account).filter_by(email=UNKNOWN).one().locale == "zh"
        # Nothing is left of who asked, and from where.
        assert {str(entry.payload) for entry in session.query(OutboxEntry)} == {"{}"}

    def test_the_owner_is_told(self, mailing, ada) -> None:
        mailing.post("/register", data={"email": " ADA@example.com "})
        mailing.application.config["SETTINGS"] = replace(
            mailing.application.config["SETTINGS"], smtp_url=""
        )
        work_off_outbox()
        assert mails_to(KNOWN) == ["registration_tried"]
        assert session.query(Account).count() == 1

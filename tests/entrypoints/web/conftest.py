"""Customers who have signed in with a password, and what their pages are asked."""

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask, current_app
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from app.domain.accounts import passwords, queries
from app.domain.accounts.access_models import SignInSession
from app.domain.accounts.models import Account
from app.domain.mails.models import Mail
from app.entrypoints.letters import write_letter
from app.foundation import clock
from app.foundation.database import session, transaction
from tests.factories.accounts import make_account

PASSWORD = "correct horse battery staple"
HTMX = {"HX-Request": "true"}


@pytest.fixture(scope="session")
def password_hash() -> str:
    """The hash of everybody's password, made once: it is slow by design."""
    return passwords.hash_password(PASSWORD)


@pytest.fixture
def ada(app: Flask, now: datetime, password_hash: str) -> Account:
    """The customer whose pages are under test."""
    return make_account("ada", now=now, password_hash=password_hash)


@pytest.fixture
def ben(app: Flask, now: datetime, password_hash: str) -> Account:
    """A stranger who must see nothing of Ada's."""
    return make_account("ben", now=now, password_hash=password_hash)


def words(page: str) -> str:
    """Return what is read on a page, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def signed_in(app: Flask, account: Account) -> FlaskClient:
    """Return a browser in which the account has signed in."""
    browser = app.test_client()
    answer = browser.post("/login", data={"email": account.email, "password": PASSWORD})
    assert answer.status_code == 302
    return browser


def saved(browser: FlaskClient, page: str, sent: dict, headers: dict | None = None) -> TestResponse:
    """Send a page's form, and return what says that it is saved: without htmx, the page anew."""
    answer = browser.post(page, data=sent, headers=headers)
    assert answer.status_code == (200 if headers else 303)
    return answer if headers else browser.get(answer.location)


def let_the_password_age(account: Account, *, minutes: int = 15) -> None:
    """Let it be a while ago that the account's password was entered."""
    entered = clock.now() - timedelta(minutes=minutes)
    with transaction():
        session.execute(
            update(SignInSession)
            .where(SignInSession.user_id == account.id)
            .values(password_entered_at=entered)
        )


def link_in(kind: str, *, to: str, leads: str = "verify|undo|reset") -> str:
    """Return the path of the first such link in the latest mail of this kind to this address."""
    mail = session.query(Mail).filter_by(kind=kind, address=to).order_by(Mail.id.desc()).first()
    letter = write_letter(
        mail, queries.account(mail.user_id), settings=current_app.config["SETTINGS"]
    )
    link = re.search(rf"https?://[^/]+(/(?:{leads})/[\w-]+)", letter.text)[1]
    assert link in letter.html
    return link


@pytest.fixture
def adas(app: Flask, ada: Account) -> FlaskClient:
    """Ada's browser."""
    return signed_in(app, ada)


@pytest.fixture
def bens(app: Flask, ben: Account) -> FlaskClient:
    """Ben's browser."""
    return signed_in(app, ben)


@pytest.fixture
def pia(app: Flask, now: datetime, password_hash: str) -> Account:
    """A customer on Pro, whose extra token costs 0.00015 USD."""
    return make_account("pia", now=now, plan_id="plan-pro", password_hash=password_hash)


@pytest.fixture
def pias(app: Flask, pia: Account) -> FlaskClient:
    """Pia's browser."""
    return signed_in(app, pia)


def words_of(html: str) -> str:
    """Return what a page says, with a space wherever a tag stood."""
    words = " ".join(re.sub(r"<[^>]*>", " ", html).split())
    return re.sub(r" ([.,:;])", r"\1", words)

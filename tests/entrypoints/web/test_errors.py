"""What people read when something is not there, not theirs, or broken."""

import re

import pytest
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import Forbidden

from app.domain.accounts import sessions
from app.foundation.errors import Kind, Refusal
from tests.entrypoints.web.conftest import signed_in
from tests.factories.accounts import make_account
from tests.statements import statements

TOKEN = re.compile(r"[\w-]{40,}\.[\w-]{6}\.[\w-]{27}")
MUST_NOT_LEAK = ("Traceback", "sqlalchemy", "psycopg", "secret words")


@pytest.fixture
def olgas(app, now, password_hash):
    """The operator's browser."""
    return signed_in(
        app, make_account("olga", now=now, role="operator", password_hash=password_hash)
    )


def break_with(app, error: Exception) -> None:
    def view():
        raise error

    app.add_url_rule("/broken", "broken", view)


def refuse_in_web(app, error: Exception) -> None:
    def view():
        raise error

    app.add_url_rule("/refused", "web.refused", view)


@pytest.mark.parametrize(
    ("address", "status"),
    [("/nothing", 404), ("/usage/nothing", 404), ("/static/nothing.css", 404)],
)
def test_pages_that_are_not_there(client, address, status) -> None:
    answer = client.get(address)
    assert answer.status_code == status
    assert "To the overview" in answer.text
    assert answer.mimetype == "text/html"


def test_what_is_forbidden(app, client) -> None:
    break_with(app, Forbidden())
    answer = client.get("/broken")
    assert answer.status_code == 403 and "This page is not yours" in answer.text


def test_a_bug_says_nothing_about_itself(app, client) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    break_with(app, RuntimeError("secret words"))
    answer = client.get("/broken")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert not any(words in answer.text for words in MUST_NOT_LEAK)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (Kind.INVALID, 422),
        (Kind.NOT_FOUND, 404),
        (Kind.FORBIDDEN, 403),
        (Kind.CONFLICT, 409),
        (Kind.UNAUTHENTICATED, 404),
    ],
)
def test_refusals_are_pages_in_words(app, client, kind, status) -> None:
    refuse_in_web(app, Refusal("the_code", "The <reason> why not.", kind=kind))
    answer = client.get("/refused")
    assert answer.status_code == status
    assert "The &lt;reason&gt; why not." in answer.text


def test_a_link_to_nowhere_does_not_ask_the_database(client) -> None:
    assert "Sign out" not in client.get("/nothing").text


class TestFrames:
    def test_customers_keep_theirs(self, adas, ada) -> None:
        with statements() as sent:
            page = adas.get("/payments/pay-nothing").text
        assert "Sign out" in page and 'href="/plans"' in page and "To the overview" in page
        # Who looks, and what at.
        assert len(sent) == 2, sent

    def test_operators_keep_the_consoles(self, olgas) -> None:
        for address in ("/operator/nothing", "/operator/customers/nobody", "/nothing"):
            answer = olgas.get(address)
            assert answer.status_code == 404 and 'href="/operator/journal"' in answer.text
            assert 'href="/operator">To the overview' in answer.text

    def test_customers_learn_nothing_of_the_console(self, adas) -> None:
        addresses = ("/operator/customers", "/operator/no", "/nothing")
        pages = {address: adas.get(address) for address in addresses}
        assert {page.status_code for page in pages.values()} == {404}
        # Their menu leads to the console nowhere; that it knows where it stands tells nobody more,
        # nor do the tokens of its forms, in which the second stands.
        plain = {at: TOKEN.sub("", page.text) for at, page in pages.items()}
        texts = {text.replace(at, "") for at, text in plain.items()}
        (text,) = texts
        assert "Sign out" in text and 'href="/plans"' in text and "/operator" not in text

    def test_is_nobodys_after_a_bug(self, app, adas, monkeypatch) -> None:
        app.config["PROPAGATE_EXCEPTIONS"] = False
        monkeypatch.setitem(app.view_functions, "web.plans.index", lambda: 1 // 0)
        answer = adas.get("/plans")
        assert answer.status_code == 500 and "Sign out" not in answer.text

    def test_is_nobodys_while_the_store_is_away(self, app, adas, monkeypatch) -> None:
        def away(*_arguments: object, **_named: object) -> None:
            raise OperationalError("no", None, Exception("away"))

        monkeypatch.setattr(sessions, "find", away)
        app.config["PROPAGATE_EXCEPTIONS"] = False
        for address, status, words in (
            ("/plans", 503, "We will be right back"),
            ("/nothing", 404, "There is nothing here"),
        ):
            answer = adas.get(address)
            assert answer.status_code == status and words in answer.text
            assert "Sign out" not in answer.text

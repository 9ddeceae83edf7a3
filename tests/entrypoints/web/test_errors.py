"""What people read when something is not there, not theirs, or broken."""

import pytest
from werkzeug.exceptions import Forbidden

from app.foundation.errors import Kind, Refusal

MUST_NOT_LEAK = ("Traceback", "sqlalchemy", "psycopg", "secret words")


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
    [("/nothing", 404), ("/usage/nothing", 404), ("/static/nothing.css", 404), ("/logout", 405)],
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

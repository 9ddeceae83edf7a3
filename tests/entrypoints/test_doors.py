"""What stands behind the doors when nobody opens: problems for programs, pages for people."""

import logging

import pytest
from flask import Flask
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError

from app import create_app
from app.foundation.database import db
from app.foundation.errors import Kind, Refusal
from tests.html_lint import LintingClient

FIELDS = {"type", "title", "status", "detail", "code", "error"}


def problem_of(response, status: int) -> dict[str, object]:
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    body = response.json
    assert set(body) - {"errors"} == FIELDS
    assert body["status"] == status
    assert body["detail"] == body["error"]
    return body


def break_with(app: Flask, error: Exception, *, address: str) -> None:
    def view():
        raise error

    app.add_url_rule(address, address, view, methods=["GET", "POST"])


class TestForPrograms:
    @pytest.mark.parametrize("address", ["/v1/nothing", "/v1", "/api/nothing", "/webhooks/nobody"])
    def test_nothing_there(self, client, address) -> None:
        assert problem_of(client.get(address), 404)["code"] == "not_found"

    def test_another_method(self, client) -> None:
        response = client.post("/v1/billing/plans")
        assert problem_of(response, 405)["code"] == "method_not_allowed"
        assert "GET" in response.headers["Allow"]

    @pytest.mark.parametrize("kind", Kind)
    def test_each_kind_of_refusal_has_a_status(self, app, client, kind) -> None:
        break_with(app, Refusal("the_code", "The reason.", kind=kind), address="/v1/refused")
        response = client.get("/v1/refused")
        body = problem_of(response, response.status_code)
        assert 400 <= response.status_code < 600 and response.status_code != 500
        assert body["code"] == "the_code" and body["detail"] == "The reason."
        assert ("Retry-After" in response.headers) == (response.status_code in (429, 503))

    def test_refusals_may_say_when_to_come_back(self, app, client) -> None:
        refusal = Refusal("too_many_codes", "Wait a bit.", kind=Kind.TOO_MANY)
        refusal.retry_after_seconds = 1234
        break_with(app, refusal, address="/v1/refused")
        assert client.get("/v1/refused").headers["Retry-After"] == "1234"

    def test_what_clients_sent_comes_back_only_as_utf_8(self, app, client) -> None:
        break_with(app, Refusal("odd", "Not \ud800, please."), address="/v1/odd")
        assert problem_of(client.get("/v1/odd"), 422)["detail"] == "Not ?, please."

    @pytest.mark.parametrize("error", [OperationalError, InterfaceError])
    def test_the_store_is_away(self, app, client, error, caplog) -> None:
        away = error("SELECT secrets", {}, Exception("no route to host"))
        break_with(app, away, address="/v1/away")
        with caplog.at_level(logging.WARNING):
            response = client.get("/v1/away")
        assert problem_of(response, 503)["code"] == "store_away"
        assert "secrets" not in response.text
        assert int(response.headers["Retry-After"]) > 0
        assert "no route to host" in caplog.text
        # Thousands are refused meanwhile: each takes one line, without what was asked.
        away_lines = [each for each in caplog.messages if "The database is away" in each]
        assert away_lines == ["The database is away: no route to host"]

    def test_all_connections_stay_busy(self, app, client) -> None:
        break_with(app, TimeoutError("QueuePool limit reached"), address="/v1/busy")
        assert problem_of(client.get("/v1/busy"), 503)["code"] == "store_away"

    def test_bugs_are_noted_and_not_shown(self, app, client, caplog) -> None:
        app.config["PROPAGATE_EXCEPTIONS"] = False
        break_with(app, ZeroDivisionError("the secret"), address="/v1/bug")
        response = client.get("/v1/bug")
        assert problem_of(response, 500)["code"] == "internal_error"
        assert "secret" not in response.text
        assert "ZeroDivisionError: the secret" in caplog.text

    def test_need_no_form_token(self, settings) -> None:
        app = create_app(settings, TESTING=True)
        app.test_client_class = LintingClient
        with app.app_context():
            response = app.test_client().post("/v1/billing/usage", json={})
            assert problem_of(response, 401)["code"] == "key_missing"
            db.session.remove()
            db.engine.dispose()


class TestForPeople:
    def test_nothing_there(self, client) -> None:
        response = client.get("/nothing-here")
        assert response.status_code == 404
        assert response.mimetype == "text/html"

    def test_the_store_is_away(self, app, client) -> None:
        break_with(app, OperationalError("SELECT secrets", {}, Exception()), address="/away")
        response = client.get("/away")
        assert response.status_code == 503
        assert response.mimetype == "text/html"
        assert "secrets" not in response.text
        assert int(response.headers["Retry-After"]) > 0

    def test_all_connections_stay_busy(self, app, client) -> None:
        break_with(app, TimeoutError("QueuePool limit reached"), address="/v1/busy")
        assert problem_of(client.get("/v1/busy"), 503)["code"] == "store_away"

    def test_bugs_are_noted_and_not_shown(self, app, client, caplog) -> None:
        app.config["PROPAGATE_EXCEPTIONS"] = False
        break_with(app, ZeroDivisionError("the secret"), address="/bug")
        response = client.get("/bug")
        assert response.status_code == 500
        assert response.mimetype == "text/html"
        assert "secret" not in response.text
        assert "ZeroDivisionError: the secret" in caplog.text

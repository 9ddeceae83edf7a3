"""Programs get what browsers get, but for what only browsers have."""

import pytest
from flask import Flask, session
from flask.sessions import NullSession
from flask.testing import FlaskClient

from app.entrypoints.frame import WITHOUT_SESSIONS

FOR_BROWSERS = ["/", "/login", "/v1/docs", "/v1/openapi.json", "/static/css/base.css"]


class TestBrowserSessions:
    @pytest.mark.parametrize("path", WITHOUT_SESSIONS)
    def test_are_none_for_programs(self, app: Flask, path: str) -> None:
        with app.test_request_context(path):
            assert isinstance(session, NullSession)

    @pytest.mark.parametrize("path", FOR_BROWSERS)
    def test_are_there_for_browsers(self, app: Flask, path: str) -> None:
        with app.test_request_context(path):
            session["kept"] = True
            assert session.modified

    def test_leave_no_trace_in_what_programs_are_answered(self, client: FlaskClient) -> None:
        client.set_cookie("session", "of-a-browser")
        answer = client.get("/v1/billing/plans")
        assert answer.status_code == 200
        assert "Vary" not in answer.headers and "Set-Cookie" not in answer.headers


def test_every_function_of_the_app_runs_as_it_is(app: Flask) -> None:
    view = app.view_functions["health.is_alive"]
    assert app.ensure_sync(view) is view

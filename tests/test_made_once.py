"""What apps share is the same in each of them, and nothing else is shared."""

from pathlib import Path

import pytest
from flask import Flask, render_template, url_for
from sqlalchemy import text

from app.foundation.database import db, session


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    return tmp_path


def an_app(templates: Path, **changes: str) -> Flask:
    app = Flask("of_a_test", template_folder=str(templates))
    app.jinja_env.filters["shown"] = lambda value: f"{value} {changes.get('word', 'plain')}"
    app.add_url_rule(changes.get("path", "/things/<int:number>"), "thing", lambda number: "")
    return app


class TestCompiledTemplates:
    def test_are_read_again_when_they_change(self, templates: Path) -> None:
        for said in ("once", "twice"):
            (templates / "page.html").write_text(said)
            with an_app(templates).app_context():
                assert render_template("page.html") == said

    def test_use_what_their_own_app_has(self, templates: Path) -> None:
        (templates / "page.html").write_text("{{ value | shown }}")
        for word in ("plain", "fancy"):
            with an_app(templates, word=word).app_context():
                assert render_template("page.html", value=1) == f"1 {word}"


class TestRememberingRule:
    @pytest.mark.parametrize("path", ["/things/<int:number>", "/others/<int:number>"])
    @pytest.mark.parametrize("turn", ["first", "second"])
    def test_finds_and_writes_addresses(self, templates: Path, path: str, turn: str) -> None:
        app = an_app(templates, path=path)
        shown = path.replace("<int:number>", "7")
        assert app.test_client().get(shown).status_code == 200
        assert app.test_client().get(shown.replace("7", "x")).status_code == 404
        with app.test_request_context():
            assert url_for("thing", number=7) == shown
            assert url_for("thing", number=7, page=2) == f"{shown}?page=2"

    def test_adds_no_address_to_another_app(self, app: Flask, templates: Path) -> None:
        an_app(templates)
        assert "thing" not in app.view_functions
        assert app.test_client().get("/things/7").status_code == 404


@pytest.mark.parametrize("turn", ["first", "second"])
def test_connections_forget_what_was_not_made_permanent(app: Flask, turn: str) -> None:
    session.execute(text("CREATE TEMPORARY TABLE left_behind (number integer)"))
    session.rollback()
    assert db.engine.pool.checkedout() == 0

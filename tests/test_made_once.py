"""What apps share is the same in each of them, and nothing else is shared."""

from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, render_template, url_for
from sqlalchemy import text
from werkzeug.routing import Map, Rule

from app import create_app
from app.config import Settings
from app.foundation.database import db, session
from tests.made_once import RememberingMap

ALLOWED = {"get", "head", "options"}


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


class TestRememberingMap:
    @pytest.mark.parametrize("path", ["/things/<int:number>", "/others/<int:number>"])
    @pytest.mark.parametrize("turn", ["first", "second"])
    def test_finds_and_writes_addresses(self, templates: Path, path: str, turn: str) -> None:
        app = an_app(templates, path=path)
        shown = path.replace("<int:number>", "7")
        assert app.test_client().get(shown).status_code == 200
        assert app.test_client().post(shown).status_code == 405
        assert app.test_client().options(shown).allow.as_set() == ALLOWED
        assert app.test_client().get(shown.replace("7", "x")).status_code == 404
        with app.test_request_context():
            assert url_for("thing", number=7) == shown
            assert url_for("thing", number=7, page=2) == f"{shown}?page=2"

    def test_adds_no_address_to_another_app(self, app: Flask, templates: Path) -> None:
        an_app(templates)
        assert "thing" not in app.view_functions
        assert app.test_client().get("/things/7").status_code == 404

    def test_takes_one_more_into_one_app_alone(self, templates: Path) -> None:
        one, other = an_app(templates), an_app(templates)
        assert [app.test_client().get("/more").status_code for app in (one, other)] == [404, 404]
        more = an_app(templates)
        more.url_map.update()
        more.add_url_rule("/more", "more", lambda: "")
        answers = [app.test_client().get("/more").status_code for app in (one, other, more)]
        assert answers == [404, 404, 200]
        assert more.test_client().get("/things/7").status_code == 200

    def test_makes_another_of_what_differs_in_anything(self) -> None:
        def an_address(**options: Any) -> Rule:
            rule = Rule("/things", **{"endpoint": "thing", "methods": ["GET"], **options})
            rule.provide_automatic_options = True
            return rule

        changes = (
            *({}, {"methods": ["POST"]}, {"endpoint": "other"}, {"defaults": {"page": 1}}),
            *({"subdomain": "a"}, {"strict_slashes": False}, {"build_only": True}),
        )
        for change in changes:
            addresses = RememberingMap()
            addresses.add(an_address(**change))
            addresses.update()
            plain = Map([an_address(**change)])
            (kept,), (made,) = addresses.iter_rules(), plain.iter_rules()
            assert (kept, kept.arguments) == (made, made.arguments)
            assert (kept.methods, kept.subdomain) == (made.methods, made.subdomain)
            assert (kept.endpoint, kept.strict_slashes) == (made.endpoint, made.strict_slashes)
            assert kept.build_only == made.build_only

    def test_is_what_flask_alone_would_make(self, app: Flask, settings: Settings) -> None:
        app.url_map.update()
        Flask.url_map_class = Map
        try:
            alone = create_app(settings, TESTING=True)
        finally:
            Flask.url_map_class = RememberingMap
        kept, made = app.url_map, alone.url_map
        assert type(made) is Map and kept.converters == made.converters
        functions, others = dict(app.view_functions), dict(alone.view_functions)
        # Its own folder's files are each app's own.
        assert functions.pop("static") is not others.pop("static")
        assert functions == others
        assert sorted(map(shown, kept.iter_rules())) == sorted(map(shown, made.iter_rules()))


class TestBlueprints:
    def test_stand_where_and_how_they_are_registered(self) -> None:
        pages = Blueprint("pages", __name__)
        pages.add_url_rule("/page", "page", lambda: "a page", methods=["GET"])
        for prefix, name in ((None, "pages"), ("/a", "pages"), ("/a", "others"), (None, "pages")):
            app = Flask("of_a_test")
            app.register_blueprint(pages, url_prefix=prefix, name=name)
            assert app.test_client().get(f"{prefix or ''}/page").text == "a page"
            with app.test_request_context():
                assert url_for(f"{name}.page") == f"{prefix or ''}/page"

    def test_are_refused_what_another_has(self) -> None:
        for _ in range(2):
            pages, app = Blueprint("pages", __name__), Flask("of_a_test")
            pages.add_url_rule("/page", "page", lambda: "")
            app.add_url_rule("/other", "pages.page", lambda: "")
            with pytest.raises(AssertionError):
                app.register_blueprint(pages)


def shown(rule: Rule) -> str:
    said = (rule.rule, rule.endpoint, sorted(rule.methods), rule.provide_automatic_options)
    return repr((*said, rule.defaults or None, rule.subdomain, rule.strict_slashes, rule._trace))


@pytest.mark.parametrize("turn", ["first", "second"])
def test_connections_forget_what_was_not_made_permanent(app: Flask, turn: str) -> None:
    session.execute(text("CREATE TEMPORARY TABLE left_behind (number integer)"))
    session.rollback()
    assert db.engine.pool.checkedout() == 0

"""Readiness: the database answers, and it has the newest schema."""

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import text

from app import create_app
from app.foundation import readiness
from app.foundation.database import db, session
from tests.databases import ROOT, settings_for

MIGRATIONS = ROOT / "migrations"


class TestAnswers:
    def test_is_so_where_the_database_can_be_reached(self, app: Flask) -> None:
        assert readiness.answers()

    @pytest.mark.parametrize(
        "url", ["sqlite:////nowhere/at/all.sqlite3", "postgresql://nobody@127.0.0.1:1/none"]
    )
    def test_is_not_so_where_it_cannot(self, url: str, tmp_path) -> None:
        with create_app(settings_for(url, tmp_path), TESTING=True).app_context():
            assert not readiness.answers()


class TestIsMigrated:
    def test_is_so_at_the_newest_revision(self, app: Flask) -> None:
        assert readiness.is_migrated(MIGRATIONS)

    def test_is_not_so_before(self, app: Flask) -> None:
        flask_migrate.downgrade(directory=str(MIGRATIONS), revision="0001")
        assert not readiness.is_migrated(MIGRATIONS)
        # The next test finds the database as the migrations leave it.
        db.session.remove()
        flask_migrate.upgrade(directory=str(MIGRATIONS))


class TestIsEmpty:
    def test_is_so_without_a_table(self, empty_database_url: str, tmp_path) -> None:
        app = create_app(settings_for(empty_database_url, tmp_path), TESTING=True)
        with app.app_context():
            assert readiness.is_empty()
            session.execute(text("CREATE VIEW somebodys AS SELECT 1 AS one"))
            session.commit()
            assert not readiness.is_empty()
            db.session.remove()
            db.engine.dispose()

    def test_is_not_so_of_ours(self, app: Flask) -> None:
        assert not readiness.is_empty()

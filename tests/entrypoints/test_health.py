"""What a load balancer is told."""

import pytest
from sqlalchemy import text

from app import create_app
from app.config import read_settings
from app.foundation.database import db, session
from tests.databases import SECRET_KEY


class TestIsAlive:
    def test_needs_nothing_but_the_process(self, client) -> None:
        response = client.get("/healthz")
        assert response.status_code == 200
        assert response.json == {"status": "ok"}


class TestIsReady:
    def test_with_the_newest_schema(self, client) -> None:
        response = client.get("/readyz")
        assert response.status_code == 200
        assert response.json == {"status": "ready"}

    @pytest.mark.parametrize(
        "statement",
        ["UPDATE alembic_version SET version_num = '0001'", "DELETE FROM alembic_version"],
    )
    def test_not_with_an_older_one(self, client, statement) -> None:
        newest = session.scalars(text("SELECT version_num FROM alembic_version")).one()
        session.execute(text(statement))
        session.commit()
        try:
            response = client.get("/readyz")
        finally:
            # The tests after this one find the database as it was migrated.
            session.execute(text("DELETE FROM alembic_version"))
            session.execute(text("INSERT INTO alembic_version VALUES (:it)"), {"it": newest})
            session.commit()
        assert response.status_code == 503
        assert response.json["missing"] == "migrations"

    @pytest.mark.parametrize(
        "database_url",
        ["postgresql://nobody@127.0.0.1:1/nothing", "sqlite:////nowhere/billing.sqlite3"],
    )
    def test_not_without_a_database(self, tmp_path, database_url) -> None:
        given = {
            "DATABASE_URL": database_url,
            "INSTANCE_DIR": str(tmp_path),
            "SECRET_KEY": SECRET_KEY,
        }
        app = create_app(read_settings(given), TESTING=True)
        response = app.test_client().get("/readyz")
        assert response.status_code == 503
        assert response.json["missing"] == "database"
        assert app.test_client().get("/healthz").status_code == 200
        with app.app_context():
            db.engine.dispose()

    def test_answers_503_from_the_api_meanwhile(self, tmp_path) -> None:
        given = {
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
            "INSTANCE_DIR": str(tmp_path),
            "SECRET_KEY": SECRET_KEY,
        }
        app = create_app(read_settings(given), TESTING=True)
        response = app.test_client().get("/v1/billing/plans")
        assert response.status_code == 503
        assert response.json["code"] == "store_away"
        assert "127.0.0.1" not in response.text
        with app.app_context():
            db.engine.dispose()

"""The schema, up and down, by the operator's hand."""

import pytest
import sqlalchemy as sa

from app.entrypoints.cli.installation import MIGRATIONS
from tests.databases import ROOT, SECRET_KEY


@pytest.fixture
def environment(empty_database_url, tmp_path, monkeypatch) -> None:
    """Settings for a database without any table."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)


@pytest.fixture
def tables(empty_database_url):
    """Tell which tables the database has."""

    def found() -> set[str]:
        engine = sa.create_engine(empty_database_url, poolclass=sa.NullPool)
        return set(sa.inspect(engine).get_table_names())

    return found


class TestDb:
    def test_goes_up_and_down(self, tables, billing) -> None:
        assert tables() == set()
        for _ in range(2):
            result = billing("db", "upgrade")
            assert result.exit_code == 0, result.output
            assert result.stdout == "The database has the newest schema.\n"
        assert "accounts" in tables()
        result = billing("db", "downgrade", "base")
        assert (result.exit_code, result.stdout) == (0, "The database stands at base.\n")
        assert tables() == {"alembic_version"}

    def test_refuses_a_revision_that_is_none(self, tables, billing) -> None:
        billing("db", "upgrade")
        result = billing("db", "downgrade", "nowhere")
        assert result.exit_code == 1
        assert result.stderr == "billing: There is no revision nowhere.\n"
        assert "accounts" in tables()


def test_the_migrations_are_ours() -> None:
    assert MIGRATIONS == ROOT / "migrations"

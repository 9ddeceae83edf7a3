"""Where the database is, by whatever name it was given."""

from pathlib import Path

import pytest

from app.config import read_settings


@pytest.mark.parametrize(
    "given", ["postgres://a:b@c/d", "postgresql://a:b@c/d", "postgresql+psycopg://a:b@c/d"]
)
def test_postgresql_is_spoken_to_through_one_driver(tmp_path: Path, given: str) -> None:
    settings = read_settings({"INSTANCE_DIR": str(tmp_path), "DATABASE_URL": given})
    assert settings.database_url == "postgresql+psycopg://a:b@c/d"
    assert settings.missing_database is None


@pytest.mark.parametrize(
    ("given", "database_url", "file"),
    [
        ("", "sqlite:///{instance}/billing.sqlite3", "{instance}/billing.sqlite3"),
        ("sqlite:///a.sqlite3", "sqlite:///{instance}/a.sqlite3", "{instance}/a.sqlite3"),
        ("sqlite:///b/a.sqlite3", "sqlite:///{instance}/b/a.sqlite3", "{instance}/b/a.sqlite3"),
        ("sqlite:////nowhere/a.sqlite3", "sqlite:////nowhere/a.sqlite3", "/nowhere/a.sqlite3"),
        ("sqlite:///:memory:", "sqlite:///:memory:", ""),
        ("sqlite://", "sqlite://", ""),
    ],
)
def test_a_file_is_the_same_one_wherever_a_program_stands(
    tmp_path: Path, given: str, database_url: str, file: str
) -> None:
    settings = read_settings({"INSTANCE_DIR": str(tmp_path), "DATABASE_URL": given})
    assert settings.database_url == database_url.format(instance=tmp_path)
    assert str(settings.missing_database or "") == file.format(instance=tmp_path)

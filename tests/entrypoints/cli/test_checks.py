"""What the operator asks to know whether all is well."""

from app.entrypoints.cli.checks import shown_url
from app.foundation.database import session
from tests.factories.subscriptions import current_period


class TestCheckConfig:
    def test_says_what_the_settings_come_to(self, app, billing, settings) -> None:
        result = billing("check-config")
        assert result.exit_code == 0, result.output
        assert f"instance  {settings.instance_dir}" in result.stdout
        assert "the database answers" in result.stdout
        assert settings.secret_key not in result.stdout

    def test_names_the_setting_that_is_wrong(self, billing, monkeypatch) -> None:
        monkeypatch.setenv("APP_ENV", "production")
        result = billing("check-config")
        assert result.exit_code == 2
        assert result.stderr.startswith("billing: STRIPE_API_KEY is missing")

    def test_tells_that_the_database_is_away(self, billing, monkeypatch) -> None:
        monkeypatch.setenv("DATABASE_URL", "postgresql://me:secret@127.0.0.1:1/nothing")
        result = billing("check-config")
        assert result.exit_code == 1
        assert "DATABASE_URL: the database cannot be reached." in result.stderr
        assert "secret" not in result.output


class TestShownUrl:
    def test_keeps_the_password_to_itself(self) -> None:
        assert (
            shown_url("postgresql+psycopg://me:p:w@host/db") == "postgresql+psycopg://me:…@host/db"
        )
        assert shown_url("sqlite:///a:b@c") == "sqlite:///a:b@c"


class TestVerify:
    def test_finds_right_books_right(self, ada, billing) -> None:
        result = billing("verify")
        assert (result.exit_code, result.stdout) == (0, "The books are right.\n")

    def test_tells_each_sum_that_is_not_what_it_must_be(self, ada, ben, billing) -> None:
        for account in (ada, ben):
            current_period(account.id).tokens_used = 17
        session.commit()
        result = billing("verify")
        assert result.exit_code == 1
        assert len(result.stdout.splitlines()) == 2
        assert "ada" in result.stdout and "ben" in result.stdout

"""The command line says no in one line, and its exit code says whose fault it was."""

import sqlite3

import pytest


class TestCommands:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["bogus"], "No such command 'bogus'."),
            (["--bogus"], "No such option '--bogus'."),
            (["users", "create"], "Missing option '--id'."),
            (["prices", "set", "m", "--prompt", "1"], "Missing option '--completion'."),
            (["keys", "create"], "Say for whom: one of --user, --gateway and --operator."),
            (["serve", "--port", "0"], "Invalid value for '--port'"),
        ],
    )
    def test_tell_a_wrong_call(self, billing, arguments, message) -> None:
        result = billing(*arguments)
        assert result.exit_code == 2
        assert result.stdout == ""
        assert result.stderr.startswith("billing: ") and message in result.stderr
        assert result.stderr.count("\n") == 1

    def test_tell_a_wrong_setting(self, billing, monkeypatch) -> None:
        monkeypatch.setenv("PORT", "a lot")
        result = billing("plans", "list")
        assert result.exit_code == 2
        assert result.stderr == "billing: PORT must be a whole number from 1 to 65535.\n"

    def test_tell_a_refusal(self, billing) -> None:
        result = billing("keys", "create", "--user", "nobody")
        assert result.exit_code == 1
        assert result.stderr == "billing: There is no account with this id.\n"

    def test_tell_that_the_database_is_away(self, billing, monkeypatch) -> None:
        monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
        result = billing("plans", "list")
        assert result.exit_code == 1
        assert result.stderr.startswith("billing: The database cannot be worked with: ")
        assert result.stderr.count("\n") == 1

    def test_tell_that_the_schema_is_missing(self, billing, monkeypatch, tmp_path) -> None:
        sqlite3.connect(tmp_path / "empty.sqlite3").close()
        monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'empty.sqlite3'}")
        result = billing("plans", "list")
        assert result.exit_code == 1
        assert result.stderr == (
            "billing: The database does not have the newest schema. Run: billing db upgrade\n"
        )

    @pytest.mark.parametrize("command", ["verify", "report 2026-10", "plans list", "keys list"])
    def test_leave_nothing_where_no_installation_is(
        self, billing, monkeypatch, tmp_path, command
    ) -> None:
        for name in ("DATABASE_URL", "INSTANCE_DIR", "SECRET_KEY"):
            monkeypatch.delenv(name)
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        monkeypatch.chdir(elsewhere)
        result = billing(*command.split())
        assert result.exit_code == 1
        assert result.stderr == (
            f"billing: There is no database at {elsewhere}/instance/billing.sqlite3."
            " Make it here with: billing db upgrade\n"
        )
        assert list(elsewhere.iterdir()) == []

    def test_let_bugs_be_bugs(self, billing, monkeypatch) -> None:
        monkeypatch.setattr("app.domain.catalog.queries.plans", lambda: 1 // 0)
        assert isinstance(billing("plans", "list").exception, ZeroDivisionError)

    @pytest.mark.parametrize(
        "command",
        [
            *(
                "",
                "check-config",
                "close-month",
                "db",
                "db upgrade",
                "db downgrade",
                "demo",
                "demo load",
            ),
            *("demo replay", "keys", "keys create", "plans", "plans list", "prices", "prices set"),
            *("prices import", "prices list", "run", "serve", "users", "users create", "verify"),
        ],
    )
    def test_explain_themselves(self, billing, command) -> None:
        result = billing(*command.split(), "--help")
        assert result.exit_code == 0
        assert "Usage: " in result.stdout and len(result.stdout.splitlines()) > 4

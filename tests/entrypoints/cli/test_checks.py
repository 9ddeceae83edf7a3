"""What the operator asks to know whether all is well."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from app.domain.usage import checkpoints
from app.domain.usage.checkpoint_models import VerifiedMonth
from app.entrypoints.cli.checks import shown_url
from app.foundation.database import session, transaction
from app.foundation.periods import BillingMonth
from app.workflows.find_months_to_close import note_closed_for_all
from tests.factories.subscriptions import current_period
from tests.factories.usage import make_usage

LONG_AGO = BillingMonth(2024, 10)
CLOSED_AT = datetime(2024, 11, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


class TestCheckConfig:
    def test_says_what_the_settings_come_to(self, app, billing, settings) -> None:
        result = billing("check-config")
        assert result.exit_code == 0, result.output
        assert f"instance  {settings.instance_dir}" in result.stdout
        assert "the database answers" in result.stdout
        assert settings.secret_key not in result.stdout

    def test_leaves_nothing_where_no_installation_is(self, billing, monkeypatch, tmp_path) -> None:
        for name in ("DATABASE_URL", "INSTANCE_DIR", "SECRET_KEY"):
            monkeypatch.delenv(name)
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        monkeypatch.chdir(elsewhere)
        result = billing("check-config")
        assert result.exit_code == 0, result.output
        assert "the database is yet to be made: billing db upgrade" in result.stdout
        assert list(elsewhere.iterdir()) == []

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

    def test_keeps_what_was_verified_and_looks_at_all_of_it_on_demand(self, ada, billing) -> None:
        make_usage("ada", model="without-a-price", now=CLOSED_AT - DAY)
        closed(LONG_AGO)
        assert billing("verify").exit_code == 0
        assert checkpoints.verified_months() == {"2024-10"}
        with transaction():
            session.execute(sa.text("DELETE FROM billing_records"))
        assert billing("verify").exit_code == 0
        in_full = billing("verify", "--full")
        assert in_full.exit_code == 1
        [line] = [each for each in in_full.stdout.splitlines() if "less verified_usage" in each]
        assert line.startswith("records less verified_usage of ada") and "2024-10" in line

    def test_begins_anew_on_demand(self, ada, billing) -> None:
        closed(LONG_AGO)
        with transaction():
            checkpoints.cover({"2024-10"}, now=CLOSED_AT)
        assert billing("verify", "--anew").exit_code == 0
        (month,) = session.query(VerifiedMonth).populate_existing()
        assert month.verified_at > CLOSED_AT

    def test_keeps_nothing_of_books_that_are_wrong(self, ada, billing) -> None:
        closed(LONG_AGO)
        current_period("ada").tokens_used = 17
        session.commit()
        assert billing("verify").exit_code == 1
        assert checkpoints.verified_months() == set()


def closed(month: BillingMonth) -> None:
    with transaction():
        note_closed_for_all(month, now=CLOSED_AT)

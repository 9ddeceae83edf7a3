"""Backups: taken while everything goes on, and good for starting again from them."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app import create_app
from app.config import Settings
from app.entrypoints.gateways import GATEWAYS
from app.entrypoints.jobs.promises import work_off_outbox
from app.foundation import clock
from app.foundation.database import db, session
from app.foundation.secret_keys import KeyKind
from tests import databases
from tests.books import check_books
from tests.databases import on_postgresql, on_sqlite, settings_for, text_of
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.factories.payments import make_checkout, make_invoice
from tests.fakes.payment_gateway import SIGNATURE, FakeGateway

BATCHES, RECORDS = 12, 25
# Soon after a month's end, so that the week before has days of two months.
TUESDAY, WEEK = datetime(2026, 11, 3, 12, tzinfo=UTC), timedelta(days=7)
# The last of the models has no price.
CUSTOMERS, MODELS = ("ada", "ben"), ("gpt-4", "gpt-4o", "claude-sonnet-4-5", "house-model")
Call = dict[str, Any]


@pytest.fixture(autouse=True)
def programs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's programs, where its server is."""
    if "postgresql" in request.node.name:
        request.getfixturevalue("postgresql_server")
        monkeypatch.setenv("PG_DUMP", databases.client_program("pg_dump"))


@pytest.fixture
def new_url(settings: Settings, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of the same kind that holds nothing."""
    if settings.database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'new.sqlite3'}"
        return
    server = request.getfixturevalue("postgresql_server")
    with databases.new_postgresql_database(server, f"billing_restored_{os.getpid()}") as url:
        yield text_of(url)


@pytest.fixture
def move(monkeypatch: pytest.MonkeyPatch, new_url: str):
    """Let the command line work on the new database from now on, and return its address."""

    def move() -> str:
        monkeypatch.setenv("DATABASE_URL", new_url)
        return new_url

    return move


class World:
    """Whatever reaches us from outside, so that it can be sent again."""

    def __init__(self, *, now: datetime) -> None:
        self.gateway = FakeGateway()
        self._now = now
        self._by_gateway = bearer(KeyKind.GATEWAY)
        self._by_customers = [bearer(KeyKind.CUSTOMER, user_id=each) for each in CUSTOMERS]
        self.sent: list[Call] = []

    def post_usage(self, app: Flask, batch: int) -> None:
        """Post some of a week's usage; now and then, one request of it is taken back."""
        ids = [f"{batch}-{number}" for number in range(RECORDS)]
        records = [
            {"user_id": CUSTOMERS[number % 2], "request_id": ids[number],
             "model": MODELS[number // 2 % 4], "prompt_tokens": 100 * batch + number,
             "completion_tokens": 1, "occurred_at": self._moment(batch, number)}
            for number in range(RECORDS)
        ]  # fmt: skip
        call = {"path": "/v1/billing/usage", "json": {"records": records}}
        self.send(app, {**call, "headers": self._by_gateway})
        if batch % 4 == 0:
            voided = {"request_id": ids[batch // 4], "reason": "asked for by mistake"}
            void = {"path": "/v1/billing/usage/void", "json": voided}
            self.send(app, {**void, "headers": self._by_gateway})

    def _moment(self, batch: int, number: int) -> str:
        """Return a moment of the past week; those of a batch lie far from each other."""
        share = (batch + 1 + number * (BATCHES + 1)) / ((BATCHES + 1) * RECORDS)
        return (self._now - share * WEEK).isoformat()

    def post_event(self, app: Flask, page: str) -> None:
        body = self.gateway.pay(page).body
        call = {"path": "/webhooks/stripe", "data": body, "headers": {"Signature": SIGNATURE}}
        self.send(app, call)

    def send(self, app: Flask, call: Call) -> None:
        self.sent.append(call)
        answer = app.test_client().post(**call)
        assert answer.status_code == 200, answer.text

    def totals(self, app: Flask) -> list[object]:
        """Return what the customers' programs see."""
        return [self._seen_by(app.test_client(), headers) for headers in self._by_customers]

    def _seen_by(self, client: FlaskClient, headers: dict[str, str]) -> list[object]:
        began, ended = (self._now + days for days in (-2 * WEEK, WEEK))
        days = f"usage?granularity=day&from={began:%Y-%m-%d}&to={ended:%Y-%m-%d}&group_by=model"
        paths = ("stats", days, "invoices", "usage/records?limit=1000")
        answers = [client.get(f"/v1/billing/{path}", headers=headers).json for path in paths]
        records = answers.pop().pop("records")
        invoices = answers.pop()["invoices"]
        shown = sorted(
            (r["request_id"], r["status"], r["final_cost"], r["total_tokens"]) for r in records
        )
        paid = sorted((i["invoice_number"], i["status"], i["final_amount"]) for i in invoices)
        return [*answers, shown, paid]


def records_count() -> int:
    session.rollback()
    return session.scalars(text("SELECT count(*) FROM billing_records")).one()


@pytest.fixture
def world(app: Flask, monkeypatch: pytest.MonkeyPatch) -> World:
    """Ada is on Pro, and two of her invoices wait for their money; Ben pays as he goes."""
    now = TUESDAY
    monkeypatch.setattr(clock, "now", lambda: now)
    ada = make_account("ada", now=now, plan_id="plan-pro")
    make_account("ben", now=now)
    world = World(now=now)
    app.config[GATEWAYS] = {"stripe": world.gateway}
    for _ in range(2):
        make_checkout(ada, make_invoice(ada, now=now), gateway=world.gateway, now=now)
    return world


def test_starting_again_from_a_backup_is_as_good_as_no_accident(
    app: Flask, world: World, billing, move, tmp_path: Path
) -> None:
    file, (first, second) = tmp_path / "billing.backup", world.gateway.pages

    def go_on() -> None:
        with app.app_context():
            for batch in range(1, BATCHES):
                world.post_usage(app, batch)

    world.post_usage(app, 0)
    world.post_event(app, first)
    with ThreadPoolExecutor(1) as pool:
        posting = pool.submit(go_on)
        result = billing("backup", file)
        posting.result(timeout=60)
    assert result.exit_code == 0, result.output
    world.post_usage(app, BATCHES)
    world.post_event(app, second)
    work_off_outbox()
    check_books()
    expected = world.totals(app)
    of_ada, _of_ben = expected
    assert [status for _, status, _ in of_ada[-1]] == ["paid", "paid"]
    for _stats, days, records, _invoices in expected:
        starts = {bucket["start"][:10] for bucket in days["buckets"]}
        assert len(starts) == 8 and {start[:7] for start in starts} == {"2026-10", "2026-11"}
        assert {bucket["group"] for bucket in days["buckets"]} == set(MODELS)
        assert {status for _, status, _, _ in records} == {"completed", "unpriced", "voided"}
    assert records_count() == (BATCHES + 1) * RECORDS

    new_url = move()
    result = billing("restore", file)
    restored = f"The database is restored from {file}.\n"
    assert (result.exit_code, result.stdout) == (0, restored), result.output
    again = create_app(settings_for(new_url, tmp_path / "instance"), TESTING=True)
    again.config[GATEWAYS] = {"stripe": world.gateway}
    with again.app_context():
        assert RECORDS <= records_count() < (BATCHES + 1) * RECORDS
        check_books()
        for call in world.sent[:]:
            world.send(again, call)
        work_off_outbox()
        check_books()
        assert world.totals(again) == expected
        db.session.remove()
        db.engine.dispose()
    assert billing("verify").stdout == "The books are right.\n"


class TestBackup:
    @pytest.mark.usefixtures("ada")
    def test_is_only_ours_to_read(self, billing, tmp_path: Path) -> None:
        file = tmp_path / "billing.backup"
        result = billing("backup", file)
        assert result.exit_code == 0, result.output
        assert result.stdout.startswith(f"The database is backed up in {file} (")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert list(tmp_path.glob("*.unfinished*")) == []

    @pytest.mark.usefixtures("ada")
    def test_replaces_nothing_unasked(self, billing, tmp_path: Path) -> None:
        file = tmp_path / "billing.backup"
        file.write_text("the only copy")
        result = billing("backup", file)
        assert (result.exit_code, result.stderr) == (1, f"billing: {file} exists already.\n")
        assert file.read_text() == "the only copy"
        assert billing("backup", "--force", file).exit_code == 0
        assert stat.S_IMODE(file.stat().st_mode) == 0o600 and b"copy" not in file.read_bytes()

    @pytest.mark.usefixtures("ada")
    def test_needs_a_folder(self, billing, tmp_path: Path) -> None:
        result = billing("backup", tmp_path / "nowhere" / "billing.backup")
        assert result.exit_code == 1
        assert "cannot be written (No such file or directory)" in result.stderr

    def test_has_nothing_to_do_without_tables(self, billing, app, move, tmp_path: Path) -> None:
        move()
        result = billing("backup", tmp_path / "billing.backup")
        assert (result.exit_code, result.stderr) == (
            1,
            "billing: The database is empty: there is nothing to back up.\n",
        )
        assert not (tmp_path / "new.sqlite3").exists()
        assert not (tmp_path / "billing.backup").exists()


@on_sqlite
def test_of_sqlite_is_one_sound_file(app, ada, billing, tmp_path: Path) -> None:
    file = tmp_path / "billing.backup"
    billing("backup", file)
    with closing(sqlite3.connect(file)) as copy:
        assert copy.execute("PRAGMA journal_mode").fetchall() == [("delete",)]
        assert copy.execute("SELECT id FROM accounts").fetchall() == [("ada",)]


@on_postgresql
class TestOfPostgreSQL:
    def test_needs_its_program(self, app, billing, tmp_path: Path, monkeypatch) -> None:
        monkeypatch.setenv("PG_DUMP", "no_such_program")
        result = billing("backup", tmp_path / "billing.backup")
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
        assert "install PostgreSQL's client programs, or set PG_DUMP." in result.stderr

    def test_passes_the_password_where_nobody_sees_it(
        self, app, settings: Settings, billing, tmp_path: Path, monkeypatch
    ) -> None:
        program = tmp_path / "pg_dump"
        program.write_text(
            f'#!/bin/sh\necho "$@" > {tmp_path}/args\necho "$PGPASSWORD" > {tmp_path}/password\n'
            "echo no server >&2\nexit 3\n"
        )
        program.chmod(0o755)
        with_password = databases.sa.make_url(settings.database_url).set(password="s3cret/@")
        monkeypatch.setenv("DATABASE_URL", text_of(with_password))
        monkeypatch.setenv("PG_DUMP", str(program))
        result = billing("backup", tmp_path / "billing.backup")
        assert result.stderr == "billing: pg_dump has failed: no server\n"
        assert (tmp_path / "password").read_text() == "s3cret/@\n"
        arguments = (tmp_path / "args").read_text()
        assert "s3cret" not in arguments and "--no-password --dbname=postgresql://" in arguments
        assert list(tmp_path.glob("billing.backup*")) == []


class TestRestore:
    @pytest.fixture
    def file(self, app: Flask, ada, billing, tmp_path: Path) -> Path:
        """A backup in which Ada has an account."""
        assert billing("backup", tmp_path / "billing.backup").exit_code == 0
        return tmp_path / "billing.backup"

    def test_refuses_a_database_that_holds_anything(self, billing, file: Path, move) -> None:
        for _ in range(2):
            result = billing("restore", file)
            assert (result.exit_code, result.stderr) == (
                1,
                "billing: The database is not empty: restore into a new one.\n",
            )
        move()
        assert billing("restore", file).exit_code == 0
        assert billing("restore", file).exit_code == 1

    @pytest.mark.parametrize("content", [b"", b"nothing of ours", b"PGDM", b"SQLite format 2"])
    def test_refuses_what_is_no_backup(self, app, billing, tmp_path, move, content) -> None:
        file = tmp_path / "other.backup"
        file.write_bytes(content)
        move()
        result = billing("restore", file)
        assert result.exit_code == 1 and "is no backup of a" in result.stderr
        assert "cannot be read" in billing("restore", tmp_path / "none.backup").stderr

    def test_refuses_what_was_damaged(self, billing, file: Path, move) -> None:
        content = file.read_bytes()
        middle = len(content) // 2
        file.write_bytes(content[:middle] + b"\xff" * 9000 + content[middle + 9000 :][:100])
        move()
        result = billing("restore", file)
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1), result.output
        assert "is not empty" not in billing("restore", file).stderr

    def test_says_where_the_schema_is_older(self, billing, app, file: Path, move) -> None:
        file.unlink()
        newest = session.scalars(text("SELECT version_num FROM alembic_version")).one()
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        session.commit()
        try:
            billing("backup", file)
        finally:
            # The tests after this one find the database as it was migrated.
            session.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": newest})
            session.commit()
        move()
        assert "Run: billing db upgrade" in billing("restore", file).stdout

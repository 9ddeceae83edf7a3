"""Set-based statements: the same effect on both databases, one statement for any number of rows."""

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.domain.catalog.models import ModelAlias
from app.domain.usage.models import UsageDaily, UsageHourly, UsageSums
from app.foundation.bulk import Row, add_to_rows, any_of, change_rows, insert_rows
from app.foundation.database import session, transaction
from app.foundation.outbox import OutboxEntry
from tests.databases import on_postgresql
from tests.moments import NOW
from tests.statements import statements
from tests.threads import in_parallel

SUMS = [name for name in UsageSums.__annotations__]
DAY_KEYS = ("user_id", "day", "model", "api_key")

pytestmark = pytest.mark.usefixtures("app")


def alias(number: int, *, model_id: str = "gpt-4") -> Row:
    return {"alias": f"name-{number:04}", "model_id": model_id, "created_at": NOW}


def aliases() -> dict[str, str]:
    rows = session.execute(select(ModelAlias.alias, ModelAlias.model_id))
    return {row.alias: row.model_id for row in rows}


def day(user_id: str, *, tokens: int, model: str = "gpt-4") -> Row:
    sums = dict.fromkeys(SUMS, 0)
    keys = {"user_id": user_id, "day": date(2026, 11, 22), "model": model, "api_key": ""}
    return {**keys, **sums, "requests": 1, "cached_tokens": tokens}


def days() -> dict[tuple[str, str], tuple[int, int]]:
    session.rollback()
    session.expunge_all()
    return {
        (row.user_id, row.model): (row.requests, row.cached_tokens)
        for row in session.scalars(select(UsageDaily))
    }


class TestInsertRows:
    def test_inserts_and_counts(self) -> None:
        with transaction():
            assert insert_rows(ModelAlias, [alias(number) for number in range(3)]) == 3
        assert aliases() == dict.fromkeys(("name-0000", "name-0001", "name-0002"), "gpt-4")

    def test_leaves_known_rows_as_they_are(self) -> None:
        with transaction():
            insert_rows(ModelAlias, [alias(1)])
        rows = [alias(number, model_id="other") for number in (2, 1, 0)]
        with transaction():
            assert insert_rows(ModelAlias, rows, unless_known="alias") == 2
        assert aliases() == {"name-0000": "other", "name-0001": "gpt-4", "name-0002": "other"}

    def test_takes_the_first_of_two_with_the_same_key(self) -> None:
        rows = [alias(1, model_id="first"), alias(1, model_id="second")]
        with transaction():
            assert insert_rows(ModelAlias, rows, unless_known="alias") == 1
        assert aliases() == {"name-0001": "first"}

    def test_does_nothing_without_rows(self) -> None:
        with transaction(), statements() as sent:
            assert insert_rows(ModelAlias, []) == 0
        assert sent == []

    def test_keeps_every_type_exactly(self) -> None:
        moment = NOW + timedelta(microseconds=123_456)
        rows = [
            {
                "kind": "größer 😀 'quoted' \"twice\" :named %s \\",
                "payload": {"nested": [1, None, {"a": "b"}], "big": 2**62},
                "created_at": moment,
                "next_try_at": None,
                "attempts": 2**62,
                "last_error": "",
            }
        ]
        with transaction():
            insert_rows(OutboxEntry, rows)
        entry = session.scalars(select(OutboxEntry)).one()
        kept = {name: getattr(entry, name) for name in rows[0]}
        assert kept == rows[0]
        assert entry.done_at is None

    def test_takes_one_statement_for_any_number_of_rows(self) -> None:
        with transaction(), statements() as sent:
            insert_rows(ModelAlias, [alias(number) for number in range(1_000)])
        assert len(sent) == 1
        assert len(aliases()) == 1_000

    def test_lets_one_of_many_writers_have_each_key(self, app: Flask) -> None:
        def insert() -> int:
            with transaction():
                rows = [alias(number) for number in range(50)]
                return insert_rows(ModelAlias, rows, unless_known="alias")

        assert sum(in_parallel(app, [insert] * 4)) == 50


@pytest.mark.usefixtures("ada", "ben")
class TestAddToRows:
    def test_inserts_what_is_new_and_adds_to_what_is_there(self) -> None:
        with transaction():
            add_to_rows(UsageDaily, [day("ada", tokens=5)], keys=DAY_KEYS)
        with transaction():
            rows = [day("ben", tokens=1), day("ada", tokens=7), day("ada", tokens=2, model="o4")]
            add_to_rows(UsageDaily, rows, keys=DAY_KEYS)
        assert days() == {
            ("ada", "gpt-4"): (2, 12),
            ("ada", "o4"): (1, 2),
            ("ben", "gpt-4"): (1, 1),
        }

    def test_takes_negative_amounts(self) -> None:
        with transaction():
            add_to_rows(UsageDaily, [day("ada", tokens=5)], keys=DAY_KEYS)
            add_to_rows(UsageDaily, [{**day("ada", tokens=-5), "requests": -1}], keys=DAY_KEYS)
        assert days() == {("ada", "gpt-4"): (0, 0)}

    def test_keeps_moments_in_a_key(self) -> None:
        keys = ("user_id", "hour", "model", "api_key", "provider")
        row = {name: value for name, value in day("ada", tokens=5).items() if name != "day"}
        row = {**row, "hour": NOW, "provider": "openai"}
        with transaction():
            add_to_rows(UsageHourly, [row], keys=keys)
            add_to_rows(UsageHourly, [row], keys=keys)
        found = session.scalars(select(UsageHourly)).one()
        assert (found.hour, found.cached_tokens) == (NOW, 10)

    def test_does_nothing_without_rows(self) -> None:
        with transaction(), statements() as sent:
            add_to_rows(UsageDaily, [], keys=DAY_KEYS)
        assert sent == []

    def test_takes_one_statement_for_any_number_of_rows(self) -> None:
        rows = [day("ada", tokens=1, model=f"model-{number}") for number in range(500)]
        with transaction(), statements() as sent:
            add_to_rows(UsageDaily, rows, keys=DAY_KEYS)
        assert len(sent) == 1

    def test_loses_nothing_and_never_waits_in_a_circle(self, app: Flask) -> None:
        models = [f"model-{number:02}" for number in range(30)]

        def add(order: list[str]) -> None:
            with transaction():
                rows = [day("ada", tokens=1, model=model) for model in order]
                add_to_rows(UsageDaily, rows, keys=DAY_KEYS)

        # Half of them come in the opposite order: unsorted, they would lock each other out.
        in_parallel(app, [lambda: add(models), lambda: add(models[::-1])] * 3)
        assert set(days().values()) == {(6, 6)}


@pytest.mark.usefixtures("ada", "ben")
class TestChangeRows:
    def outbox(self, count: int) -> list[int]:
        with transaction():
            rows = [
                {"kind": "work", "payload": {}, "created_at": NOW, "attempts": 10}
                for _ in range(count)
            ]
            insert_rows(OutboxEntry, rows)
        return list(session.scalars(select(OutboxEntry.id).order_by(OutboxEntry.id)))

    def found(self) -> list[tuple[str | None, int]]:
        session.rollback()
        session.expunge_all()
        entries = session.scalars(select(OutboxEntry).order_by(OutboxEntry.id))
        return [(entry.last_error, entry.attempts) for entry in entries]

    def test_sets_some_columns_and_adds_to_others(self) -> None:
        first, second, _third = self.outbox(3)
        rows = [
            {"id": second, "attempts": -3, "last_error": "no"},
            {"id": first, "attempts": 5, "last_error": None},
        ]
        with transaction():
            change_rows(OutboxEntry, rows, key="id", adding=("attempts",))
        assert self.found() == [(None, 15), ("no", 7), (None, 10)]

    def test_sets_moments(self) -> None:
        (entry,) = self.outbox(1)
        with transaction():
            change_rows(OutboxEntry, [{"id": entry, "done_at": NOW}], key="id")
        session.expire_all()
        assert session.get_one(OutboxEntry, entry).done_at == NOW

    def test_leaves_rows_that_are_gone_alone(self) -> None:
        (entry,) = self.outbox(1)
        with transaction():
            change_rows(OutboxEntry, [{"id": entry + 1, "attempts": 0}], key="id")
        assert self.found() == [(None, 10)]

    def test_does_nothing_without_rows(self) -> None:
        with transaction(), statements() as sent:
            change_rows(OutboxEntry, [], key="id")
        assert sent == []

    def test_takes_one_statement_for_any_number_of_rows(self) -> None:
        rows = [{"id": entry, "attempts": 1} for entry in self.outbox(300)]
        with transaction(), statements() as sent:
            change_rows(OutboxEntry, rows, key="id", adding=("attempts",))
        assert len(sent) == 1
        assert set(self.found()) == {(None, 11)}

    def test_loses_nothing_and_never_waits_in_a_circle(self, app: Flask) -> None:
        entries = self.outbox(30)

        def add(order: list[int]) -> None:
            with transaction():
                rows = [{"id": entry, "attempts": 1} for entry in order]
                change_rows(OutboxEntry, rows, key="id", adding=("attempts",))

        in_parallel(app, [lambda: add(entries), lambda: add(entries[::-1])] * 3)
        assert set(self.found()) == {(None, 16)}


class TestAnyOf:
    @pytest.mark.parametrize(
        ("wanted", "found"), [([], 0), (["name-0003"], 1), (["name-0003", "name-0004", "x"], 2)]
    )
    def test_finds_what_holds_one_of_the_values(self, wanted: list[str], found: int) -> None:
        with transaction():
            insert_rows(ModelAlias, [alias(number) for number in range(9)])
        condition = any_of(ModelAlias.alias, wanted)
        counted = select(func.count()).select_from(ModelAlias).where(condition)
        assert session.scalars(counted).one() == found

    # SQLite has no arrays; it prepares its statements anew in microseconds.
    @on_postgresql
    def test_stays_the_same_statement_for_any_number(self) -> None:
        with statements() as sent:
            for count in (1, 100):
                names = [f"name-{number}" for number in range(count)]
                session.execute(select(ModelAlias).where(any_of(ModelAlias.alias, names)))
        assert len(set(sent)) == 1

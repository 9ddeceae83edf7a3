"""What recording asks before it writes: repeats, closed months, labels."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import sqlalchemy
from flask import Flask

from app.domain.usage import recording
from app.domain.usage.models import BillingRecord, MonthClose, UsageLabel
from app.domain.usage.recording import APART_MAX, ClosedMonths, Labels
from app.domain.usage.records import NewRecord
from app.foundation.bulk import COPY_FROM, inserting
from app.foundation.database import db, session, transaction
from app.foundation.store_away import STORE_AWAY
from app.foundation.writes import do_together
from tests.factories.accounts import make_account
from tests.factories.usage import make_report, make_usage
from tests.moments import NOW
from tests.statements import statements

HOUR = timedelta(hours=1)
OCTOBER = datetime(2026, 10, 31, 23, 59, tzinfo=UTC)


class TestIsSameReport:
    @pytest.mark.parametrize(
        ("changes", "is_same"),
        [
            ({}, True),
            ({"provider": "azure", "api_key_alias": "prod"}, True),
            ({"occurred_at": None}, True),
            ({"occurred_at": NOW - HOUR}, True),
            # The same moment in another zone is the same moment.
            ({"occurred_at": datetime.fromisoformat("2026-11-22T16:30:00+05:30")}, True),
            ({"occurred_at": NOW}, False),
            ({"user_id": "ben"}, False),
            ({"model": "gpt-4o"}, False),
            ({"prompt_tokens": 499, "completion_tokens": 121}, False),
            ({"cached_tokens": 1}, False),
            ({"cache_write_tokens": 1}, False),
            ({"reasoning_tokens": 1}, False),
        ],
        ids=str,
    )
    def test_compares_what_the_book_names(self, changes: dict, is_same: bool) -> None:
        first = make_report(occurred_at=NOW - HOUR)
        later = msgspec.structs.replace(first, **changes)
        assert recording.is_same_report(later, first) == is_same
        assert recording.is_same_report(first, later) == is_same


class TestClosedMonths:
    CLOSED = ClosedMonths(
        for_everyone=frozenset({"2026-09"}), for_account=frozenset({("ada", "2026-10")})
    )

    @pytest.mark.parametrize(
        ("user_id", "month", "holds"),
        [
            ("ada", "2026-09", True),
            ("ben", "2026-09", True),
            ("ada", "2026-10", True),
            ("ben", "2026-10", False),
            ("ada", "2026-11", False),
        ],
    )
    def test_hold_for_everyone_or_for_one(self, user_id: str, month: str, holds: bool) -> None:
        assert self.CLOSED.holds(user_id, month) == holds

    @pytest.mark.parametrize(
        ("user_id", "moment", "month"),
        [
            ("ada", OCTOBER, "2026-11"),
            ("ben", OCTOBER, "2026-10"),
            ("ada", OCTOBER + timedelta(minutes=1), "2026-11"),
            ("ada", NOW, "2026-11"),
        ],
    )
    def test_give_the_month_that_is_billed(
        self, user_id: str, moment: datetime, month: str
    ) -> None:
        assert self.CLOSED.billing_month(user_id, moment, now=NOW) == month

    @pytest.mark.usefixtures("app")
    def test_are_read_for_these_accounts_and_months_only(self) -> None:
        for name in ("ada", "ben"):
            make_account(name)
        for month, user_id in [("2026-09", None), ("2026-10", "ada"), ("2026-10", "ben")]:
            session.add(MonthClose(billing_month=month, user_id=user_id, closed_at=NOW))
        session.commit()
        found = recording.closed_months({"ada"}, months={"2026-09", "2026-10"})
        assert found == self.CLOSED
        assert recording.closed_months({"ada"}, months={"2026-11"}) == ClosedMonths(
            frozenset(), frozenset()
        )


class TestLabels:
    def test_keep_what_is_known_even_beyond_the_limit(self) -> None:
        labels = Labels({("ada", "model", "old")}, Counter({("ada", "model"): APART_MAX["model"]}))
        assert labels.kept("ada", "model", "old") == "old"
        assert labels.kept("ada", "model", "new") == "other"
        assert labels.added == []

    def test_take_in_new_ones_up_to_the_limit(self) -> None:
        labels = Labels(set(), Counter({("ada", "api_key"): 199}))
        kept = [labels.kept("ada", "api_key", name) for name in ("a", "b", "a", None, "")]
        assert kept == ["a", "other", "a", "", ""]
        assert labels.added == [{"user_id": "ada", "kind": "api_key", "label": "a"}]

    @pytest.mark.usefixtures("app")
    def test_are_read_with_their_account_and_kind(self) -> None:
        for name in ("ada", "ben"):
            make_account(name)
            make_usage(name, model="x", api_key_alias="x", provider=None)
        found = recording.labels([("ada", "model", "x"), ("ada", "provider", "x")])
        assert ("ada", "model", "x") in found.known
        assert ("ada", "provider", "x") not in found.known
        assert found.counts["ada", "model"] == 1
        with transaction():
            found.kept("ada", "provider", "x")
            do_together(found.writes())
        assert session.query(UsageLabel).filter_by(user_id="ada").count() == 3


def stored(request_id: str) -> NewRecord:
    row = session.query(BillingRecord).filter_by(request_id=request_id).one()
    return NewRecord(*(getattr(row, name) for name in NewRecord._fields))


def insert(rows: list[NewRecord]) -> bool:
    label = {"user_id": "ada", "kind": "model", "label": rows[0].request_id}
    return recording.insert_records(rows, meanwhile=lambda: [inserting(UsageLabel, [label])])


def labels_written() -> set[str]:
    return {label for (label,) in session.query(UsageLabel.label).filter_by(kind="model")}


def insert_in_a_hurry(rows: list[NewRecord]) -> None:
    with transaction():
        session.connection().exec_driver_sql("SET LOCAL lock_timeout = '50ms'")
        insert(rows)


@pytest.mark.usefixtures("app")
class TestInsertRecords:
    @pytest.mark.parametrize("number", [1, COPY_FROM])
    def test_inserts_all_or_none_with_what_goes_along(self, number: int) -> None:
        make_account("ada")
        make_usage(request_id="taken")
        row = stored("taken")
        others = [row._replace(request_id=f"other-{each}") for each in range(number)]
        with transaction():
            assert not insert([*others, row])
        assert session.query(BillingRecord).count() == 1
        assert "other-0" not in labels_written()
        with transaction():
            assert insert(others)
        assert session.query(BillingRecord).count() == 1 + number
        assert "other-0" in labels_written()

    def test_keeps_all_that_was_said(self) -> None:
        make_account("ada")
        make_usage(request_id="taken")
        row = stored("taken")
        with transaction():
            assert insert([row._replace(request_id=name) for name in ("b", "a")])
        found = recording.ask_recorded(["a", "b", "taken", "never"]).get()
        assert sorted(found) == ["a", "b", "taken"]
        assert found["a"].occurred_at == NOW

    @pytest.mark.parametrize("number", [1, 50])
    @pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
    def test_waits_for_an_id_only_as_long_as_the_store_lets_it(self, number: int) -> None:
        make_account("ada")
        make_usage(request_id="known")
        known = stored("known")
        rows = [known._replace(request_id=f"req-{n}") for n in range(number)]
        with db.engine.connect() as somebody_else, somebody_else.begin():
            somebody_else.execute(sqlalchemy.insert(BillingRecord), rows[-1]._asdict())
            with pytest.raises(STORE_AWAY):
                insert_in_a_hurry(rows)
        with transaction():
            assert not insert(rows)


class TestLabelsSeenBefore:
    def test_are_not_asked_for_again(self, app: Flask) -> None:
        label = ("ada", "model", "gpt-4")
        with transaction():
            first = recording.labels([label])
            assert first.kept(*label) == "gpt-4"
            do_together(first.writes())
        with transaction(), statements() as reading:
            assert recording.labels([label]).known == {label}
        with transaction(), statements() as remembered:
            assert recording.labels([label]).known == {label}
        assert (len(reading), len(remembered)) == (2, 0)

    def test_are_forgotten_with_the_transaction_that_failed(self, app: Flask) -> None:
        label = ("ada", "model", "gpt-4")

        def fail() -> None:
            with transaction():
                recording.labels([label]).kept(*label)
                raise RuntimeError("the batch was not recorded")

        with pytest.raises(RuntimeError):
            fail()
        with transaction():
            assert recording.labels([label]).known == set()

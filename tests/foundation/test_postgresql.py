"""Several statements in one exchange: their order, their errors, and what is prepared."""

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from flask import Flask
from psycopg.errors import DivisionByZero, FeatureNotSupported, InFailedSqlTransaction
from psycopg.pq import TransactionStatus

from app.foundation import postgresql
from app.foundation.database import db
from app.foundation.postgresql import exchange
from app.foundation.statements import Row, Statement

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

Driver = psycopg.Connection[Any]
MILLIONS = 3_000_000
PREPARED = "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'ours%%'"


@pytest.fixture
def driver(app: Flask) -> Iterator[Driver]:
    with db.engine.connect() as connection:
        pooled = connection.connection
        assert isinstance(pooled.driver_connection, psycopg.Connection)
        yield pooled.driver_connection
        # What was made of the connection here is nobody else's trouble.
        pooled.invalidate()


def ask(driver: Driver, words: str, *given: object) -> list[Row]:
    statement = Statement(words, given)
    exchange(driver, [statement])
    return statement.rows


def test_answers_each_in_its_order(driver: Driver) -> None:
    statements = [
        Statement("CREATE TEMPORARY TABLE numbers (number int)", ()),
        Statement("INSERT INTO numbers SELECT * FROM generate_series(1, %s)", (3,)),
        Statement("SELECT number, number %% 2 FROM numbers ORDER BY number", ()),
        Statement("UPDATE numbers SET number = 0 WHERE number > %s", (1,)),
    ]
    exchange(driver, statements)
    assert statements[2].rows == [(1, 1), (2, 0), (3, 1)]
    assert [each.rowcount for each in statements] == [0, 3, 3, 2]
    assert all(each.is_done for each in statements)


def test_is_in_a_transaction_that_can_be_rolled_back(driver: Driver) -> None:
    before = ask(driver, "SELECT count(*) FROM model_aliases")
    ask(driver, "DELETE FROM model_aliases")
    assert driver.info.transaction_status == TransactionStatus.INTRANS
    driver.rollback()
    assert ask(driver, "SELECT count(*) FROM model_aliases") == before


def test_keeps_no_connection_that_was_closed(app: Flask) -> None:
    with db.engine.connect() as connection:
        driver = connection.connection.driver_connection
        ask(driver, "SELECT 1")
        known = weakref.ref(driver)
        connection.invalidate()
    del driver
    gc.collect()
    assert known() is None


def test_leaves_nothing_to_end_where_no_transaction_is_to_begin(driver: Driver) -> None:
    asked = [Statement("SELECT 1", ()), Statement("SELECT 2", ())]
    exchange(driver, asked, begins=False)
    assert [each.rows for each in asked] == [[(1,)], [(2,)]]
    assert driver.info.transaction_status == TransactionStatus.IDLE


def test_does_all_or_nothing_where_no_transaction_is_to_begin(driver: Driver) -> None:
    before = ask(driver, "SELECT count(*) FROM model_aliases")
    driver.rollback()
    wrong = [Statement("DELETE FROM model_aliases", ()), Statement("SELECT 1 / 0", ())]
    with pytest.raises(psycopg.errors.DivisionByZero):
        exchange(driver, wrong, begins=False)
    assert driver.info.transaction_status == TransactionStatus.IDLE
    assert ask(driver, "SELECT count(*) FROM model_aliases") == before


def test_stays_in_the_transaction_that_is_under_way(driver: Driver) -> None:
    ask(driver, "SELECT 1")
    exchange(driver, [Statement("SELECT 2", ())], begins=False)
    assert driver.info.transaction_status == TransactionStatus.INTRANS


def test_raises_the_first_error_and_does_nothing_after_it(driver: Driver) -> None:
    first, wrong, after = (Statement("SELECT 1 / %s", (by,)) for by in (1, 0, 1))
    with pytest.raises(DivisionByZero):
        exchange(driver, [first, wrong, after])
    assert (first.rows, wrong.is_done, after.is_done) == ([(1,)], False, False)
    with pytest.raises(InFailedSqlTransaction):
        ask(driver, "SELECT 1")
    driver.rollback()
    assert ask(driver, "SELECT 1") == [(1,)]


def test_prepares_a_statement_once_for_each_kind_of_values(driver: Driver) -> None:
    (known,) = ask(driver, PREPARED)[0]
    for number in (1, 2, 3):
        assert ask(driver, "SELECT %s + 1", number) == [(number + 1,)]
    assert ask(driver, "SELECT %s + 1", 2**40) == [(2**40 + 1,)]
    assert ask(driver, PREPARED) == [(known + 2,)]
    driver.rollback()
    assert ask(driver, "SELECT %s + 1", 1) == [(2,)]
    assert ask(driver, PREPARED) == [(known + 2,)]


def test_does_not_take_what_was_not_prepared_for_prepared(driver: Driver) -> None:
    with pytest.raises(DivisionByZero):
        exchange(driver, [Statement("SELECT 1 / 0", ()), Statement("SELECT 'later'", ())])
    driver.rollback()
    assert ask(driver, "SELECT 'later'") == [("later",)]


def test_prepares_anew_what_has_changed_under_it(driver: Driver) -> None:
    with driver.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE changing (a int)")
        assert ask(driver, "SELECT * FROM changing") == []
        cursor.execute("ALTER TABLE changing ADD b int")
        driver.commit()
    with pytest.raises(FeatureNotSupported):
        ask(driver, "SELECT * FROM changing")
    driver.rollback()
    assert ask(driver, "SELECT * FROM changing") == []


def test_takes_answers_while_it_sends(driver: Driver) -> None:
    # More each way than all buffers on the way hold: whoever only sends waits for ever.
    statements = [
        Statement("SELECT repeat('x', %s), length(%s)", (MILLIONS, "y" * MILLIONS))
        for _ in range(4)
    ]
    exchange(driver, statements)
    assert [(len(each.rows[0][0]), each.rows[0][1]) for each in statements] == [
        (MILLIONS, MILLIONS)
    ] * 4


def test_tells_that_the_server_is_gone(driver: Driver) -> None:
    with psycopg.connect(driver.info.dsn, password=driver.info.password) as elsewhere:
        elsewhere.execute("SELECT pg_terminate_backend(%s)", (driver.info.backend_pid,))
    with pytest.raises(psycopg.OperationalError):
        exchange(driver, [Statement("SELECT 1", ()), Statement("SELECT 2", ())])
    assert driver.closed


@pytest.mark.parametrize("value", [object(), "no\0text"])
def test_sends_nothing_of_what_cannot_be_written_down(driver: Driver, value: object) -> None:
    with pytest.raises((psycopg.ProgrammingError, psycopg.DataError)):
        exchange(driver, [Statement("SELECT 1", ()), Statement("SELECT %s", (value,))])
    assert driver.info.transaction_status == TransactionStatus.IDLE
    assert ask(driver, "SELECT 1") == [(1,)]


def test_leaves_nobody_an_answer_that_was_not_taken(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(postgresql, "_wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        ask(driver, "SELECT 1")
    assert driver.closed

"""Prices are read once, and a change holds at once: in this process and in every other one."""

import inspect
import os
import subprocess
import sys
from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.config import Settings
from app.domain.catalog import operations, price_memory, queries, withdrawing
from app.domain.catalog.price_changes import SINCE_EVER, PriceTerms
from app.foundation.database import end_reading, transaction
from tests.databases import ROOT
from tests.factories.catalog import make_alias, make_price
from tests.moments import NOW
from tests.statements import statements

LATER, MICROSECOND = NOW + timedelta(days=1), timedelta(microseconds=1)
# What can be done to prices and names of models, and with what.
CHANGES = {
    operations.set_price: lambda _: {"model_id": "gpt-9", "terms": PriceTerms(9, 1)},
    operations.set_alias: lambda _: {"alias": "neun", "model_id": "gpt-9"},
    withdrawing.remove_alias: lambda _: {"name": "nine"},
    withdrawing.withdraw_price: lambda ahead: {"price_id": ahead},
}


def cost(name: str = "gpt-9", *, at: datetime = NOW) -> int | None:
    """Return what a prompt token of the model costs then, as whoever records usage learns it."""
    end_reading()
    price = queries.price_book([name]).find_price_at(name, at)
    return None if price is None else price.prompt_pico


def set_price(prompt_pico: int, *, starts_at: datetime = SINCE_EVER) -> None:
    terms = PriceTerms(prompt_pico=prompt_pico, completion_pico=1)
    operations.set_price("gpt-9", terms, actor="operator:olga", now=NOW, starts_at=starts_at)


def set_price_and_break(prompt_pico: int) -> None:
    with transaction():
        set_price(prompt_pico)
        found = queries.price_book(["gpt-9"]).find_price_at("gpt-9", NOW)
        assert found is not None and found.prompt_pico == prompt_pico
        raise ZeroDivisionError


def by_another_process(settings: Settings, *arguments: str) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "INSTANCE_DIR": str(settings.instance_dir),
        "SECRET_KEY": settings.secret_key,
    }
    command = [sys.executable, "-m", "app.entrypoints.cli", *arguments]
    subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True)


class TestPriceBook:
    def test_asks_one_statement_for_what_it_knows(self, app: Flask) -> None:
        make_price("gpt-9")
        sent = []
        for name in ("gpt-9", "gpt-9", "nobody's", "nobody's", "openai/gpt-9"):
            with statements() as sent_now:
                queries.price_book([name])
            sent.append(len(sent_now))
        assert sent == [3, 1, 3, 1, 3]

    def test_learns_of_a_change(self, app: Flask) -> None:
        assert cost() is None
        for pico in (5, 7):
            with transaction():
                set_price(pico)
            assert cost() == pico

    def test_learns_of_a_name_that_stands_for_a_model_now(self, app: Flask) -> None:
        make_price("gpt-9", prompt_pico=5)
        assert cost("nine") is None
        with transaction():
            operations.set_alias("nine", model_id="gpt-9", actor="operator:olga", now=NOW)
        assert cost("nine") == 5

    def test_learns_of_a_name_that_stands_for_nothing_any_more(self, app: Flask) -> None:
        make_price("gpt-9", prompt_pico=5)
        make_alias("nine", model_id="gpt-9")
        assert cost("nine") == 5
        with transaction():
            withdrawing.remove_alias("nine", actor="operator:olga", now=NOW)
        assert cost("nine") is None

    def test_learns_of_a_price_that_was_taken_back(self, app: Flask) -> None:
        make_price("gpt-9", prompt_pico=5)
        with transaction():
            set_price(7, starts_at=LATER)
        _, ahead = queries.prices_in_force(["gpt-9"])["gpt-9"]
        assert [cost(at=LATER - MICROSECOND), cost(at=LATER)] == [5, 7]
        with transaction():
            withdrawing.withdraw_price(ahead.id, actor="operator:olga", now=NOW)
        assert [cost(at=LATER - MICROSECOND), cost(at=LATER)] == [5, 5]

    @pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
    def test_is_told_of_every_kind_of_change(self, app: Flask, change) -> None:
        make_price("gpt-9", prompt_pico=5)
        make_alias("nine", model_id="gpt-9")
        with transaction():
            set_price(7, starts_at=LATER)
        _, ahead = queries.prices_in_force(["gpt-9"])["gpt-9"]
        before = price_memory.remembered_prices().state
        with transaction():
            change(**CHANGES[change](ahead.id), actor="operator:olga", now=NOW)
        assert price_memory.remembered_prices().state != before

    def test_knows_every_kind_of_change(self) -> None:
        assert set(CHANGES) == {
            function
            for module in (operations, withdrawing)
            for _, function in inspect.getmembers(module, inspect.isfunction)
            if "lock_prices()" in inspect.getsource(function)
        } - {operations.lock_prices}

    def test_learns_of_what_another_process_changed(self, app: Flask, settings: Settings) -> None:
        make_price("gpt-9", prompt_pico=5)
        assert cost() == 5
        given = ("--prompt", "0.000000007", "--completion", "0.1", "--alias", "nine")
        by_another_process(settings, "prices", "set", "gpt-9", *given)
        assert (cost(), cost("nine")) == (7, 7)

    def test_forgets_what_was_undone(self, app: Flask) -> None:
        make_price("gpt-9", prompt_pico=5)
        for pico in (7, 9):
            with pytest.raises(ZeroDivisionError):
                set_price_and_break(pico)
            assert cost() == 5

    def test_begins_anew_before_it_remembers_too_much(self, app: Flask, monkeypatch) -> None:
        monkeypatch.setattr(price_memory, "NAMES_MAX", 3)
        make_price("gpt-9", prompt_pico=5)
        for number in range(9):
            assert cost(f"unknown-{number}") is None
            assert len(price_memory.remembered_prices().names) <= 4
        assert cost() == 5

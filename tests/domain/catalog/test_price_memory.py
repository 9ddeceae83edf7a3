"""Prices are read once, and a change holds at once: in this process and in every other one."""

import os
import subprocess
import sys

import pytest
from flask import Flask

from app.config import Settings
from app.domain.catalog import operations, price_memory, queries
from app.domain.catalog.price_changes import PriceTerms
from app.foundation.database import end_reading, transaction
from tests.databases import ROOT
from tests.factories.catalog import make_price
from tests.moments import NOW
from tests.statements import statements


def cost(name: str = "gpt-9") -> int | None:
    """Return what a prompt token of the model costs now, as whoever records usage learns it."""
    end_reading()
    price = queries.price_book([name]).find_price_at(name, NOW)
    return None if price is None else price.prompt_pico


def set_price(prompt_pico: int, model_id: str = "gpt-9") -> None:
    terms = PriceTerms(prompt_pico=prompt_pico, completion_pico=1)
    operations.set_price(model_id, terms, actor="operator:olga", now=NOW)


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

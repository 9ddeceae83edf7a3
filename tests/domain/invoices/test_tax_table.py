"""The operator's table of taxes."""

import pytest
from flask import Flask

from app.domain.invoices import tax_table
from app.domain.invoices.errors import TaxInvalid, UnknownTax
from app.domain.invoices.models import TaxRate
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from tests.moments import NOW
from tests.threads import in_parallel


def set_tax(country: str = "DE", name: str = "USt", rate_bp: int = 1_900) -> TaxRate:
    with transaction():
        return tax_table.set_tax(
            country, name=name, rate_bp=rate_bp, actor="operator:olga", now=NOW
        )


def table() -> list[tuple[str, str, int]]:
    session.rollback()
    return [(rate.country, rate.name, rate.rate_bp) for rate in tax_table.taxes()]


def acts() -> list[str]:
    return [entry.action for entry in session.query(JournalEntry).order_by(JournalEntry.id)]


class TestSetTax:
    def test_adds_and_changes(self, app: Flask) -> None:
        set_tax("fr", " TVA ", 2_000)
        set_tax()
        set_tax(rate_bp=1_600)
        set_tax(rate_bp=1_600)
        assert table() == [("DE", "USt", 1_600), ("FR", "TVA", 2_000)]
        assert acts() == ["tax_set"] * 3
        last = session.query(JournalEntry).order_by(JournalEntry.id.desc()).first()
        assert last.details["rate_bp"] == {"from": 1_900, "to": 1_600}

    @pytest.mark.parametrize(
        ("changes", "path"),
        [
            ({"country": "DEU"}, "country"),
            ({"country": "D"}, "country"),
            ({"country": "XX"}, "country"),
            ({"country": "EU"}, "country"),
            ({"country": "\u0130E"}, "country"),
            ({"name": " "}, "name"),
            ({"name": "x" * 41}, "name"),
            ({"rate_bp": -1}, "percent"),
            ({"rate_bp": 10_001}, "percent"),
        ],
    )
    def test_refuses_a_field_by_its_path(self, app: Flask, changes: dict, path: str) -> None:
        with pytest.raises(TaxInvalid) as refused:
            set_tax(**changes)
        assert [fault.path for fault in refused.value.fields] == [path]

    def test_lets_many_add_the_same_country_at_once(self, app: Flask) -> None:
        in_parallel(app, [lambda: set_tax(rate_bp=700)] * 4)
        assert table() == [("DE", "USt", 700)]


class TestRemoveTax:
    def test_removes_it(self, app: Flask) -> None:
        set_tax()
        with transaction():
            tax_table.remove_tax("de", actor="operator:olga", now=NOW)
        assert table() == []
        assert acts() == ["tax_set", "tax_removed"]

    @pytest.mark.parametrize("country", ["DE", "", "\x00", "nowhere"])
    def test_knows_no_other(self, app: Flask, country: str) -> None:
        with pytest.raises(UnknownTax), transaction():
            tax_table.remove_tax(country, actor="operator:olga", now=NOW)

"""Taxes at the console: listed, set, changed and removed."""

import pytest
from flask.testing import FlaskClient

from app.domain.invoices import tax_table
from app.foundation.database import end_reading
from tests.entrypoints.web.conftest import words
from tests.entrypoints.web.operator.conftest import acts_of_olga
from tests.entrypoints.web.operator.test_coupons import errors_at
from tests.statements import statements

TAXES = "/operator/taxes"
STATEMENTS_MAX = 6
FORM = {"country": "DE", "name": "VAT", "percent": "19"}


def taxes() -> list[tuple[str, str, int]]:
    end_reading()
    return [(tax.country, tax.name, tax.rate_bp) for tax in tax_table.taxes()]


class TestTaxes:
    def test_sets_changes_and_removes_one(self, olgas: FlaskClient) -> None:
        assert "No taxes yet" in olgas.get(TAXES).text
        answer = olgas.post(TAXES, data=FORM)
        assert (answer.status_code, answer.location) == (303, TAXES)
        assert taxes() == [("DE", "VAT", 1_900)]
        with statements() as sent:
            page = words(olgas.get(TAXES).text)
        assert len(sent) <= STATEMENTS_MAX, sent
        assert "The tax of Germany is set" in page and "Germany DE VAT 19%" in page
        assert 'value="19"' in olgas.get(f"{TAXES}?country=DE").text
        assert olgas.post(TAXES, data={**FORM, "percent": "7.75"}).status_code == 303
        assert taxes() == [("DE", "VAT", 775)]
        assert "carry no VAT of 7.75%" in olgas.get(f"{TAXES}/DE/remove").text
        assert taxes() == [("DE", "VAT", 775)]
        assert olgas.post(f"{TAXES}/DE/remove").status_code == 303
        assert taxes() == []
        assert [act for act, _ in acts_of_olga()] == ["tax_set", "tax_set", "tax_removed"]

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"country": ""}, "country"),
            ({"country": "XX"}, "country"),
            ({"country": "\x00"}, "country"),
            ({"name": ""}, "name"),
            ({"name": "x" * 41}, "name"),
            ({"percent": ""}, "percent"),
            ({"percent": "7.755"}, "percent"),
            ({"percent": "100.01"}, "percent"),
            ({"percent": "-1"}, "percent"),
            ({"percent": "VAT"}, "percent"),
        ],
    )
    def test_says_at_the_field_what_is_wrong(
        self, olgas: FlaskClient, changes: dict[str, str], field: str
    ) -> None:
        answer = olgas.post(TAXES, data={**FORM, **changes})
        assert answer.status_code == 422 and errors_at(answer.text, field)
        assert taxes() == [] and acts_of_olga() == []

    @pytest.mark.parametrize("percent", ["0", "100", "0.01"])
    def test_takes_every_percentage(self, olgas: FlaskClient, percent: str) -> None:
        assert olgas.post(TAXES, data={**FORM, "percent": percent}).status_code == 303

    @pytest.mark.parametrize("country", ["FR", "xx", "%00"])
    def test_knows_no_other(self, olgas: FlaskClient, country: str) -> None:
        assert olgas.get(f"{TAXES}/{country}/remove").status_code == 404

    def test_customers_cannot(self, adas: FlaskClient) -> None:
        assert adas.post(TAXES, data=FORM).status_code == 404
        assert taxes() == []

"""Taxes at the console: listed, set, changed and removed."""

from contextlib import suppress
from threading import Barrier, BrokenBarrierError

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.invoices import tax_table
from app.entrypoints.web import shown_values
from app.entrypoints.web.operator import taxes as doors
from app.entrypoints.web.operator.tax_forms import TaxForm
from app.foundation.database import end_reading
from tests.entrypoints.web.conftest import signed_in, words
from tests.entrypoints.web.operator.conftest import acts_of_olga
from tests.entrypoints.web.operator.test_coupons import errors_at
from tests.factories.accounts import make_account
from tests.statements import statements
from tests.tabs import shown_on, tab, with_typed
from tests.threads import in_parallel

TAXES = "/operator/taxes"
STATEMENTS_MAX = 6
BESIDE_SECONDS = 1
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


class TestTwoTabs:
    def test_an_older_page_keeps_what_is_newer(self, olgas: FlaskClient) -> None:
        olgas.post(TAXES, data=FORM)
        older, newer = (tab(olgas, f"{TAXES}?country=DE") for _ in range(2))
        assert olgas.post(TAXES, data=with_typed(newer, percent="20")).status_code == 303
        assert olgas.post(TAXES, data=with_typed(older, name="MwSt")).status_code == 303
        assert taxes() == [("DE", "MwSt", 2_000)]
        assert "stays as it is now" in olgas.get(TAXES).text

    def test_what_was_changed_in_both_is_told_before_it_counts(self, olgas: FlaskClient) -> None:
        olgas.post(TAXES, data=FORM)
        older, newer = (tab(olgas, f"{TAXES}?country=DE") for _ in range(2))
        olgas.post(TAXES, data=with_typed(newer, percent="20"))
        answer = olgas.post(TAXES, data=with_typed(older, percent="16"))
        assert answer.status_code == 422 and "now it is 20." in errors_at(answer.text, "percent")
        assert taxes() == [("DE", "VAT", 2_000)]
        again = with_typed(older, percent="16", shown=shown_on(answer.text))
        assert olgas.post(TAXES, data=again).status_code == 303
        assert taxes() == [("DE", "VAT", 1_600)]

    @pytest.mark.parametrize("address", [TAXES, f"{TAXES}?country=FR"])
    def test_a_tax_that_was_not_shown_is_told_first(self, olgas: FlaskClient, address: str) -> None:
        olgas.post(TAXES, data={**FORM, "country": "FR", "percent": "20"})
        sent = with_typed(tab(olgas, address), country="DE", name="VAT", percent="16")
        olgas.post(TAXES, data=FORM)
        answer = olgas.post(TAXES, data=sent)
        assert answer.status_code == 422 and "now it is 19." in errors_at(answer.text, "percent")
        assert taxes()[0] == ("DE", "VAT", 1_900)

    def test_of_two_who_add_the_first_one_at_once_the_later_is_told(
        self, app: Flask, olgas: FlaskClient, olga: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        otto = make_account(
            "otto", role="operator", now=olga.created_at, password_hash=olga.password_hash
        )
        looked, catch_up = Barrier(2), shown_values.catch_up

        def catch_up_beside_another(form: TaxForm, now_set: TaxForm) -> None:
            # Both have looked what is set, if one need not wait for the other.
            with suppress(BrokenBarrierError):
                looked.wait(BESIDE_SECONDS)
            catch_up(form, now_set)

        monkeypatch.setattr(doors, "catch_up", catch_up_beside_another)
        browsers, empty = [olgas, signed_in(app, otto)], tab(olgas, TAXES)
        sent = [with_typed(empty, country="DE", name="VAT", percent=each) for each in ("19", "20")]
        posts = [
            lambda b=browser, f=form: b.post(TAXES, data=f)
            for browser, form in zip(browsers, sent, strict=True)
        ]
        answers = in_parallel(app, posts)
        assert sorted(answer.status_code for answer in answers) == [303, 422]
        [(_, _, stands)] = taxes()
        (told,) = (answer.text for answer in answers if answer.status_code == 422)
        assert f"now it is {stands // 100}." in errors_at(told, "percent")

    def test_removes_no_other_than_was_shown(self, olgas: FlaskClient) -> None:
        olgas.post(TAXES, data=FORM)
        sent = tab(olgas, f"{TAXES}/DE/remove")
        olgas.post(TAXES, data={**FORM, "percent": "20"})
        answer = olgas.post(f"{TAXES}/DE/remove", data=sent)
        assert answer.status_code == 422 and len(taxes()) == 1
        read = words(answer.text)
        assert "Read it again." in read and "no VAT of 20%" in read
        assert olgas.post(f"{TAXES}/DE/remove", data=tab(olgas, f"{TAXES}/DE/remove")).location
        assert taxes() == []

"""Prices at the console: models without one first, and setting one after a look at the change."""

import re
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app.domain.accounts.models import Account
from app.domain.catalog import queries
from app.domain.catalog.price_changes import SINCE_EVER
from app.entrypoints.web.operator.desk import ROWS_PER_PAGE
from app.foundation import clock
from app.foundation.database import end_reading
from tests.entrypoints.web.conftest import HTMX, words, words_of
from tests.entrypoints.web.operator.conftest import acts_of_olga
from tests.factories.catalog import make_price
from tests.factories.usage import make_usage
from tests.statements import statements
from tests.tabs import shown_on, tab, with_typed

PRICES = "/operator/prices"
SET = f"{PRICES}/set"
STATEMENTS_MAX = 7
FORM = {
    "model_id": "gpt-9",
    "provider": "openai",
    "prompt_price_per_million": "30",
    "completion_price_per_million": "60",
    "cache_read_price_per_million": "",
    "cache_write_price_per_million": "",
    "effective_from": "",
    "included_in_plans": "on",
}


def prices_of(model_id: str) -> list[tuple[int, datetime]]:
    end_reading()
    found = queries.prices_in_force([model_id]).get(model_id, [])
    return [(price.terms.prompt_pico, price.effective_from) for price in found]


def confirm(browser: FlaskClient, form: dict[str, str]) -> TestResponse:
    """Send the form, and then again what it shows to confirm."""
    page = browser.post(SET, data=form).text
    mark = re.search(r'name="confirmed" value="(\w+)"', page)[1]
    return browser.post(SET, data=with_typed(MultiDict(form), confirmed=mark))


def errors_at(page: str, field: str) -> str:
    return re.search(rf'<p id="{field}-errors"[^>]*>(.*?)</p>', page)[1]


class TestIndex:
    def test_shows_first_what_has_no_price(
        self, olgas: FlaskClient, ada: Account, now: datetime
    ) -> None:
        assert "Models without a price" not in olgas.get(PRICES).text
        make_usage(model="openai/new one", now=now)
        page = olgas.get(PRICES).text
        assert "Models without a price" in page
        assert 'href="/operator/prices/set?model_id=openai/new+one"' in page
        assert "gpt-4 openai $30.00 $60.00 as prompt as prompt ever" in words(page)

    def test_finds_and_goes_further(self, olgas: FlaskClient) -> None:
        for number in range(ROWS_PER_PAGE + 1):
            make_price(f"zz-{number:02d}")
        with statements() as sent:
            page = olgas.get(f"{PRICES}?query=ZZ-").text
        assert len(sent) <= STATEMENTS_MAX, sent
        assert "zz-00" in page and f"zz-{ROWS_PER_PAGE:02d}" not in page and "gpt-4" not in page
        address = re.search(r'href="(/operator/prices\?[^"]*after=[^"]+)"', page)[1]
        further = olgas.get(address.replace("&amp;", "&"), headers=HTMX).text
        assert f"zz-{ROWS_PER_PAGE:02d}" in further and "zz-00" not in further
        assert "No model found" in olgas.get(f"{PRICES}?query=%25").text


class TestSetPrice:
    def test_shows_what_it_changes_and_then_sets_it(
        self, olgas: FlaskClient, ada: Account, now: datetime
    ) -> None:
        make_usage(model="gpt-9", now=now)
        answer = olgas.post(SET, data=FORM)
        page = words(answer.text)
        assert answer.status_code == 200 and "since ever" in page and "Usage that waits" in page
        assert prices_of("gpt-9") == [] and acts_of_olga() == []
        answer = confirm(olgas, FORM)
        assert (answer.status_code, answer.location) == (303, f"{PRICES}?query=gpt-9")
        assert prices_of("gpt-9") == [(30_000_000, SINCE_EVER)]
        assert [act for act, _ in acts_of_olga()] == ["price_set"]
        assert "The price of gpt-9 is set." in olgas.get(answer.location).text

    def test_says_what_it_ends_and_replaces(self, olgas: FlaskClient) -> None:
        later = clock.now() + timedelta(days=5)
        form = {**FORM, "model_id": "gpt-4", "prompt_price_per_million": "20"}
        form["effective_from"] = f"{later:%Y-%m-%dT%H:%M}"
        assert "Until then $30.00 and $60.00" in words(olgas.post(SET, data=form).text)
        assert confirm(olgas, form).status_code == 303
        assert [pico for pico, _ in prices_of("gpt-4")] == [30_000_000, 20_000_000]
        assert "changes" in olgas.get(f"{PRICES}?query=gpt-4").text
        form["effective_from"] = f"{clock.now():%Y-%m-%dT%H:%M}"
        page = words(olgas.post(SET, data={**form, "prompt_price_per_million": "10"}).text)
        assert "1 price that would begin then or later counts no more" in page

    def test_knows_nothing_before_ever(self, olgas: FlaskClient) -> None:
        form = {**FORM, "model_id": "gpt-4", "prompt_price_per_million": "20"}
        page = words(olgas.post(SET, data=form).text)
        assert "since ever. In place of $30.00 and $60.00." in page and "Until then" not in page

    def test_says_of_everything_what_it_was(self, olgas: FlaskClient) -> None:
        form = {
            **FORM,
            "model_id": "gpt-4o",
            "cache_read_price_per_million": "",
            "provider": "azure",
        }
        form |= {"cache_write_price_per_million": "3", "included_in_plans": "off"}
        read = words_of(olgas.post(SET, data=form).text)
        assert "Read from the cache: $1.25 → as prompt" in read
        assert "Written to the cache: as prompt → $3.00" in read
        assert "Provider: openai → azure" in read and "Included in plans: yes → no" in read
        assert "Provider: " not in words_of(olgas.post(SET, data=FORM).text)

    def test_says_what_it_comes_to(self, olgas: FlaskClient, ada: Account) -> None:
        form = {**FORM, "model_id": "gpt-4", "prompt_price_per_million": "20"}
        form["effective_from"] = f"{clock.now() + timedelta(days=5):%Y-%m-%dT%H:%M}"
        assert "last 30 days" not in olgas.post(SET, data=form).text
        make_usage(prompt_tokens=1_000, completion_tokens=0, now=clock.now())
        read = words_of(olgas.post(SET, data=form).text)
        assert "One customer used it in the last 30 days." in read
        said = "At this price, $0.02 would have been charged for that instead of $0.03"
        assert f"{said}: $0.01 less a month." in read

    def test_what_was_not_shown_is_not_set(self, olgas: FlaskClient) -> None:
        page = olgas.post(SET, data=FORM).text
        mark = re.search(r'name="confirmed" value="(\w+)"', page)[1]
        changed = {**FORM, "prompt_price_per_million": "300", "confirmed": mark}
        answer = olgas.post(SET, data=changed)
        assert answer.status_code == 200 and "What this changes" in answer.text
        assert prices_of("gpt-9") == []

    def test_says_that_nothing_changes(self, olgas: FlaskClient) -> None:
        form = {**FORM, "model_id": "gpt-4"}
        assert "costs exactly this already" in olgas.post(SET, data=form).text
        assert confirm(olgas, form).status_code == 303
        assert queries.prices_in_force(["gpt-4"])["gpt-4"][0].set_by == "operator:olga"

    def test_starts_with_what_it_costs_now(self, olgas: FlaskClient) -> None:
        page = olgas.get(f"{SET}?model_id=gpt-4o").text
        for value in ("gpt-4o", "2.5", "10", "1.25"):
            assert f'value="{value}"' in page
        assert f"{clock.now():%Y-%m-%dT}" in page
        assert 'value="new-model"' in olgas.get(f"{SET}?model_id=new-model").text

    @pytest.mark.parametrize("confirmed", [{}, {"confirmed": "1"}])
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("model_id", ""),
            ("model_id", "x" * 256),
            ("prompt_price_per_million", ""),
            ("prompt_price_per_million", "free"),
            ("prompt_price_per_million", "-1"),
            ("prompt_price_per_million", "1000000.01"),
            ("prompt_price_per_million", "15,5"),
            ("cache_read_price_per_million", "500,5"),
            ("completion_price_per_million", "0.0000001"),
            ("cache_read_price_per_million", "x"),
            ("cache_write_price_per_million", "-0.1"),
            ("effective_from", "yesterday"),
        ],
    )
    def test_says_at_the_field_what_is_wrong(
        self, olgas: FlaskClient, field: str, value: str, confirmed: dict[str, str]
    ) -> None:
        answer = olgas.post(SET, data={**FORM, field: value, **confirmed})
        assert answer.status_code == 422 and errors_at(answer.text, field)
        assert prices_of("gpt-9") == [] and acts_of_olga() == []

    def test_an_older_page_keeps_what_is_newer(self, olgas: FlaskClient) -> None:
        address = f"{SET}?model_id=gpt-4"
        older, newer = tab(olgas, address), tab(olgas, address)
        newer_typed = with_typed(newer, prompt_price_per_million="20", provider="azure")
        assert confirm(olgas, newer_typed).status_code == 303
        sent = with_typed(older, cache_read_price_per_million="3")
        page = olgas.post(SET, data=sent).text
        assert "Something else was changed after you opened the page" in page
        assert confirm(olgas, sent).status_code == 303
        end_reading()
        terms = queries.prices_in_force(["gpt-4"])["gpt-4"][-1].terms
        assert (terms.prompt_pico, terms.cache_read_pico) == (20_000_000, 3_000_000)
        assert terms.provider == "azure"

    def test_what_was_changed_in_both_is_told_before_it_counts(self, olgas: FlaskClient) -> None:
        address, million = f"{SET}?model_id=gpt-4", "prompt_price_per_million"
        older, newer = tab(olgas, address), tab(olgas, address)
        confirm(olgas, with_typed(newer, prompt_price_per_million="20"))
        sent = with_typed(older, prompt_price_per_million="40")
        answer = olgas.post(SET, data=sent)
        assert answer.status_code == 422 and "now it is 20." in errors_at(answer.text, million)
        again = with_typed(sent, shown=shown_on(answer.text))
        assert confirm(olgas, again).status_code == 303
        assert prices_of("gpt-4")[-1][0] == 40_000_000

    def test_a_price_that_was_not_shown_is_told_first(self, olgas: FlaskClient) -> None:
        # The page of another model was open, with all that it costs.
        sent = with_typed(tab(olgas, f"{SET}?model_id=gpt-4o"), model_id="gpt-4")
        answer = olgas.post(SET, data=sent)
        assert answer.status_code == 422
        assert "now it is 30." in errors_at(answer.text, "prompt_price_per_million")
        new = with_typed(sent, model_id="gpt-9")
        assert confirm(olgas, new).status_code == 303
        assert [pico for pico, _ in prices_of("gpt-9")] == [2_500_000]

    def test_what_changes_after_the_look_is_shown_first(self, olgas: FlaskClient) -> None:
        form = {**FORM, "model_id": "gpt-4", "prompt_price_per_million": "20"}
        page = olgas.post(SET, data=form).text
        mark = re.search(r'name="confirmed" value="(\w+)"', page)[1]
        later = f"{clock.now() + timedelta(days=5):%Y-%m-%dT%H:%M}"
        confirm(olgas, {**form, "prompt_price_per_million": "25", "effective_from": later})
        answer = olgas.post(SET, data={**form, "confirmed": mark})
        assert answer.status_code == 200 and "2 prices that would begin" in answer.text
        assert [pico for pico, _ in prices_of("gpt-4")] == [30_000_000, 25_000_000]

    def test_sent_twice_is_set_once(self, olgas: FlaskClient) -> None:
        sent = with_typed(tab(olgas, f"{SET}?model_id=gpt-4"), prompt_price_per_million="20")
        page = olgas.post(SET, data=sent).text
        mark = re.search(r'name="confirmed" value="(\w+)"', page)[1]
        confirmed = with_typed(sent, confirmed=mark)
        assert olgas.post(SET, data=confirmed).status_code == 303
        assert "costs exactly this already" in olgas.post(SET, data=confirmed).text
        assert len(prices_of("gpt-4")) == 2

    def test_an_empty_form_is_no_error_of_ours(self, olgas: FlaskClient) -> None:
        assert olgas.post(SET, data={"csrf_token": "a"}).status_code == 422


class TestSetAlias:
    def test_lets_a_name_stand_for_a_model(self, olgas: FlaskClient) -> None:
        address = f"{PRICES}/alias?alias=gpt-4-turbo"
        assert 'value="gpt-4-turbo"' in olgas.get(address).text
        form = {"alias": "gpt-4-turbo", "model_id": "gpt-4"}
        assert olgas.post(address, data=form).status_code == 303
        assert queries.model_of_alias()["gpt-4-turbo"] == "gpt-4"
        assert "also gpt-4-turbo" in olgas.get(f"{PRICES}?query=gpt-4").text
        assert [act for act, _ in acts_of_olga()] == ["alias_set"]

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"alias": "gpt-4o"}, "alias"),
            ({"alias": ""}, "alias"),
            ({"model_id": "nothing"}, "model_id"),
            ({"model_id": ""}, "model_id"),
        ],
    )
    def test_refuses(self, olgas: FlaskClient, changes: dict[str, str], field: str) -> None:
        form = {"alias": "new", "model_id": "gpt-4", **changes}
        answer = olgas.post(f"{PRICES}/alias", data=form)
        assert answer.status_code == 422 and errors_at(answer.text, field)
        assert "new" not in queries.model_of_alias()

    def test_says_first_if_it_stands_for_another(self, olgas: FlaskClient) -> None:
        address = f"{PRICES}/alias"
        sent = with_typed(tab(olgas, f"{address}?alias=mine"), model_id="gpt-4")
        other = with_typed(tab(olgas, address), alias="mine", model_id="gpt-4o")
        assert olgas.post(address, data=sent).status_code == 303
        assert olgas.post(address, data=sent).status_code == 303
        answer = olgas.post(address, data=other)
        assert answer.status_code == 422
        assert "now it is gpt-4." in errors_at(answer.text, "model_id")
        end_reading()
        assert queries.model_of_alias()["mine"] == "gpt-4"
        again = with_typed(other, shown=shown_on(answer.text))
        assert olgas.post(address, data=again).status_code == 303
        assert [act for act, _ in acts_of_olga()] == ["alias_set"] * 2

"""The monthly report at the console, as a page and as a file."""

import csv
import json
import re
from datetime import datetime
from io import StringIO

import pytest
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.foundation import clock
from app.foundation.periods import BillingMonth
from tests.entrypoints.web.conftest import HTMX, words
from tests.factories.catalog import make_price
from tests.factories.usage import make_usage
from tests.statements import statements

REPORT = "/operator/report"
STATEMENTS_MAX = 10


def _colours(page: str) -> dict[str, str]:
    (drawn,) = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    return {layer["name"]: layer["colour"] for layer in json.loads(drawn)["layers"]}


class TestIndex:
    def test_shows_the_running_month(self, olgas: FlaskClient, ada: Account) -> None:
        page = olgas.get(REPORT).text
        assert "Nothing was charged in these months" in page and "Nothing was used." in page
        make_usage(prompt_tokens=100_000, completion_tokens=0, now=clock.now())
        with statements() as sent:
            page = olgas.get(REPORT, headers=HTMX).text
        assert len(sent) <= STATEMENTS_MAX, sent
        read = words(page)
        assert "gpt-4 1 100K $3.00" in read
        assert "Pay as you go 1 100K $3.00" in read and "data-chart" in page
        # Without scripts the table says what is drawn, and no legend names colours of nothing.
        assert 'class="legend needs-script"' in page
        assert "Month gpt-4 Total" in read and "$3.00 $3.00 Total $3.00 $3.00" in read
        make_usage(model="nobody-knows", now=clock.now())
        assert "nobody-knows 1 620 no price yet" in words(olgas.get(REPORT).text)

    def test_gives_models_the_colours_of_customers_charts(
        self, olgas: FlaskClient, ada: Account
    ) -> None:
        make_price("a-dear-one")
        # The first two would have one colour by their names; the dearest comes last.
        for dearer, model in enumerate(["claude-haiku-4-5", "gpt-4o", "a-dear-one"], start=1):
            make_usage(model=model, prompt_tokens=dearer * 1_000_000, now=clock.now())
        colours = _colours(olgas.get("/operator/customers/ada").text)
        assert colours == _colours(olgas.get(REPORT).text)
        assert len(set(colours.values())) == 3

    def test_shows_what_has_no_price_as_such(self, olgas: FlaskClient, ada: Account) -> None:
        make_usage(model="nobody-knows", prompt_tokens=900, completion_tokens=0, now=clock.now())
        read = words(olgas.get(REPORT).text)
        assert "nobody-knows 1 900 no price yet" in read
        assert "Tokens without a price 900" in read

    @pytest.mark.parametrize("asked", ["", "2026-13", "x", "9999-12", "%00", "2024"])
    def test_nonsense_is_the_running_month(self, olgas: FlaskClient, asked: str) -> None:
        running = str(BillingMonth.of(clock.now()))
        assert f'value="{running}" selected' in olgas.get(f"{REPORT}?month={asked}").text

    def test_shows_a_month_of_long_ago(self, olgas: FlaskClient) -> None:
        assert 'value="2020-02" selected' in olgas.get(f"{REPORT}?month=2020-02").text


class TestExport:
    def test_has_every_figure_once(self, olgas: FlaskClient, ada: Account, now: datetime) -> None:
        make_usage(model="=cmd", prompt_tokens=1, now=now)
        make_usage(prompt_tokens=100_000, completion_tokens=0, now=clock.now())
        month = BillingMonth.of(clock.now())
        file = olgas.get(f"{REPORT}/export.csv?month={month}")
        assert f"report-{month}.csv" in file.headers["Content-Disposition"]
        heading, *rows = csv.reader(StringIO(file.text))
        assert heading == ["of", "name", "figure", "value"]
        assert ["month", str(month), "total_revenue", "3"] in rows
        assert ["model", "gpt-4", "total_tokens", "100000"] in rows
        assert ["plan_id", "plan-payg", "total_revenue", "3"] in rows
        assert not any(cell.startswith("=") for row in rows for cell in row)

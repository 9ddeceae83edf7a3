"""The alerts page: thresholds, where they lie now, and what was crossed."""

import json
import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.domain.accounts import queries
from app.domain.accounts.models import Account
from app.domain.alerts.models import Alert
from app.entrypoints.jobs.alerting import tell_what_was_crossed
from app.entrypoints.web.alerts import PAGE_SIZE
from app.foundation.database import end_reading, session, transaction
from tests.entrypoints.web.conftest import HTMX, saved, signed_in, words_of
from tests.factories.accounts import make_account
from tests.factories.usage import make_usage
from tests.halves import on_one_of_both
from tests.statements import statements
from tests.translations.reading import english_words, main_of

STATEMENTS_MAX = 10
FIELDS = ("enable_alerts", "alert_threshold", "alert_percents", "alert_spend", "alert_forecast")
FILLED = {
    "enable_alerts": ["off", "on"],
    "alert_threshold": "50,000",
    "alert_percents": "90, 10 60%",
    "alert_spend": "12.34",
    "alert_forecast": ["off"],
}


@pytest.fixture
def cleo(app: Flask, now, password_hash) -> Account:
    """A customer with a quota of 100,000 tokens."""
    return make_account("cleo", now=now, plan_id="plan-basic", password_hash=password_hash)


@pytest.fixture
def cleos(app: Flask, cleo: Account) -> FlaskClient:
    """Cleo's browser."""
    return signed_in(app, cleo)


def use(tokens: int, *, now, **changes: object) -> None:
    make_usage("cleo", now=now, prompt_tokens=tokens, completion_tokens=0, **changes)


def cross(*kinds: str, user_id: str, now) -> None:
    """Note alerts that were crossed, one minute after the other."""
    with transaction():
        for number, kind in enumerate(kinds):
            session.add(
                Alert(
                    user_id=user_id,
                    kind=kind,
                    threshold=number + 1,
                    span=f"period:{number}",
                    value=1,
                    crossed_at=now + timedelta(minutes=number),
                )
            )


class TestHistory:
    def test_goes_on_to_what_was_crossed_before(self, adas, ada, now) -> None:
        cross(*["quota_percent"] * (PAGE_SIZE + 1), user_id="ada", now=now)
        first, second = adas.get("/alerts").text, adas.get("/alerts?page=2").text
        assert "Page 1 of 2" in first and 'href="/alerts?page=2"' in first
        assert first.count("of the quota used</th>") == PAGE_SIZE
        assert second.count("of the quota used</th>") == 1 and "1% of the quota used</th>" in second
        assert "So many were not crossed" in adas.get("/alerts?page=3").text

    def test_narrows_it_to_a_kind(self, adas, ada, now) -> None:
        cross("spend", *["quota_percent"] * (PAGE_SIZE + 1), user_id="ada", now=now)
        page = adas.get("/alerts?kind=spend").text
        assert "spent in a month</th>" in page and "of the quota used</th>" not in page
        assert '<option value="spend" selected>Spend in a month</option>' in page
        # The way to older ones keeps to what was chosen.
        percents = adas.get("/alerts?kind=quota_percent", headers=HTMX).text
        assert 'hx-get="/alerts?page=2&amp;kind=quota_percent"' in percents
        assert "Nothing of this kind so far" in adas.get("/alerts?kind=forecast").text

    def test_shows_nothing_of_bens(self, adas, ben, now) -> None:
        cross("spend", user_id="ben", now=now)
        assert "Nothing was crossed yet" in adas.get("/alerts").text


class TestIndex:
    def test_has_every_field_under_its_name(self, adas) -> None:
        page = adas.get("/alerts").text
        for name in FIELDS:
            assert f'id="{name}"' in page and f'for="{name}"' in page
        assert 'value="50, 80, 100"' in page
        assert "Nothing was crossed yet" in page and "only your spend can be watched" in page

    def test_shows_where_thresholds_lie(self, cleos, now) -> None:
        use(60_000, now=now)
        page = cleos.get("/alerts").text
        assert page.count(">crossed</span>") == 1
        assert "75.0% of the way to this threshold" in page
        assert "60% used" in page and "A forecast follows after three days of use." in page
        # On the first day nobody can say so.
        assert "The quota lasts" not in page and "At this pace it lasts" not in page

    def test_says_that_a_quota_lasts_once_there_is_a_pace(self, cleos, now) -> None:
        for days in (1, 2, 3):
            use(100, now=now, occurred_at=now - timedelta(days=days))
        page = cleos.get("/alerts").text
        assert "<b>The quota lasts</b>" in page and "At this pace it lasts" in page
        assert "The quota will not last" not in page and "A forecast follows" not in page

    @pytest.mark.parametrize(("tokens", "spent"), [(20_850, "$0.63"), (100, "$0.003")])
    def test_shows_spend_as_the_overview_does(self, adas, now, tokens, spent) -> None:
        make_usage("ada", now=now, prompt_tokens=tokens, completion_tokens=0)
        adas.post("/alerts", data={"enable_alerts": "on", "alert_spend": "5"})
        assert f"{spent} spent" in words_of(adas.get("/alerts").text)
        assert spent in words_of(adas.get("/").text)

    def test_shows_when_the_quota_ends(self, cleos, now) -> None:
        for days in (1, 2, 3):
            use(20_000, now=now, occurred_at=now - timedelta(days=days))
        assert "At this pace it ends on" in cleos.get("/alerts").text

    def test_shows_what_was_crossed_and_whether_it_was_mailed(self, cleos, now) -> None:
        cleos.post("/alerts", data={"enable_alerts": "off", "alert_percents": "50"})
        use(60_000, now=now)
        tell_what_was_crossed()
        page = cleos.get("/alerts").text
        assert "not mailed" in page and "Mails are switched off" in page
        cleos.post("/alerts", data={"enable_alerts": "on", "alert_percents": "50, 55"})
        tell_what_was_crossed()
        page = cleos.get("/alerts").text
        assert page.count(">mailed</span>") == 1 and page.count(">not mailed</span>") == 1

    def test_needs_somebody_signed_in(self, client) -> None:
        assert client.get("/alerts").location == "/login?next=/alerts"

    def test_takes_few_statements(self, cleos, now) -> None:
        use(60_000, now=now)
        tell_what_was_crossed()
        with statements() as sent:
            cleos.get("/alerts")
        assert len(sent) <= STATEMENTS_MAX, sent


class TestChange:
    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_saves_and_says_so(self, adas, ada, headers) -> None:
        answer = saved(adas, "/alerts", FILLED, headers)
        assert answer.status_code == 200 and "Saved" in answer.text
        assert "Saved" not in adas.get("/alerts").text
        chosen = queries.settings_view(ada)
        assert chosen.enable_alerts and not chosen.alert_forecast
        assert (chosen.alert_threshold, chosen.alert_spend_minor) == (50_000, 1_234)
        assert chosen.alert_percents == (10, 60, 90)
        assert 'value="10, 60, 90"' in answer.text and 'value="50000"' in answer.text

    def test_shows_what_was_typed_and_is_no_number(self, adas) -> None:
        page = adas.post("/alerts", data={"alert_threshold": "abc"}, headers=HTMX).text
        (field,) = re.findall(r'<input[^>]* id="alert_threshold"[^>]*>', page)
        assert 'type="text"' in field and 'value="abc"' in field and 'inputmode="numeric"' in field
        assert "A whole number from 0 to" in words_of(page)

    def test_takes_the_commas_of_every_keyboard(self, adas, ada) -> None:
        typed = "50\N{FULLWIDTH COMMA}80\N{IDEOGRAPHIC COMMA} 90,100"
        adas.post("/alerts", data={"alert_percents": typed})
        assert queries.settings_view(ada).alert_percents == (50, 80, 90, 100)

    def test_says_what_is_passed_already(self, adas, now) -> None:
        make_usage("ada", now=now, prompt_tokens=100_000, completion_tokens=0)
        sent = {"enable_alerts": "on", "alert_spend": "1"}
        page = words_of(adas.post("/alerts", data=sent, headers=HTMX).text)
        assert "One threshold is passed already: $1.00 spent in a month." in page
        assert "is noted below and mailed within a minute; your requests go on." in page
        sent = {"enable_alerts": "off", "alert_spend": "50"}
        assert "passed already:" not in adas.post("/alerts", data=sent, headers=HTMX).text

    def test_of_nothing_switches_them_off(self, adas, ada) -> None:
        adas.post("/alerts", data={**FILLED, "alert_percents": "", "alert_spend": ""})
        chosen = queries.settings_view(ada)
        assert chosen.alert_percents == () and chosen.alert_spend_minor is None

    @pytest.mark.parametrize(
        ("field", "typed"),
        [
            ("alert_threshold", ""),
            ("alert_threshold", "-1"),
            ("alert_threshold", "1.5"),
            ("alert_threshold", "1,5"),
            ("alert_threshold", str(2**53 + 1)),
            ("alert_threshold", "many"),
            ("alert_percents", "0"),
            ("alert_percents", "50, fifty"),
            ("alert_percents", "50 50"),
            ("alert_percents", "1 2 3 4 5 6 7 8 9 10 11"),
            ("alert_percents", "1," * 5_000),
            ("alert_threshold", "1e9"),
            ("alert_threshold", "NaN"),
            ("alert_percents", "NaN"),
            ("alert_spend", "1.234"),
            ("alert_spend", "0.001"),
            ("alert_spend", "1e9"),
            ("alert_spend", "NaN"),
            ("alert_spend", "-0.01"),
        ],
    )
    def test_says_at_the_field_why_not(self, adas, ada, field, typed) -> None:
        answer = adas.post("/alerts", data={**FILLED, field: typed}, headers=HTMX)
        assert answer.status_code == 422
        found = re.findall(r'id="(\w+)-errors"[^>]*role="alert"[^>]*><span>', answer.text)
        assert found == [field]
        assert queries.settings_view(ada).alert_forecast, "nothing is saved"
        end_reading()


def test_ben_sees_nothing_of_cleos(cleos, bens, now) -> None:
    use(60_000, now=now)
    tell_what_was_crossed()
    assert "Nothing was crossed yet" in bens.get("/alerts").text


DRAWING = re.compile(r'<script type="application/json">(.*?)</script>', re.DOTALL)


class TestCourses:
    def test_draw_tokens_and_spend_with_their_thresholds(self, cleos, now) -> None:
        use(60_000, now=now)
        page = cleos.get("/alerts").text
        tokens, spend = (json.loads(found) for found in DRAWING.findall(page))
        assert max(filter(None, tokens["lines"][0]["values"])) == 60_000
        assert tokens["top"] == 100_000 and spend["metric"] == "cost"
        fields = [threshold["field"] for threshold in tokens["thresholds"] + spend["thresholds"]]
        assert fields == ["alert_threshold", "alert_percents", "alert_spend"]
        for name in fields:
            assert f'data-slides="{name}"' in page

    def test_have_their_numbers_as_tables_too(self, cleos, now) -> None:
        use(60_000, now=now)
        page = cleos.get("/alerts").text
        assert page.count("course-table") == 2 and 'value="60000" title="60,000 tokens"' in page

    def test_without_tokens_only_spend_is_drawn(self, adas) -> None:
        page = adas.get("/alerts").text
        assert len(DRAWING.findall(page)) == 1
        assert 'data-slides="alert_threshold"' not in page
        assert 'id="alert_spend-slider"' in page

    def test_sliders_send_nothing_themselves(self, cleos) -> None:
        for slider in re.findall(r'<input type="range"[^>]*>', cleos.get("/alerts").text):
            assert " name=" not in slider


# What language a page speaks is the same question to both databases.
@on_one_of_both
class TestInChinese:
    @pytest.fixture
    def chinese(self, cleo, cleos, now) -> FlaskClient:
        with transaction():
            session.execute(update(Account).where(Account.id == cleo.id).values(locale="zh"))
        for days in (1, 2, 3):
            use(20_000, now=now, occurred_at=now - timedelta(days=days))
        tell_what_was_crossed()
        return cleos

    def test_nothing_is_left_in_english(self, chinese) -> None:
        page = main_of(chinese.get("/alerts").text)
        assert english_words(page, data=[r"cleo@example.com", "T00 Z"]) == set()
        assert "按当前速度将于" in words_of(page)
        assert "额度已用 50%" in words_of(page)

    def test_the_drawing_speaks_it(self, chinese) -> None:
        drawing = json.loads(DRAWING.search(chinese.get("/alerts").text)[1])
        assert drawing["lines"][0]["name"] == "截至目前"
        assert drawing["thresholds"][0]["words"] == "剩余 {number}"
        assert re.fullmatch(r"\d+月\d+日", drawing["labels"][0])
        assert "星期" in drawing["titles"][0]

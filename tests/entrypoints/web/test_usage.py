"""The usage page over real records: what it shows, to whom, and at what cost."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.domain.accounts.models import Account
from app.domain.usage.models import BillingRecord
from app.entrypoints.downloading import DOWNLOADS, Downloads
from app.entrypoints.web.showing import clock_time
from app.foundation.database import session, transaction
from tests.entrypoints.web.conftest import HTMX, signed_in, words_of
from tests.factories.accounts import make_account
from tests.factories.subscriptions import current_period
from tests.factories.usage import make_report, make_usage, record
from tests.halves import on_one_of_both
from tests.statements import statements
from tests.translations.reading import english_words, main_of

STATEMENTS_MAX = 10
NONSENSE = (
    "range=fortnight",
    "range=custom&from=x&to=y",
    "from=9999-99-99",
    "granularity=eon",
    "group_by=sqlite_master",
    "metric=__class__",
    "cursor=%00",
    "cursor=AAAA",
    "model=%00",
    "range=custom&from=2026-11-20&to=2000-01-01&granularity=hour&metric=x",
    "range=%F0%9F%92%A9",
)
DRAWING = re.compile(r'<script type="application/json">(.*?)</script>', re.DOTALL)


@pytest.fixture
def used(ada, ben, now: datetime) -> None:
    """Ada used two models through two keys; Ben used something that only he knows."""
    record(
        [
            make_report(request_id="adas-one", api_key_alias="prod", occurred_at=now),
            make_report(
                request_id="adas-two",
                model="gpt-3.5-turbo",
                api_key_alias="staging",
                cached_tokens=100,
                reasoning_tokens=20,
                occurred_at=now - timedelta(days=1),
            ),
            make_report("ben", request_id="bens-secret", model="bens-model", api_key_alias="bens"),
        ],
        now=now,
    )


def drawing_of(html: str) -> dict:
    return json.loads(DRAWING.search(html)[1])


class TestPage:
    def test_says_so_where_nothing_was_used(self, adas) -> None:
        page = adas.get("/usage").text
        assert "Nothing was used in this range" in page
        assert "<canvas" not in page

    def test_draws_and_writes_the_same_numbers(self, adas, used) -> None:
        page = adas.get("/usage").text
        drawing = drawing_of(page)
        assert {layer["name"] for layer in drawing["layers"]} == {"gpt-4", "gpt-3.5-turbo"}
        assert sum(sum(layer["values"]) for layer in drawing["layers"]) == total_nanos("ada")
        assert len(drawing["labels"]) == 30
        assert page.count("<tfoot>") == 2

    def test_shows_cached_and_reasoning_tokens_apart(self, adas, used) -> None:
        page = adas.get("/usage").text
        assert '<th scope="col" class="number part">cached</th>' in page
        assert 'title="100 tokens"' in page and 'title="20 tokens"' in page

    def test_says_what_the_plan_covered(self, app, now, password_hash) -> None:
        pro = make_account("pro", now=now, plan_id="plan-pro", password_hash=password_hash)
        make_usage("pro", now=now)
        page = signed_in(app, pro).get("/usage?range=7d&metric=cost").text
        assert drawing_of(page)["covered"]["bars"] == [6]
        table = words_of(page[page.index('id="bucket-table"') :])
        assert f"{now.day} {now:%b} – covered" in table

    def test_names_the_zone(self, app, now, password_hash) -> None:
        kiri = make_account(
            "kiri", now=now, timezone="Pacific/Kiritimati", password_hash=password_hash
        )
        page = signed_in(app, kiri).get("/usage").text
        assert "midnight in Kiritimati" in page
        assert "Days and hours are those of Kiritimati." in page

    def test_says_when_it_was_read_by_the_clock_of_its_zone(self, app, now, password_hash) -> None:
        kiri = make_account(
            "kiri", now=now, timezone="Pacific/Kiritimati", password_hash=password_hash
        )
        for address in ("/usage", "/"):
            page = signed_in(app, kiri).get(address).text
            stamp = re.search(r'datetime="([^"]+)" data-updated>Updated at ([\d:]+)<', page)
            assert stamp is not None
            # Fourteen hours ahead.
            there = datetime.fromisoformat(stamp[1]) + timedelta(hours=14)
            assert f"{there:%H:%M:%S}" == stamp[2]

    def test_explains_no_colours_where_nothing_is_drawn(self, adas, now) -> None:
        make_usage(now=now)
        assert '<ul class="legend needs-script"' in adas.get("/usage").text

    def test_says_at_which_hour_a_period_began(self, adas) -> None:
        assert "The period began on" not in adas.get("/usage?range=30d").text
        began_at = current_period("ada").starts_at
        page = words_of(adas.get("/usage?range=period").text)
        assert f"The period began on {clock_time(began_at, UTC)}; what was used earlier" in page

    def test_tells_a_fragment_its_address(self, adas) -> None:
        asked = "/usage?range=7d&from=2026-01-01&to=&metric=cost&granularity=auto"
        assert adas.get(asked, headers=HTMX).headers["HX-Push-Url"] == "/usage?range=7d"

    @pytest.mark.parametrize("group_by", ["model", "api_key", "provider"])
    def test_every_view_answers(self, adas, used, group_by) -> None:
        for reach, metric in product(("today", "period", "90d"), ("cost", "tokens", "requests")):
            asked = {"range": reach, "group_by": group_by, "metric": metric}
            answer = adas.get("/usage", query_string=asked)
            assert answer.status_code == 200 and "Shown differently" not in answer.text, asked

    def test_nonsense_is_said_and_survived(self, adas, used) -> None:
        for asked in NONSENSE:
            answer = adas.get(f"/usage?{asked}")
            assert answer.status_code == 200, asked
            assert "Shown differently from what was asked" in answer.text, asked

    def test_takes_few_statements(self, adas, used) -> None:
        with statements() as sent:
            adas.get("/usage?model=gpt-4&api_key=prod&group_by=provider")
        assert len(sent) <= STATEMENTS_MAX, sent

    def test_hostile_names_stay_text(self, adas, ada, now) -> None:
        make_usage(model="</script><script>alert(1)</script>", api_key_alias="<b>x", now=now)
        page = adas.get("/usage?metric=tokens").text
        assert "<script>alert" not in page and "<b>x" not in page
        assert drawing_of(page)["layers"][0]["name"] == "</script><script>alert(1)</script>"


class TestRecords:
    def test_explain_each_price(self, adas, used) -> None:
        page = adas.get("/usage").text
        # 500 tokens at 30 USD a million and 120 at 60.
        assert "$0.0222" in page and "adas-one" in page
        assert "Covered by the plan’s quota" in page

    def test_say_what_has_no_price_and_what_is_void(self, adas, ada, now) -> None:
        make_usage(request_id="dear", now=now)
        make_usage(model="nobody-knows", now=now)
        voided = session.query(BillingRecord).filter_by(request_id="dear").one()
        voided.status, voided.voided_at = "voided", now
        session.commit()
        page = adas.get("/usage").text
        assert "no price yet" in page and "it counts nowhere" in page

    @pytest.mark.parametrize("address", ["/usage", "/"])
    def test_say_no_share_of_what_has_no_price(self, adas, ada, now, address) -> None:
        make_usage(model="nobody-knows", now=now)
        make_usage(now=now)
        page = adas.get(address).text
        assert '<span class="muted" title="no price yet">–</span>' in page
        assert "100.0%" in page and "0.0%" not in page.replace("100.0%", "")

    def test_say_where_the_gateway_guessed(self, adas, ada, now) -> None:
        make_usage(now=now)
        assert "the gateway estimated the tokens" not in adas.get("/usage").text
        make_usage(now=now, is_estimated=True)
        assert "the gateway estimated the tokens" in adas.get("/usage").text

    def test_narrow_to_one_model(self, adas, used) -> None:
        page = adas.get("/usage/records?model=gpt-3.5-turbo", headers=HTMX).text
        assert "adas-two" in page and "adas-one" not in page
        assert 'aria-label="Remove “model: gpt-3.5-turbo”"' in page

    def test_lead_to_older_ones_and_back(self, adas, ada, now) -> None:
        record(
            [
                make_report(request_id=f"r-{n:02}", occurred_at=now - timedelta(minutes=n))
                for n in range(30)
            ],
            now=now,
        )
        newest = adas.get("/usage?range=7d").text
        assert "r-24" in newest and "r-25" not in newest
        older = re.search(r'hx-get="(/usage/records\?[^"]*cursor=[^"]+)"', newest)[1]
        page = adas.get(older.replace("&amp;", "&"), headers=HTMX).text
        assert page.lstrip().startswith('<section id="records"')
        assert "r-24" not in page and "r-25" in page and "r-29" in page
        assert "Newest" in page and "Older" not in page

    def test_are_no_page_of_their_own(self, adas) -> None:
        answer = adas.get("/usage/records?range=7d&model=gpt-4")
        assert answer.location == "/usage?range=7d&model=gpt-4"


class TestExport:
    def test_has_the_numbers_of_the_view(self, adas, used) -> None:
        answer = adas.get("/usage/export.csv?range=7d&group_by=api_key")
        assert answer.mimetype == "text/csv"
        assert "by-api_key.csv" in answer.headers["Content-Disposition"]
        heading, *lines = csv.reader(io.StringIO(answer.text))
        assert {line[2] for line in lines} == {"prod", "staging"}
        tokens = heading.index("total_tokens")
        assert sum(int(line[tokens]) for line in lines) == 1240

    def test_survives_nonsense(self, adas) -> None:
        assert adas.get("/usage/export.csv?range=x&granularity=y").status_code == 200


@pytest.mark.parametrize("address", ["/usage", "/usage/export.csv", "/usage?group_by=api_key", "/"])
def test_ada_sees_nothing_of_ben(adas, used, address) -> None:
    assert "bens" not in adas.get(address).text


@pytest.mark.parametrize("model", ["bens-model", "gpt-4"])
def test_ben_sees_nothing_of_ada(bens, used, model) -> None:
    page = bens.get("/usage/records", query_string={"model": model}, headers=HTMX).text
    assert "adas-one" not in page
    assert ("bens-secret" in page) == (model == "bens-model")


def total_nanos(user_id: str) -> int:
    records = session.query(BillingRecord).filter_by(user_id=user_id)
    return sum(each.final_nanos for each in records)


class TestHours:
    def test_a_bar_leads_to_the_requests_behind_it(self, adas, used, now) -> None:
        page = adas.get("/usage?range=7d&granularity=hour").text
        links = json.loads(re.search(r"data-links>(.*?)</script>", page, re.DOTALL)[1])
        (hour,) = [link for link in links if f"{now:%Y-%m-%dT%H}" in link]
        found = adas.get(hour).text
        assert "adas-one" in found and "adas-two" not in found
        assert hour.endswith("#records")

    def test_stay_in_the_address_of_older_requests(self, adas, ada, now) -> None:
        record([make_report(request_id=f"h-{n:02}", occurred_at=now) for n in range(30)], now=now)
        page = adas.get(f"/usage?range=7d&hour={now:%Y-%m-%dT%H}:00:00Z").text
        older = re.search(r'hx-get="(/usage/records\?[^"]*cursor=[^"]+)"', page)[1]
        assert "hour=" in older
        assert "h-00" in adas.get(older.replace("&amp;", "&"), headers=HTMX).text


class TestRefreshing:
    def address_of(self, page: str) -> str:
        return re.search(r'hx-get="(/usage\?[^"]*seen=[^"]+)"', page)[1].replace("&amp;", "&")

    def test_answers_nothing_while_nothing_is_used(self, adas, used) -> None:
        again = self.address_of(adas.get("/usage?range=7d&metric=tokens").text)
        assert "metric=tokens" in again and "range=7d" in again
        answer = adas.get(again, headers=HTMX)
        assert answer.status_code == 204 and answer.text == ""
        assert adas.get(again).status_code == 200, "a page is always a page"

    def test_answers_what_is_new_where_the_page_stands(self, adas, used, now) -> None:
        again = self.address_of(adas.get("/usage?model=gpt-4").text)
        make_usage(request_id="adas-newest", model="gpt-4", now=now)
        answer = adas.get(again, headers=HTMX)
        assert answer.status_code == 200 and "adas-newest" in answer.text
        assert "adas-two" not in answer.text
        assert answer.headers["HX-Push-Url"] == "false"


class TestPrices:
    def test_are_told_kind_by_kind(self, adas, used) -> None:
        page = words_of(adas.get("/usage").text)
        assert "500 input × $30.00 per million $0.015" in page
        assert "120 output × $60.00 per million $0.0072" in page
        assert "100 cached × $1.50 per million $0.00015" in page

    def test_nobody_tells_one_that_is_not_known(self, adas, ada, now) -> None:
        make_usage(model="nobody-knows", now=now)
        assert "per million" not in adas.get("/usage").text


class TestExportOfRecords:
    def test_has_every_request_of_the_range(self, adas, used) -> None:
        answer = adas.get("/usage/records.csv?range=7d")
        assert answer.mimetype == "text/csv"
        heading, *lines = csv.reader(io.StringIO(answer.text))
        assert {line[heading.index("request_id")] for line in lines} == {"adas-one", "adas-two"}

    def test_is_narrowed_as_the_list_is(self, adas, used) -> None:
        assert "adas-one" not in adas.get("/usage/records.csv?range=7d&model=gpt-3.5-turbo").text

    def test_runs_no_formula(self, adas, ada, now) -> None:
        make_usage(api_key_alias="=1+1", now=now)
        assert ",'=1+1," in adas.get("/usage/records.csv").text

    def test_ben_gets_none_of_adas(self, bens, used) -> None:
        assert "adas" not in bens.get("/usage/records.csv").text

    def test_needs_somebody_signed_in(self, client) -> None:
        assert client.get("/usage/records.csv").status_code == 302


# What language a page speaks is the same question to both databases.
@on_one_of_both
class TestInChinese:
    @pytest.fixture
    def chinese(self, ada, adas, used, now) -> FlaskClient:
        with transaction():
            session.execute(update(Account).where(Account.id == ada.id).values(locale="zh"))
        make_usage(model="nobody-knows", is_estimated=True, now=now)
        return adas

    DATA = (
        *("gpt-4", "gpt-3.5-turbo", "nobody-knows", "prod", "staging", "openai"),
        *("adas-one", "adas-two"),
    )

    @pytest.mark.parametrize("group_by", ["model", "api_key", "provider"])
    def test_nothing_is_left_in_english(self, chinese, group_by) -> None:
        for granularity, metric in product(
            ("hour", "day", "month"), ("cost", "tokens", "requests")
        ):
            asked = {
                "range": "7d", "group_by": group_by, "granularity": granularity, "metric": metric
            }  # fmt: skip
            page = main_of(chinese.get("/usage", query_string=asked).text)
            assert english_words(page, data=self.DATA) == set(), asked

    def test_what_cannot_be_read_is_said(self, chinese) -> None:
        for asked in NONSENSE:
            page = chinese.get(f"/usage?{asked}").text
            assert "显示内容与请求有所不同" in page, asked
            assert english_words(main_of(page), data=self.DATA) == set(), asked

    def test_charts_have_its_days(self, chinese) -> None:
        drawing = drawing_of(chinese.get("/usage").text)
        assert drawing["total"] == "合计"
        assert re.fullmatch(r"\d+月\d+日", drawing["labels"][0])
        assert "星期" in drawing["titles"][0]
        hours = drawing_of(chinese.get("/usage?range=yesterday").text)
        assert re.search(r"日 周. \d\d:00 \(UTC", hours["titles"][0])


def test_exports_leave_threads_to_others(app: Flask, ada: Account) -> None:
    app.extensions[DOWNLOADS] = Downloads(most=3)
    app.test_client_class = FlaskClient
    adas = signed_in(app, ada)
    held = [adas.get("/usage/records.csv", buffered=False) for _ in range(2)]
    assert [each.status_code for each in held] == [200, 200]
    for address in ("/usage/records.csv", "/usage/export.csv"):
        refused = adas.get(address)
        assert refused.status_code == 429 and int(refused.headers["Retry-After"]) > 0
    held.pop().close()
    assert adas.get("/usage/export.csv").status_code == 200
    held.pop().close()

"""The usage page over real records: what it shows, to whom, and at what cost."""

import csv
import io
import json
import re
from datetime import datetime, timedelta
from itertools import product

import pytest

from app.domain.usage.models import BillingRecord
from app.foundation.database import session
from tests.entrypoints.web.conftest import HTMX, signed_in
from tests.factories.accounts import make_account
from tests.factories.usage import make_report, make_usage, record
from tests.statements import statements

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

    def test_names_the_zone(self, app, now, password_hash) -> None:
        kiri = make_account(
            "kiri", now=now, timezone="Pacific/Kiritimati", password_hash=password_hash
        )
        assert "midnight in Pacific/Kiritimati" in signed_in(app, kiri).get("/usage").text

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
            adas.get("/usage?model=gpt-4&group_by=provider")
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
        assert "Covered by the plan&#39;s quota" in page.replace("'", "&#39;")

    def test_say_what_has_no_price_and_what_is_void(self, adas, ada, now) -> None:
        make_usage(request_id="dear", now=now)
        make_usage(model="nobody-knows", now=now)
        voided = session.query(BillingRecord).filter_by(request_id="dear").one()
        voided.status, voided.voided_at = "voided", now
        session.commit()
        page = adas.get("/usage").text
        assert "no price yet" in page and "it counts nowhere" in page

    def test_say_where_the_gateway_guessed(self, adas, ada, now) -> None:
        make_usage(now=now)
        assert "the gateway estimated the tokens" not in adas.get("/usage").text
        make_usage(now=now, is_estimated=True)
        assert "the gateway estimated the tokens" in adas.get("/usage").text

    def test_narrow_to_one_model(self, adas, used) -> None:
        page = adas.get("/usage/records?model=gpt-3.5-turbo", headers=HTMX).text
        assert "adas-two" in page and "adas-one" not in page
        assert "All models" in page

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

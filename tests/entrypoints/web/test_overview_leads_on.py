"""What the overview leads to: the first steps, the days behind its bars, what is invoiced late."""

import json
import re
import shlex
from datetime import timedelta
from html import unescape
from urllib.parse import urlsplit

from markupsafe import escape

from app.domain.usage.models import MonthClose
from app.foundation.database import session
from app.foundation.periods import BillingMonth
from app.foundation.secret_keys import KeyKind
from tests.entrypoints.web.conftest import signed_in
from tests.entrypoints.web.conftest import words_of as words
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.factories.usage import make_usage

A_DAY = timedelta(days=1)


class TestFirstVisit:
    def test_says_what_to_do_next(self, adas) -> None:
        page = adas.get("/").text
        assert "Three steps to your first figures" in page
        assert "/v1/billing/usage" in page and '"user_id": "ada"' in page
        assert "Make an API key" in page
        assert "a key of yours reports nothing" in page

    def test_what_it_shows_works_where_it_is_pasted(self, adas, client) -> None:
        shown = re.search(r'<pre id="example-report"><code>(.*?)</code>', adas.get("/").text, re.S)
        sent = shlex.split(unescape(shown[1]).replace("\\\n", " "))
        curl, address, (authorization, content_type), body = sent[0], sent[1], sent[3:6:2], sent[-1]
        assert (curl, authorization) == ("curl", "Authorization: Bearer $GATEWAY_KEY")
        named = dict([content_type.split(": ")])
        answer = client.post(
            urlsplit(address).path, data=body, headers={**bearer(KeyKind.GATEWAY), **named}
        )
        assert answer.status_code == 200 and answer.json["accepted"] == 1, answer.text

    def test_is_over_with_the_first_request(self, adas, now) -> None:
        make_usage(now=now)
        page = adas.get("/").text
        assert "Three steps" not in page and "Spend by day" in page


class TestFigures:
    def test_lead_from_each_day_to_its_requests(self, adas, now) -> None:
        make_usage(now=now)
        page = adas.get("/?chart=tokens").text
        links = json.loads(re.search(r"data-links>(.*?)</script>", page)[1])
        days = [now.date() - timedelta(days=ago) for ago in range(29, -1, -1)]
        asked = "/usage?range=custom&metric=tokens&from={0}&to={0}#records"
        assert links == [asked.format(day) for day in days]
        # Without scripts the same days are a table.
        day = f"{now:%A}, {now.day} {now:%B} {now.year}"
        assert f"{day} 620" in words(page[page.index("no-script") :])
        assert page.count(escape(links[-1])) == 1

    def test_say_what_tokens_beyond_the_plan_cost(self, app, now, password_hash) -> None:
        pro = make_account("pro", now=now, plan_id="plan-pro", password_hash=password_hash)
        make_usage("pro", now=now)
        page = words(signed_in(app, pro).get("/").text)
        assert "Requests go on at model prices, 10% off" in page

    def test_do_not_call_free_what_waits_for_its_price(self, adas, now) -> None:
        make_usage(model="nobody-knows", now=now)
        page = words(adas.get("/?chart=cost").text)
        assert "nobody-knows 620 no price yet" in page
        make_usage(now=now, api_key_alias="prod")
        page = words(adas.get("/?chart=cost").text)
        assert "gpt-4 620 $0.02" in page and "nobody-knows 620 no price yet" in page

    def test_explain_what_is_invoiced_of_earlier_months(self, adas, now) -> None:
        late = now.replace(day=1) - A_DAY
        month = str(BillingMonth.of(late))
        session.add(MonthClose(user_id="ada", billing_month=month, closed_at=now))
        session.commit()
        make_usage(now=now, occurred_at=late, prompt_tokens=100_000, completion_tokens=0)
        page = words(adas.get("/").text)
        assert "Usage cost" in page and "Usage so far $3.00" in page
        told = "of the usage in it is of earlier months: it was reported late"
        assert f"$3.00 {told}" in page
        make_usage(now=now, prompt_tokens=50_000, completion_tokens=0)
        page = words(adas.get("/").text)
        assert "Usage so far $4.50" in page and f"$3.00 {told}" in page

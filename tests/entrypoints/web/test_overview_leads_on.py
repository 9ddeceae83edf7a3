"""What the overview leads to: the first steps, the days behind its bars, what is invoiced late.

And what the month's forecast leaves out."""

import json
import re
import shlex
from datetime import timedelta
from html import unescape
from urllib.parse import urlsplit

import pytest
from markupsafe import escape

from app.domain.accounts.models import BillingSettings
from app.domain.usage.models import MonthClose
from app.foundation.database import session
from app.foundation.periods import BillingMonth
from app.foundation.secret_keys import KeyKind
from tests.entrypoints.web.conftest import signed_in
from tests.entrypoints.web.conftest import words_of as words
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.factories.payments import make_invoice, make_plan_invoice
from tests.factories.usage import make_usage

A_DAY = timedelta(days=1)


def test_leads_to_the_invoice_whose_payment_frees_credit(adas, ada, now) -> None:
    make_invoice(ada, now=now)
    make_usage(now=now)
    page = adas.get("/").text
    assert "It is set by the operator; paying an invoice frees it." in words(page)
    assert '<a href="/invoices">paying an invoice</a>' in page


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

    def test_marks_what_is_done_until_all_of_it_is(self, adas, now) -> None:
        assert "0 of 3 done" in adas.get("/").text
        make_usage(now=now)
        page = adas.get("/").text
        assert "Three steps" not in page and "Spend by day" in page
        assert "1 of 3 done" in page and "Connect your gateway done" in words(page)
        session.query(BillingSettings).update({"alert_spend_minor": 500})
        session.commit()
        assert "2 of 3 done" in adas.get("/").text

    def test_is_hidden_from_whoever_has_seen_enough(self, app, adas, ben, now) -> None:
        make_usage(now=now)
        assert adas.post("/").location == "/"
        assert "of 3 done" not in adas.get("/").text
        # Another account in the same browser has its own.
        cookie = adas.get_cookie("first_steps_hidden_for")
        bens = signed_in(app, ben)
        bens.set_cookie(cookie.key, cookie.value)
        assert "0 of 3 done" in bens.get("/").text


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
        assert "Usage cost" in page
        assert re.search(r"Next invoice ?\d+ \w+ \$3\.00 Usage so far", page)
        told = "of the usage in it is of earlier months: it was reported late"
        assert f"$3.00 {told}" in page
        make_usage(now=now, prompt_tokens=50_000, completion_tokens=0)
        page = words(adas.get("/").text)
        assert "$4.50 Usage so far" in page and f"$3.00 {told}" in page

    def test_lead_from_what_was_used_most_to_it_alone(self, adas, now) -> None:
        make_usage(now=now, api_key_alias="prod")
        page = adas.get("/?chart=tokens").text
        assert '<a href="/usage?metric=tokens&amp;model=gpt-4">gpt-4</a>' in page
        assert '<a href="/usage?group_by=api_key&amp;metric=tokens&amp;api_key=prod">prod</a>' in (
            page.replace("metric=tokens&amp;group_by=api_key", "group_by=api_key&amp;metric=tokens")
        )

    def test_say_what_the_month_comes_to(self, app, now, password_hash) -> None:
        pro = make_account("pro", now=now, plan_id="plan-pro", password_hash=password_hash)
        browser = signed_in(app, pro)
        page = words(browser.get("/").text)
        assert re.search(
            r"This month so far ?\w+, UTC \$99\.99 Pro plan, [\w ]+ – [\w ]+ \$99\.99", page
        )
        assert "One period of the plan at its full price" in page
        for days in (1, 2, 3):
            tokens = days * 900_000
            make_usage("pro", now=now, occurred_at=now - days * A_DAY, prompt_tokens=tokens)
        page = words(browser.get("/").text)
        assert "Quota that is left, or comes with a renewal, is drawn first." in page
        assert re.search(r"This month comes to about ?\w+, UTC \$\d+\.\d\d Between \$", page)
        assert re.search(r"Usage cost, forecast \$\d+\.\d\d – \$\d+\.\d\d Usage cost so far", page)

    def test_say_what_the_plan_really_cost(self, app, now, password_hash) -> None:
        pro = make_account("pro", now=now, plan_id="plan-pro", password_hash=password_hash)
        for minor in (9_999, 42_001):
            invoice = make_plan_invoice("pro", minor=minor, now=now)
            invoice.status, invoice.paid_at = "paid", now
            session.commit()
        page = words(signed_in(app, pro).get("/").text)
        # Nothing is used, so that there is one amount and no range.
        assert re.search(r"This month so far ?\w+, UTC \$520\.00 Paid for the plan, ", page)
        assert "What you have paid for this period of the plan, coupons taken off" in page
        assert "One period of the plan at its full price" not in page
        assert "Purchases of extra tokens, credit and tax are not in it." in page

    def test_show_one_amount_where_the_quota_lasts(self, app, now, password_hash) -> None:
        pro = make_account("pro", now=now, plan_id="plan-pro", password_hash=password_hash)
        for days in (1, 2, 3):
            make_usage("pro", now=now, occurred_at=now - days * A_DAY, prompt_tokens=days)
        page = words(signed_in(app, pro).get("/").text)
        assert "Usage cost, forecast $0.00 Usage cost so far $0.00" in page
        assert "in four months of five." not in page

    def test_offer_a_way_on_where_tokens_are_used_up(self, app, now, password_hash) -> None:
        basic = make_account("basic", now=now, plan_id="plan-basic", password_hash=password_hash)
        make_usage("basic", now=now, prompt_tokens=100_000)
        page = words(signed_in(app, basic).get("/").text)
        notice = page[page.index("Your tokens are used up") :]
        assert "as overage" in notice and "Buy extra tokens Compare the plans" in notice[:600]
        assert "Extra tokens are cheaper for you, or cost the same." in notice

    @pytest.mark.parametrize(
        ("overage_enabled", "ways"),
        [(True, "Compare the plans"), (False, "Allow overage Buy extra tokens")],
    )
    def test_offer_the_cheaper_way_on(self, app, now, password_hash, overage_enabled, ways) -> None:
        pro = make_account("pro", now=now, plan_id="plan-pro", password_hash=password_hash)
        session.query(BillingSettings).filter_by(user_id="pro").update(
            {"overage_enabled": overage_enabled}
        )
        session.commit()
        make_usage("pro", now=now, prompt_tokens=1_000_000, completion_tokens=0)
        page = words(signed_in(app, pro).get("/").text)
        notice = page[page.index("Your tokens are used up") :][:600]
        assert "about $27.00 as overage, and $150.00 as extra tokens, before tax." in notice
        assert f"Overage is cheaper for you. {ways}" in notice
        assert ("Buy extra tokens" in notice) is not overage_enabled

    def test_lead_to_what_they_add_up(self, adas, ada, now) -> None:
        first = make_invoice(ada, minor=100, now=now)
        text = adas.get("/").text
        assert f'id="to-pay-now" href="/invoices/{first.invoice_number}"' in text
        # One of several is not what their sum is about: all of them are listed then.
        late = make_invoice(ada, minor=614, now=now - timedelta(days=31))
        text = adas.get("/").text
        assert 'id="to-pay-now" href="/invoices?status=open"' in text
        assert "To pay now $7.14 for 2 invoices" in words(text)
        listed = adas.get("/invoices?status=open").text
        assert first.invoice_number in listed and late.invoice_number in listed

    def test_warn_of_auto_top_up_without_a_card(self, app, now, password_hash) -> None:
        basic = make_account("basic", now=now, plan_id="plan-basic", password_hash=password_hash)
        session.query(BillingSettings).update({"auto_topup_threshold": 10_000})
        session.commit()
        page = words(signed_in(app, basic).get("/").text)
        assert "Auto top-up is on, but there is no card to charge" in page
        assert "Once fewer than 10,000 tokens are left, nothing is bought" in page


class TestForecast:
    @pytest.mark.parametrize("owned", [0, 62, 9_000_000])
    def test_takes_off_what_extra_tokens_cover(self, adas, ada, now, owned) -> None:
        for days in range(1, 5):
            make_usage(now=now, occurred_at=now - timedelta(days=days))
        # What is bought now is drawn first by what comes.
        ada.extra_tokens = owned
        session.commit()
        page = words(adas.get("/").text)
        assert ("covered by your extra tokens" in page) is (owned > 0)
        assert ("what they cover of it is taken off" in page) is (owned > 0)
        assert "are not taken off" not in page

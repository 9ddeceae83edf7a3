"""The page of kept mails: one's own, as text and in a sandbox, and only without a mail server."""

import base64
import hashlib
import re
from dataclasses import replace
from datetime import datetime

from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.mails.models import Mail
from app.entrypoints.jobs.promises import work_off_outbox
from app.entrypoints.web.mails import ROWS_PER_PAGE
from app.foundation.database import session, transaction
from app.foundation.outbox import OutboxEntry
from tests.entrypoints.test_security_headers import directives
from tests.factories.mails import FACTS, make_mail


class TestList:
    def test_says_so_where_there_are_none(self, adas: FlaskClient) -> None:
        page = adas.get("/mails").text
        assert "No mails yet" in page and 'href="/mails" aria-current="page"' in page

    def test_shows_ones_own(
        self, adas: FlaskClient, bens: FlaskClient, ada: Account, now: datetime
    ) -> None:
        mail = make_mail(ada, "coupon_redeemed", now=now)
        page = adas.get("/mails").text
        assert f'<a href="/mails/{mail.id}">Coupon SAVE50 redeemed</a>' in page
        assert "SAVE50" not in bens.get("/mails").text

    def test_goes_on_to_older_ones(self, adas: FlaskClient, ada: Account, now: datetime) -> None:
        first = make_mail(ada, now=now)
        for number in range(ROWS_PER_PAGE):
            make_mail(ada, about=f"more-{number}", now=now)
        assert f'href="/mails/{first.id}"' not in adas.get("/mails").text
        older = adas.get(f"/mails?before={first.id + 1}").text
        assert f'href="/mails/{first.id}"' in older and "These are older ones" in older
        assert "There are no older ones" in adas.get(f"/mails?before={first.id}").text

    def test_narrows_them_to_what_they_are_about(
        self, adas: FlaskClient, ada: Account, now: datetime
    ) -> None:
        coupon = make_mail(ada, "coupon_redeemed", now=now)
        for number in range(ROWS_PER_PAGE + 1):
            make_mail(ada, "invoice_issued", about=str(number), now=now)
        plan = adas.get("/mails?about=plan").text
        assert plan.count('href="/mails/') == 1 and f'href="/mails/{coupon.id}"' in plan
        assert '<option value="plan" selected>Plan and tokens</option>' in plan
        money = adas.get("/mails?about=money").text
        # The way to older ones keeps to what was chosen.
        assert re.search(r'href="/mails\?about=money&amp;before=\d+"', money)
        assert "No mail of this kind so far" in adas.get("/mails?about=account").text
        assert 'href="/mails/' in adas.get("/mails?about=nonsense").text

    def test_speaks_the_account_s_language(
        self, adas: FlaskClient, ada: Account, now: datetime
    ) -> None:
        with transaction():
            ada.locale = "zh"
        assert "暂无邮件" in adas.get("/mails").text
        mail = make_mail(ada, "coupon_redeemed", now=now)
        page = adas.get("/mails").text
        assert f'<a href="/mails/{mail.id}">优惠券 SAVE50 已兑换</a>' in page
        assert "您最近的邮件" in page and "收件人" in page
        shown = adas.get(f"/mails/{mail.id}").text
        assert "收件人 ada@example.com，" in shown and "优惠券已存入您的账户。" in shown
        assert '<html lang="zh-Hans">' in adas.get(f"/mails/{mail.id}/html").text

    def test_puts_no_more_than_the_subjects_into_words(
        self, adas: FlaskClient, ada: Account, now: datetime
    ) -> None:
        # Its body could not be written.
        facts = {"code": "SAVE50"}
        make_mail(ada, "coupon_redeemed", facts=facts, now=now)
        assert "Coupon SAVE50 redeemed" in adas.get("/mails").text

    def test_a_mail_is_kept_and_not_promised_for_ever(
        self, app: Flask, ada: Account, now: datetime
    ) -> None:
        make_mail(ada, now=now)
        assert work_off_outbox() == 1
        session.rollback()
        mail = session.query(Mail).populate_existing().one()
        assert mail.kept_at is not None and mail.sent_at is None
        assert session.query(OutboxEntry).populate_existing().one().done_at is not None


class TestShow:
    def test_shows_the_text_and_frames_the_html(
        self, adas: FlaskClient, ada: Account, now: datetime
    ) -> None:
        mail = make_mail(ada, "coupon_redeemed", now=now)
        answer = adas.get(f"/mails/{mail.id}")
        assert f'src="/mails/{mail.id}/html"' in answer.text and "It gives: Save 50%" in answer.text
        assert directives(answer.headers["Content-Security-Policy"])["frame-src"] == "'self'"

    def test_the_html_may_do_nothing(self, adas: FlaskClient, ada: Account, now: datetime) -> None:
        facts = {**FACTS["coupon_redeemed"], "description": "<script>alert(1)</script>"}
        mail = make_mail(ada, "coupon_redeemed", facts=facts, now=now)
        answer = adas.get(f"/mails/{mail.id}/html")
        # Its own looks are known by their hash; a style that somebody smuggled in is not.
        (looks,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
        known = base64.b64encode(hashlib.sha256(looks.encode()).digest()).decode()
        policy = answer.headers["Content-Security-Policy"]
        assert f"style-src 'sha256-{known}';" in policy and "unsafe" not in policy
        policy = directives(answer.headers["Content-Security-Policy"])
        assert policy["default-src"] == "'none'" and "script-src" not in policy
        assert policy["sandbox"] == "allow-popups allow-popups-to-escape-sandbox"
        assert policy["frame-ancestors"] == "'self'"
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert "<script" not in answer.text

    def test_is_nobody_elses(self, bens: FlaskClient, ada: Account, now: datetime) -> None:
        mail = make_mail(ada, now=now)
        for address in (f"/mails/{mail.id}", f"/mails/{mail.id}/html", "/mails/999", "/mails/x"):
            assert bens.get(address).status_code == 404
        for address in (f"/mails/{10**30}", f"/mails/{2**63}/html"):
            assert bens.get(address).status_code == 404

    def test_asks_to_sign_in(self, client: FlaskClient) -> None:
        assert client.get("/mails").status_code == 302


def test_is_not_there_where_mails_are_sent(app: Flask, adas: FlaskClient) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], smtp_url="smtp://127.0.0.1:1")
    assert adas.get("/mails").status_code == 404
    assert 'href="/mails"' not in adas.get("/invoices").text

"""Providers' events at the console: what became of them, and looking into one again."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.payments import inbox
from app.domain.payments.gateway import EventNotice
from app.domain.payments.models import ProviderEvent
from app.entrypoints.web.operator.desk import ROWS_PER_PAGE
from app.foundation import clock
from app.foundation.database import session, transaction
from app.foundation.outbox import OutboxEntry
from tests.entrypoints.web.conftest import HTMX, words
from tests.entrypoints.web.operator.conftest import acts_of_olga
from tests.statements import statements

EVENTS = "/operator/webhooks"
STATEMENTS_MAX = 4


@pytest.fixture
def events(app: Flask) -> None:
    """Three events: one waits, one is done, one was ignored."""
    now = clock.now()
    for number in (1, 2, 3):
        with transaction():
            inbox.receive(EventNotice("stripe", f"evt_{number}", "a.b", b"{}"), now=now)
    waiting, done, ignored = session.query(ProviderEvent).order_by(ProviderEvent.id)
    with transaction():
        inbox.postpone(waiting, reason="Stripe cannot be reached <right> now.", now=now)
        inbox.finish(done, now=now)
        inbox.ignore(ignored, because="It is somebody else's.", now=now)


def listed(browser: FlaskClient, **asked: object) -> list[str]:
    """Return the events that are listed."""
    answer = browser.get(EVENTS, query_string=asked)
    assert answer.status_code == 200
    return re.findall(r"/operator/webhooks/stripe/(\w+)/replay", answer.text)


class TestIndex:
    def test_says_what_became_of_each(self, olgas: FlaskClient, events: None) -> None:
        assert listed(olgas) == ["evt_3", "evt_2", "evt_1"]
        page = words(olgas.get(EVENTS).text)
        assert "The last try has failed. Stripe cannot be reached &lt;right&gt; now. 1 try" in page
        assert "Nothing had to be done. It is somebody else&#39;s." in page and "Done" in page

    def test_says_what_is_english_alone(self, olgas, olga: Account, events: None) -> None:
        with transaction():
            olga.locale = "zh"
            session.add(olga)
        page = olgas.get(EVENTS).text
        assert "无需处理。" in page and "上次处理失败。" in page
        for noted in ("Stripe cannot be reached", "It is somebody else"):
            assert f'<small class="muted" lang="en">{noted}' in page

    @pytest.mark.parametrize(
        ("status", "found"),
        [
            ("waiting", ["evt_1"]),
            ("failed", ["evt_1"]),
            ("stuck", []),
            ("ignored", ["evt_3"]),
            ("processed", ["evt_2"]),
        ],
    )
    def test_chooses(self, olgas: FlaskClient, events: None, status: str, found: list[str]) -> None:
        assert listed(olgas, status=status) == found

    def test_tells_what_nobody_looks_into(self, olgas: FlaskClient) -> None:
        notice = EventNotice("stripe", "evt_left", "a.b", b"{}")
        with transaction():
            inbox.receive(notice, now=clock.now() - timedelta(hours=3))
            inbox.receive(replace(notice, event_id="evt_new"), now=clock.now())
        assert listed(olgas, status="stuck") == ["evt_left"]
        assert listed(olgas, status="waiting") == ["evt_new", "evt_left"]
        assert listed(olgas, status="failed") == []
        page = words(olgas.get(f"{EVENTS}?status=stuck").text)
        assert "3 hours ago" in page and "is the worker running?" in page and "stuck" in page

    def test_finds_one(self, olgas: FlaskClient, events: None) -> None:
        assert listed(olgas, query="evt_2") == ["evt_2"]
        assert listed(olgas, query="evt_2", status="waiting") == []
        assert "No provider has sent an event of this id" in olgas.get(f"{EVENTS}?query=e").text

    def test_says_that_there_are_none(self, olgas: FlaskClient) -> None:
        assert "No events yet" in olgas.get(EVENTS).text
        assert "None waits" in olgas.get(f"{EVENTS}?status=waiting").text
        assert "There are no older ones" in olgas.get(f"{EVENTS}?before=1").text

    def test_goes_on_to_older_ones(self, olgas: FlaskClient) -> None:
        with transaction():
            for number in range(ROWS_PER_PAGE + 2):
                inbox.receive(EventNotice("stripe", f"evt_{number}", "a", b""), now=clock.now())
        with statements() as sent:
            page = olgas.get(f"{EVENTS}?status=waiting").text
        assert len(sent) <= STATEMENTS_MAX, sent
        address = re.search(r'href="(/operator/webhooks\?[^"]*before=\d+)"', page)[1]
        older = olgas.get(address.replace("&amp;", "&"), headers=HTMX).text
        assert re.findall(r"stripe/(\w+)/replay", older) == ["evt_1", "evt_0"]


class TestReplay:
    def test_looks_into_it_again(self, olgas: FlaskClient, events: None) -> None:
        answer = olgas.post(f"{EVENTS}/stripe/evt_3/replay")
        assert (answer.status_code, answer.location) == (303, f"{EVENTS}?query=evt_3")
        page = words(olgas.get(answer.location).text)
        assert "The worker looks into evt_3 again." in page and "waiting" in page
        assert session.query(OutboxEntry).count() == 4
        assert acts_of_olga() == [("event_replayed", {"provider": "stripe", "event": "evt_3"})]

    @pytest.mark.parametrize("name", ["stripe/evt_9", "paypal/evt_1", "nobody/evt_1"])
    def test_knows_only_what_came(self, olgas: FlaskClient, events: None, name: str) -> None:
        answer = olgas.post(f"{EVENTS}/{name}/replay")
        assert answer.status_code == 404 and "The inbox holds no event" in answer.text
        assert acts_of_olga() == []

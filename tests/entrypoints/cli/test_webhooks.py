"""`billing webhooks` and `billing reconcile`: what providers have told, and have not."""

import pytest
from flask import Flask

from app.domain.payments import inbox
from app.domain.payments.gateway import EventNotice
from app.domain.payments.models import ProviderEvent
from app.foundation import clock
from app.foundation.database import session, transaction
from app.foundation.outbox import OutboxEntry


@pytest.fixture
def events(app: Flask) -> None:
    """Three events: one waits, one is done, one was ignored."""
    now = clock.now()
    for number in (1, 2, 3):
        with transaction():
            inbox.receive(EventNotice("stripe", f"evt_{number}", "a.b", b"{}"), now=now)
    waiting, done, ignored = session.query(ProviderEvent).order_by(ProviderEvent.id)
    with transaction():
        inbox.postpone(waiting, reason="Stripe cannot be reached right now.", now=now)
        inbox.finish(done, now=now)
        inbox.ignore(ignored, because="It is somebody else's.", now=now)


class TestList:
    def test_shows_the_newest_first_with_what_is_in_the_way(self, billing, events: None) -> None:
        printed = billing("webhooks", "list")
        assert printed.exit_code == 0
        head, *rows = [line.split() for line in printed.output.splitlines()]
        assert head == ["EVENT", "PROVIDER", "TYPE", "STATUS", "TRIES", "RECEIVED", "REMARK"]
        assert [(row[0], row[3], row[4]) for row in rows] == [
            ("evt_3", "ignored", "1"),
            ("evt_2", "processed", "1"),
            ("evt_1", "waiting", "1"),
        ]
        assert "It is somebody else's." in printed.output
        assert "Stripe cannot be reached right now." in printed.output

    def test_shows_only_what_was_asked_for(self, billing, events: None) -> None:
        waiting = billing("webhooks", "list", "--status", "waiting").output
        assert "evt_1" in waiting and "evt_2" not in waiting
        newest = billing("webhooks", "list", "--limit", "1").output
        assert "evt_3" in newest and "evt_2" not in newest
        assert billing("webhooks", "list", "--status", "lost").exit_code == 2


class TestReplay:
    def test_promises_to_look_again(self, billing, events: None) -> None:
        printed = billing("webhooks", "replay", "evt_3")
        assert printed.exit_code == 0
        assert printed.output == "The worker will look into evt_3 again.\n"
        session.rollback()
        event = session.query(ProviderEvent).populate_existing().filter_by(event_id="evt_3").one()
        assert (event.status, event.ignored_because) == ("waiting", None)
        assert session.query(OutboxEntry).count() == 4

    @pytest.mark.parametrize(
        "arguments", [("evt_9",), ("evt_1", "--provider", "paypal")], ids=["event", "provider"]
    )
    def test_knows_only_what_came(self, billing, events: None, arguments: tuple[str, ...]) -> None:
        printed = billing("webhooks", "replay", *arguments)
        assert printed.exit_code == 1
        assert "The inbox holds no event" in printed.output
        assert len(printed.output.splitlines()) == 1

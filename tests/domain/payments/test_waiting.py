"""How much waits for an end, and since when: only what waits is counted."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.domain.accounts.models import Account
from app.domain.payments import inbox, waiting
from app.domain.payments.gateway import EventNotice
from app.domain.payments.models import ProviderEvent
from app.domain.payments.waiting import Waiting
from app.foundation.database import session, transaction
from tests.factories.payments import make_checkout, make_invoice, make_paid
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW
from tests.statements import statements

MINUTE = timedelta(minutes=1)


def receive(event_id: str, *, minutes: int) -> None:
    notice = EventNotice("stripe", event_id, "any", b"{}")
    with transaction():
        inbox.receive(notice, now=NOW + minutes * MINUTE)


class TestWaitingEvents:
    def test_are_none_at_first(self, app: Flask) -> None:
        assert waiting.waiting_events() == Waiting(0, None)

    def test_are_those_that_were_not_worked_off(self, app: Flask) -> None:
        for minutes, event_id in enumerate(("done", "postponed", "ignored", "new")):
            receive(event_id, minutes=minutes)
        done, postponed, ignored, _ = session.scalars(select(ProviderEvent.id).order_by("id"))
        with transaction():
            inbox.finish(inbox.lock(done), now=NOW)
            inbox.postpone(inbox.lock(postponed), reason="no connection", now=NOW + 9 * MINUTE)
            inbox.ignore(inbox.lock(ignored), because="not ours", now=NOW)
        with statements() as sent:
            assert waiting.waiting_events() == Waiting(2, NOW + MINUTE)
        assert len(sent) == 1

    def test_are_counted_up_to_a_number(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(waiting, "COUNTED_MAX", 1)
        for event_id in ("evt_1", "evt_2"):
            receive(event_id, minutes=0)
        assert waiting.waiting_events() == Waiting(1, NOW)


class TestUndecidedAttempts:
    def test_are_those_that_money_may_still_come_of(self, ada: Account, ben: Account) -> None:
        gateway = FakeGateway()
        make_paid(ada, gateway=gateway, now=NOW)
        assert waiting.undecided_attempts() == Waiting(0, None)
        for minutes, account in ((2, ada), (1, ben)):
            began_at = NOW + minutes * MINUTE
            invoice = make_invoice(account, now=NOW)
            make_checkout(account, invoice, gateway=gateway, now=began_at)
        with statements() as sent:
            assert waiting.undecided_attempts() == Waiting(2, NOW + MINUTE)
        assert len(sent) == 1

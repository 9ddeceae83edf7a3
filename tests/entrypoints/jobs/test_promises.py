"""The outbox is worked off: each promise until it is kept, by as many workers as there are."""

from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.accounts.operations import change_settings
from app.domain.accounts.queries import has_rollups_to_rebuild
from app.domain.payments import cards, inbox
from app.domain.payments.models import ProviderEvent
from app.entrypoints.gateways import GATEWAYS
from app.entrypoints.jobs import promises
from app.entrypoints.jobs.promises import work_off_outbox
from app.foundation import outbox
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from app.foundation.outbox import OutboxEntry
from tests.books import check_books
from tests.factories.payments import (
    invoice_row,
    make_card,
    make_charge,
    make_checkout,
    make_invoice,
    make_refund,
    payment_row,
    refund_row,
)
from tests.factories.usage import make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.threads import in_parallel


@pytest.fixture
def gateway(app: Flask) -> FakeGateway:
    gateway = FakeGateway()
    app.config[GATEWAYS] = {"stripe": gateway}
    return gateway


def promised() -> list[OutboxEntry]:
    session.rollback()
    return session.query(OutboxEntry).populate_existing().order_by(OutboxEntry.id).all()


def hurry() -> None:
    """Let what waits for a later try be due now."""
    with transaction():
        waiting = session.query(OutboxEntry).filter(OutboxEntry.done_at.is_(None))
        waiting.update({"next_try_at": OutboxEntry.created_at})


class TestWorkOffOutbox:
    def test_follows_up_events(self, ada: Account, gateway: FakeGateway, now: datetime) -> None:
        invoice = make_invoice(ada, now=now)
        make_checkout(ada, invoice, gateway=gateway, now=now)
        with transaction():
            inbox.receive(gateway.pay("cs_1"), now=now)
            inbox.receive(gateway.notice(None), now=now)
        # Two events, and the receipt that one of them promises.
        assert work_off_outbox() == 3
        assert work_off_outbox() == 0
        assert all(entry.done_at is not None for entry in promised())
        assert invoice_row(invoice.public_id).status == "paid"

    def test_rebuilds_the_charts_of_a_new_zone(self, ada: Account, now: datetime) -> None:
        make_usage(now=now)
        with transaction():
            wanted = {"timezone": "Asia/Kathmandu"}
            change_settings(ada, wanted, actor="customer:ada", now=now)
        assert has_rollups_to_rebuild(ada)
        assert work_off_outbox() == 1
        assert not has_rollups_to_rebuild(ada)
        check_books()

    def test_charges_refunds_and_forgets(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        card = make_card(ada, now=now)
        attempt = make_charge(make_invoice(ada, now=now), card, now=now)
        with transaction():
            outbox.add("charge_saved_card", {"payment": attempt.public_id}, now=now)
        work_off_outbox()
        assert payment_row(attempt.public_id).status == "settled"

        refund = make_refund(payment_row(attempt.public_id), now=now)
        with transaction():
            outbox.add("refund_payment", {"refund": refund.id}, now=now)
            cards.remove_card(ada, card.id, now=now)
        work_off_outbox()
        assert refund_row(refund.id).status == "settled"
        assert gateway.forgotten == ["pm_1"]

    def test_tries_again_what_has_failed(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        make_checkout(ada, make_invoice(ada, now=now), gateway=gateway, now=now)
        with transaction():
            inbox.receive(gateway.pay("cs_1"), now=now)
        gateway.is_away = True
        assert work_off_outbox() == 1
        (entry,) = promised()
        assert (entry.attempts, entry.last_error) == (1, "The fake is away.")
        assert entry.next_try_at >= now + timedelta(seconds=10)
        assert work_off_outbox() == 0
        gateway.is_away = False
        hurry()
        # The event, and the receipt that it promises.
        assert work_off_outbox() == 2
        assert session.query(ProviderEvent).one().status == "processed"

    def test_keeps_a_promise_that_nobody_knows(self, app: Flask, now: datetime) -> None:
        with transaction():
            outbox.add("of_a_later_version", {}, now=now)
        assert work_off_outbox() == 1
        assert promised()[0].last_error == "This version keeps no promises of this kind."

    def test_is_not_stopped_by_a_bug(
        self, app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        done = []
        kept_by = {"breaks": lambda payload: 1 // 0, "works": done.append}
        monkeypatch.setattr(promises, "KEPT_BY", kept_by)
        with transaction():
            outbox.add("breaks", {}, now=now)
            outbox.add("works", {"n": 1}, now=now)
        assert work_off_outbox() == 2
        assert done == [{"n": 1}]
        assert [entry.done_at is None for entry in promised()] == [True, False]

    def test_comes_back_to_what_a_dead_worker_held(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        with transaction():
            inbox.receive(gateway.notice(None), now=now)
        with transaction():
            outbox.claim(now=now, limit=1)
        assert work_off_outbox() == 0
        hurry()
        assert work_off_outbox() == 1

    def test_workers_share_the_work(
        self, app: Flask, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice = make_invoice(ada, now=now)
        make_checkout(ada, invoice, gateway=gateway, now=now)
        gateway.pay("cs_1")
        with transaction():
            for _ in range(20):
                inbox.receive(gateway.notice("cs_1"), now=now)
        tried = in_parallel(app, [work_off_outbox] * 4)
        # Twenty events, and one receipt.
        assert sum(tried) == 21
        assert all(entry.attempts == 1 for entry in promised())
        assert session.query(JournalEntry).filter_by(action="payment_settled").count() == 1

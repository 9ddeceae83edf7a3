"""The inbox: each event once, whatever its order; nothing is lost, nothing is believed."""

import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.payments import cards, inbox, queries
from app.domain.payments.consent import VERSION
from app.domain.payments.errors import (
    OutcomeMismatch,
    ProviderUnreachable,
    UnknownEvent,
    UnknownPayment,
    UnknownProvider,
)
from app.domain.payments.gateway import DisputesSeen, DisputeStatus, EventNotice
from app.domain.payments.models import Dispute, Payment, ProviderEvent
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from app.foundation.outbox import OutboxEntry
from app.workflows.follow_up_event import follow_up_event
from app.workflows.save_card import begin_saving_card
from app.workflows.settle_payment import settle_payment
from app.workflows.verify_books import verify_books
from tests.factories.payments import (
    BASE_URL,
    invoice_row,
    make_checkout,
    make_invoice,
    make_paid,
    payment_row,
)
from tests.fakes.payment_gateway import FakeGateway, make_card
from tests.threads import in_parallel

THREADS = 16


def receive(notice: EventNotice, *, now: datetime) -> bool:
    with transaction():
        return inbox.receive(notice, now=now)


def the_event() -> ProviderEvent:
    session.rollback()
    return session.query(ProviderEvent).populate_existing().one()


def process(gateway: FakeGateway, *, now: datetime) -> None:
    follow_up_event(the_event().id, gateways={"stripe": gateway}, now=now)


class TestReceive:
    def test_keeps_a_message_once_with_a_promise(
        self, app: Flask, gateway: FakeGateway, now: datetime
    ) -> None:
        notice = gateway.notice(None)
        assert [receive(notice, now=now) for _ in range(3)] == [True, False, False]
        event, promise = the_event(), session.query(OutboxEntry).one()
        assert (event.event_id, event.body, event.next_try_at) == (
            notice.event_id, notice.body, now,
        )  # fmt: skip
        assert (promise.kind, promise.payload) == ("follow_up_event", {"event": event.id})

    def test_keeps_it_once_though_it_comes_at_the_same_moment(
        self, app: Flask, gateway: FakeGateway, now: datetime
    ) -> None:
        notice = gateway.notice(None)
        news = in_parallel(app, [lambda: receive(notice, now=now)] * 8)
        assert sorted(news) == [False] * 7 + [True]
        assert session.query(OutboxEntry).count() == 1


class TestFollowUpEvent:
    def test_settles_what_the_event_is_about(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice = make_invoice(ada)
        make_checkout(ada, invoice, gateway=gateway)
        receive(gateway.pay("cs_1"), now=now)
        process(gateway, now=now)
        event = the_event()
        assert (event.status, event.processed_at, event.attempts) == ("processed", now, 1)
        assert invoice_row(invoice.public_id).status == "paid"

    def test_leaves_a_done_event_alone(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        make_checkout(ada, make_invoice(ada), gateway=gateway)
        receive(gateway.pay("cs_1"), now=now)
        for _ in range(3):
            process(gateway, now=now)
        assert gateway.asked == ["cs_1"]
        assert the_event().attempts == 1

    def test_ignores_what_is_not_ours_with_a_reason(
        self, app: Flask, gateway: FakeGateway, now: datetime
    ) -> None:
        receive(gateway.notice(None), now=now)
        process(gateway, now=now)
        event = the_event()
        assert (event.status, event.next_try_at) == ("ignored", None)
        assert event.ignored_because == "checkout.changed names nothing of ours."

    def test_comes_back_when_the_provider_is_away(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice = make_invoice(ada)
        make_checkout(ada, invoice, gateway=gateway)
        receive(gateway.pay("cs_1"), now=now)
        gateway.is_away = True
        for attempt, wait in enumerate((10, 20, 40), start=1):
            with pytest.raises(ProviderUnreachable):
                process(gateway, now=now)
            event = the_event()
            assert (event.status, event.attempts) == ("waiting", attempt)
            assert event.next_try_at == now + timedelta(seconds=wait)
            assert event.last_error == "The fake is away."
        gateway.is_away = False
        process(gateway, now=now)
        assert (the_event().last_error, the_event().status) == (None, "processed")
        assert invoice_row(invoice.public_id).status == "paid"

    def test_stays_visible_when_the_terms_are_others(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice = make_invoice(ada)
        make_checkout(ada, invoice, gateway=gateway)
        receive(gateway.pay("cs_1"), now=now)
        with transaction():
            session.query(Payment).update({"amount_minor": 1})
        with pytest.raises(OutcomeMismatch):
            process(gateway, now=now)
        (event,) = queries.events(status="waiting")
        assert "1234 cents" in (event.last_error or "")
        assert invoice_row(invoice.public_id).status == "issued"

    def test_waits_for_a_provider_that_is_not_connected(
        self, app: Flask, gateway: FakeGateway, now: datetime
    ) -> None:
        receive(gateway.notice(None), now=now)
        with pytest.raises(UnknownProvider):
            follow_up_event(the_event().id, gateways={}, now=now)
        assert the_event().status == "waiting"

    def test_takes_refunds_and_disputes_in(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        payment = make_paid(ada, gateway=gateway)
        gateway.notices.clear()
        gateway.give_back(payment.provider_payment, 234)
        gateway.contest(payment.provider_payment)
        gateway.contest(payment.provider_payment, DisputeStatus.LOST)
        self.take_in(gateway, now=now)
        assert payment_row(payment.public_id).refunded_minor == 234
        assert session.query(Dispute).one().status == "lost"
        assert {event.status for event in session.query(ProviderEvent)} == {"processed"}

    def test_takes_a_dispute_about_several_payments_in(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        payments = [make_paid(ada, gateway=gateway).provider_payment or "" for _ in range(2)]
        gateway.notices.clear()
        for payment in payments:
            gateway.contest(payment, DisputeStatus.LOST)
        parts = tuple(replace(seen, provider_dispute="du_1") for seen in gateway.disputes.values())
        gateway.notices.clear()
        gateway.disputes["du_1"] = DisputesSeen(parts)
        gateway.notice(dispute="du_1")
        self.take_in(gateway, now=now)
        rows = session.query(Dispute)
        assert [(row.provider_dispute, row.status) for row in rows] == [("du_1", "lost")] * 2
        assert {event.status for event in session.query(ProviderEvent)} == {"processed"}

    def test_takes_cards_in(self, ada: Account, gateway: FakeGateway, now: datetime) -> None:
        begin_saving_card(ada, VERSION, gateway=gateway, base_url=BASE_URL, now=now)
        gateway.save("cs_1", make_card())
        self.take_in(gateway, now=now)
        assert [card.last4 for card in cards.cards_of(ada, now=now)] == ["4242"]
        gateway.forget_card("pm_1")
        gateway.notice(card="pm_1")
        self.take_in(gateway, now=now)
        assert cards.cards_of(ada, now=now) == ()
        assert {event.status for event in session.query(ProviderEvent)} == {"processed"}

    def test_waits_with_a_refund_for_its_payment(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        make_checkout(ada, make_invoice(ada), gateway=gateway)
        paid = gateway.pay("cs_1")
        receive(gateway.give_back("pi_cs_1", 234), now=now)
        with pytest.raises(UnknownPayment):
            process(gateway, now=now)
        assert the_event().status == "waiting"
        with transaction():
            settle_payment(gateway.outcome_of_session("cs_1"), now=now)
        process(gateway, now=now)
        assert the_event().status == "processed"
        assert session.query(Payment).populate_existing().one().refunded_minor == 234
        assert receive(paid, now=now)

    def take_in(self, gateway: FakeGateway, *, now: datetime) -> None:
        for notice in gateway.notices:
            receive(notice, now=now)
        session.rollback()
        waiting = session.query(ProviderEvent).filter_by(status="waiting").all()
        for event_id in [event.id for event in waiting]:
            follow_up_event(event_id, gateways={"stripe": gateway}, now=now)
        session.rollback()

    def test_one_event_a_hundred_times_in_any_order_has_one_effect(
        self, app: Flask, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice = make_invoice(ada)
        make_checkout(ada, invoice, gateway=gateway)
        opened = gateway.notice("cs_1")
        notices = [opened, gateway.pay("cs_1"), gateway.notice("cs_1"), gateway.notice(None)]
        deliveries = notices * 25
        random.Random(7).shuffle(deliveries)

        def deliver(part: list[EventNotice]) -> None:
            for notice in part:
                receive(notice, now=now)
                session.rollback()
                for event in queries.events(status="waiting"):
                    follow_up_event(event.id, gateways={"stripe": gateway}, now=now)

        parts = [deliveries[number::THREADS] for number in range(THREADS)]
        in_parallel(app, [lambda part=part: deliver(part) for part in parts])
        session.rollback()
        assert session.query(ProviderEvent).count() == len(notices)
        assert {event.status for event in queries.events()} == {"processed", "ignored"}
        assert session.query(JournalEntry).filter_by(action="payment_settled").count() == 1
        assert invoice_row(invoice.public_id).status == "paid"
        assert queries.overpayments() == ()


class TestReplay:
    def test_looks_into_it_once_more(self, app: Flask, gateway: FakeGateway, now: datetime) -> None:
        receive(gateway.notice(None), now=now)
        process(gateway, now=now)
        with transaction():
            inbox.replay("stripe", the_event().event_id, actor="operator:olga", now=now)
        assert (the_event().status, the_event().ignored_because) == ("waiting", None)
        assert session.query(OutboxEntry).count() == 2
        process(gateway, now=now)
        assert the_event().status == "ignored"

    def test_knows_only_what_came(self, app: Flask, now: datetime) -> None:
        with pytest.raises(UnknownEvent), transaction():
            inbox.replay("stripe", "evt_99", actor="operator:olga", now=now)


def test_books_tell_of_a_forgotten_event(app: Flask, gateway: FakeGateway, now: datetime) -> None:
    receive(gateway.notice(None), now=now)
    assert verify_books() == []
    with transaction():
        session.query(OutboxEntry).delete()
    assert verify_books() == ["event evt_1 of stripe waits, and nobody will look into it"]

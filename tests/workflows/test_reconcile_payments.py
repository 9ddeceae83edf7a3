"""The sweep: whatever was lost, dropped or killed on the way is right after it."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from app.config import Settings
from app.domain.accounts.models import Account
from app.domain.payments import inbox
from app.domain.payments.errors import ProviderUnreachable
from app.domain.payments.gateway import OutcomeStatus
from app.domain.payments.models import Payment, ProviderEvent
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from app.foundation.outbox import OutboxEntry
from app.workflows.follow_up_event import follow_up_event
from app.workflows.reconcile_payments import Reconciled, reconcile_payments
from app.workflows.settle_payment import settle_payment
from app.workflows.verify_books import verify_books
from tests.factories.payments import (
    BASE_URL,
    invoice_row,
    make_checkout,
    make_invoice,
    payment_row,
)
from tests.fakes.payment_gateway import FakeGateway, order_from
from tests.threads import in_parallel

ROOT = Path(__file__).resolve().parents[2]
LATER = timedelta(minutes=10)


def reconcile(gateway: FakeGateway, *, now: datetime) -> Reconciled:
    return reconcile_payments(gateways={"stripe": gateway}, base_url=BASE_URL, now=now)


def attempt() -> Payment:
    session.rollback()
    return session.query(Payment).populate_existing().one()


class TestReconcilePayments:
    def test_leaves_young_attempts_alone(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        make_checkout(ada, make_invoice(ada), gateway=gateway)
        assert reconcile(gateway, now=now + timedelta(minutes=4)) == Reconciled(0, 0, 0)

    def test_settles_what_nobody_told_us(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice = make_invoice(ada)
        make_checkout(ada, invoice, gateway=gateway)
        gateway.pay("cs_1")
        gateway.notices.clear()
        assert reconcile(gateway, now=now + LATER) == Reconciled(1, 0, 0)
        assert invoice_row(invoice.public_id).status == "paid"
        assert reconcile(gateway, now=now + 2 * LATER) == Reconciled(0, 0, 0)
        assert verify_books() == []

    def test_asks_again_about_what_takes_days(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice = make_invoice(ada)
        make_checkout(ada, invoice, gateway=gateway)
        gateway.end("cs_1", OutcomeStatus.PROCESSING)
        gateway.notices.clear()
        for sweep in (1, 2):
            assert reconcile(gateway, now=now + sweep * LATER) == Reconciled(1, 0, 0)
            assert (attempt().status, attempt().expires_at) == ("pending", None)
        gateway.pay("cs_1")
        reconcile(gateway, now=now + timedelta(days=3))
        assert invoice_row(invoice.public_id).status == "paid"

    def test_finds_the_page_of_a_lost_answer_again_while_it_is_processing(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        gateway.loses_answers = True
        with pytest.raises(ProviderUnreachable):
            make_checkout(ada, make_invoice(ada), gateway=gateway)
        gateway.loses_answers = False
        gateway.end("cs_1", OutcomeStatus.PROCESSING)
        told = replace(gateway.outcome_of_session("cs_1"), session=None)
        with transaction():
            settle_payment(told, now=now)
        assert attempt().provider_session is None
        reconcile(gateway, now=now + LATER)
        assert (attempt().provider_session, attempt().expires_at) == ("cs_1", None)

    def test_finds_the_page_of_a_lost_answer(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        gateway.loses_answers = True
        with pytest.raises(ProviderUnreachable):
            make_checkout(ada, make_invoice(ada), gateway=gateway)
        gateway.loses_answers = False
        reconcile(gateway, now=now + LATER)
        assert (attempt().status, attempt().provider_session) == ("pending", "cs_1")
        assert len(gateway.pages) == 1

    def test_settles_a_lost_page_that_was_paid_long_ago(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice = make_invoice(ada)
        gateway.loses_answers = True
        with pytest.raises(ProviderUnreachable):
            make_checkout(ada, invoice, gateway=gateway)
        gateway.loses_answers = False
        gateway.pay("cs_1")
        reconcile(gateway, now=now + timedelta(hours=5))
        assert invoice_row(invoice.public_id).status == "paid"

    def test_ends_what_the_provider_will_not_open_any_more(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        gateway.is_away = True
        with pytest.raises(ProviderUnreachable):
            make_checkout(ada, make_invoice(ada), gateway=gateway)
        gateway.is_away, gateway.refuses_with = False, "expires_at_too_near"
        reconcile(gateway, now=now + timedelta(hours=5))
        assert (attempt().status, attempt().decline_code) == ("failed", "expires_at_too_near")

    def test_ends_what_has_expired(self, ada: Account, gateway: FakeGateway, now: datetime) -> None:
        make_checkout(ada, make_invoice(ada), gateway=gateway)
        gateway.end("cs_1", OutcomeStatus.EXPIRED)
        reconcile(gateway, now=now + LATER)
        assert attempt().status == "expired"

    def test_comes_back_to_a_provider_that_is_away(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        make_checkout(ada, make_invoice(ada), gateway=gateway)
        gateway.is_away = True
        assert reconcile(gateway, now=now + LATER) == Reconciled(1, 1, 0)
        assert attempt().status == "pending"
        gateway.is_away = False
        assert reconcile(gateway, now=now + 2 * LATER) == Reconciled(1, 0, 0)

    def test_is_not_held_up_by_an_attempt_that_does_not_match(
        self, ada: Account, ben: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        wrong = make_checkout(ada, make_invoice(ada), gateway=gateway)
        invoice = make_invoice(ben)
        make_checkout(ben, invoice, gateway=gateway, now=now + timedelta(seconds=1))
        with transaction():
            payment_row(wrong.payment_id).amount_minor = 1
        gateway.pay("cs_1")
        gateway.pay("cs_2")
        reconcile(gateway, now=now + LATER)
        assert invoice_row(invoice.public_id).status == "paid"
        assert payment_row(wrong.payment_id).status == "pending"

    def test_takes_in_the_events_that_did_not_reach_us(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice = make_invoice(ada)
        make_checkout(ada, invoice, gateway=gateway)
        delivered = gateway.notice("cs_1")
        with transaction():
            inbox.receive(delivered, now=now)
        gateway.pay("cs_1")
        assert reconcile(gateway, now=now).events_found == 1
        assert reconcile(gateway, now=now).events_found == 0
        for promise in session.query(OutboxEntry).all():
            follow_up_event(promise.payload["event"], gateways={"stripe": gateway}, now=now)
        assert {event.status for event in session.query(ProviderEvent)} == {"processed"}
        assert invoice_row(invoice.public_id).status == "paid"


KILLED = '''
"""Begins a checkout and is killed, without a chance to say goodbye, where it was told to."""
import json, os, signal, sys
from dataclasses import asdict
from app import create_app
from app.config import read_settings
from app.domain.accounts.queries import account
from app.domain.payments.gateway import OpenedCheckout
from app.foundation import clock
from app.workflows.begin_checkout import begin_checkout

class Killer:
    provider = "stripe"
    def open_checkout(self, order):
        if sys.argv[3] == "after the call":
            said = {**asdict(order), "expires_at": order.expires_at.timestamp()}
            open(sys.argv[2], "w").write(json.dumps(said))
        os.kill(os.getpid(), signal.SIGKILL)

with create_app(read_settings()).app_context():
    ada = account("ada")
    begin_checkout(
        ada,
        sys.argv[1],
        gateway=Killer(),
        asked={},
        base_url="https://billing.example.com",
        now=clock.now(),
    )
'''


def kill_a_checkout(settings: Settings, reference: str, reached: Path, where: str) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "INSTANCE_DIR": str(settings.instance_dir),
        "SECRET_KEY": settings.secret_key,
    }
    command = [sys.executable, "-c", KILLED, reference, str(reached), where]
    done = subprocess.run(
        command, env=environment, cwd=ROOT, timeout=60, check=False, capture_output=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


class TestKilledBetween:
    def test_the_attempt_and_the_call(
        self, settings: Settings, ada: Account, gateway: FakeGateway, tmp_path: Path
    ) -> None:
        invoice = make_invoice(ada)
        kill_a_checkout(settings, invoice.public_id, tmp_path / "order", "before the call")
        killed = attempt()
        assert (killed.status, killed.provider_session) == ("created", None)
        reconcile(gateway, now=killed.created_at + LATER)
        assert attempt().status == "pending"
        checkout = make_checkout(ada, invoice, gateway=gateway, now=killed.created_at + LATER)
        assert checkout.payment_id == killed.public_id
        assert len(gateway.pages) == 1
        assert verify_books() == []

    def test_the_call_and_its_record(
        self, settings: Settings, ada: Account, gateway: FakeGateway, tmp_path: Path
    ) -> None:
        invoice = make_invoice(ada)
        kill_a_checkout(settings, invoice.public_id, tmp_path / "order", "after the call")
        killed = attempt()
        assert killed.status == "created"
        # The provider has opened the page, and the customer, who came to it, has paid.
        gateway.open_checkout(order_from((tmp_path / "order").read_text()))
        gateway.pay("cs_1")
        gateway.notices.clear()
        reconcile(gateway, now=killed.created_at + LATER)
        assert len(gateway.pages) == 1
        assert attempt().status == "settled"
        assert invoice_row(invoice.public_id).status == "paid"
        assert session.query(JournalEntry).filter_by(action="payment_settled").count() == 1
        assert verify_books() == []


def test_sweeps_beside_each_other_have_one_effect(
    app: Flask, ada: Account, gateway: FakeGateway, now: datetime
) -> None:
    invoice = make_invoice(ada)
    make_checkout(ada, invoice, gateway=gateway)
    gateway.pay("cs_1")
    in_parallel(app, [lambda: reconcile(gateway, now=now + LATER)] * 4)
    session.rollback()
    assert session.query(JournalEntry).filter_by(action="payment_settled").count() == 1
    assert session.query(ProviderEvent).count() == 1
    assert invoice_row(invoice.public_id).status == "paid"

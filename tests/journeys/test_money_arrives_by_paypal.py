"""Money arrives through PayPal: out of order, repeated, lost, late, and never twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
import requests
from flask import Flask

from app.adapters.paypal_gateway import PayPalAccount, PayPalGateway
from app.config import Settings
from app.domain.accounts.models import Account
from app.domain.payments import inbox, queries
from app.domain.payments.errors import ProviderUnreachable
from app.domain.payments.models import Payment, ProviderEvent
from app.entrypoints.gateways import gateways
from app.foundation import clock
from app.foundation.database import session, transaction
from app.workflows.follow_up_event import follow_up_event
from app.workflows.reconcile_payments import ask_about_attempts, reconcile_payments
from app.workflows.verify_books import verify_books
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.factories.coming_back import back_from_page
from tests.factories.payments import invoice_row, make_invoice
from tests.journeys import test_money_arrives
from tests.sandbox.buying import approve, client_of, decide, taken, turn

settlings, work_until = test_money_arrives.settlings, test_money_arrives.work_until
KeyKind = test_money_arrives.KeyKind
settings, app, address = (
    test_money_arrives.settings,
    test_money_arrives.app,
    test_money_arrives.address,
)
Pay = Callable[..., tuple[str, str, str]]


@pytest.fixture
def sandbox(address: str, settings: Settings) -> str:
    return settings.paypal.api_base


@pytest.fixture
def ada(address: str) -> Account:
    return make_account("ada", now=clock.now())


@pytest.fixture
def pay(address: str, ada: Account) -> Pay:
    """Let Ada owe something and choose on PayPal's page; invoice, payment and order come back."""
    headers = bearer(KeyKind.CUSTOMER, user_id="ada")

    def pay(choice: str = "approve") -> tuple[str, str, str]:
        invoice = make_invoice(ada, now=clock.now()).public_id
        url = f"{address}/v1/billing/invoices/{invoice}/checkout"
        opened = requests.post(url, json={"provider": "paypal"}, headers=headers, timeout=90).json()
        page = opened["checkout_url"]
        assert approve(page, choice).status_code == 303
        return invoice, opened["payment_id"], page.partition("token=")[2]

    return pay


def captures_of(sandbox: str, order: str) -> list[str]:
    found = client_of(sandbox).orders.get_order({"id": order}).body
    payments = getattr(found.purchase_units[0], "payments", None)
    return [each.id for each in payments.captures] if payments else []


def payment_status(payment_id: str) -> str:
    session.rollback()
    found = session.query(Payment).populate_existing().filter_by(public_id=payment_id).one()
    return found.status


def test_a_webhook_alone_pays_the_invoice(pay: Pay, sandbox: str) -> None:
    invoice, payment_id, order = pay()
    work_until(lambda: invoice_row(invoice).status == "paid")
    work_until(lambda: not queries.events(status="waiting"))
    assert payment_status(payment_id) == "settled"
    assert settlings() == 1 and len(captures_of(sandbox, order)) == 1
    assert verify_books() == []


def test_the_return_page_alone_pays_the_invoice(pay: Pay, ada: Account, sandbox: str) -> None:
    turn(sandbox, webhooks="drop")
    invoice, payment_id, _ = pay()
    view = back_from_page(payment_id, ada, gateways=gateways(), now=clock.now())
    assert view.is_settled and invoice_row(invoice).status == "paid"
    assert verify_books() == []


def test_webhook_return_page_and_sweep_at_once_capture_once(
    app: Flask, pay: Pay, sandbox: str
) -> None:
    turn(sandbox, webhooks="drop")
    invoice, payment_id, order = pay()
    now = clock.now()
    (notice,) = gateways()["paypal"].events_since(now - timedelta(minutes=1))
    with transaction():
        inbox.receive(notice, now=now)
    event_id = session.query(ProviderEvent.id).scalar()
    later = now + timedelta(minutes=6)
    turn(sandbox, answer_delay_seconds=0.2)
    ways: list[Callable[[], object]] = [
        lambda: back_from_page(payment_id, make_view(), gateways=gateways(), now=now),
        lambda: follow_up_event(event_id, gateways=gateways(), now=now),
        lambda: ask_about_attempts(gateways=gateways(), base_url="http://127.0.0.1", now=later),
    ]

    def make_view() -> Account:
        return session.get_one(Account, "ada")

    def go(way: Callable[[], object]) -> None:
        # Where somebody else's call was still running, it is asked again another time.
        with app.app_context(), suppress(ProviderUnreachable):
            way()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(go, ways * 2))
    back_from_page(payment_id, make_view(), gateways=gateways(), now=clock.now())
    assert invoice_row(invoice).status == "paid"
    assert settlings() == 1 and len(captures_of(sandbox, order)) == 1
    assert verify_books() == []


def test_events_in_copies_and_backwards_have_one_effect(pay: Pay, sandbox: str) -> None:
    turn(sandbox, webhooks="hold", webhook_copies=3)
    paid = [pay() for _ in range(3)]
    now = clock.now()
    notices = list(gateways()["paypal"].events_since(now - timedelta(minutes=1)))
    for notice in reversed(notices):
        with transaction():
            inbox.receive(notice, now=now)
    turn(sandbox, webhooks="send")
    work_until(lambda: settlings() == 3)
    work_until(lambda: not queries.events(status="waiting"))
    assert settlings() == 3
    assert {invoice_row(invoice).status for invoice, _, _ in paid} == {"paid"}
    assert queries.overpayments() == () and verify_books() == []


def test_what_no_webhook_tells_the_sweep_finds(pay: Pay, sandbox: str, settings: Settings) -> None:
    turn(sandbox, webhooks="drop")
    invoice, _, _ = pay()
    now = clock.now() + timedelta(minutes=6)
    came_to = reconcile_payments(gateways=gateways(), base_url=settings.base_url, now=now)
    assert came_to.attempts_asked == 1 and came_to.events_found > 0
    assert invoice_row(invoice).status == "paid"
    again = reconcile_payments(gateways=gateways(), base_url=settings.base_url, now=now)
    assert (again.attempts_asked, again.events_found) == (0, 0)
    assert verify_books() == []


def test_a_stale_order_is_not_captured(
    pay: Pay, ada: Account, sandbox: str, settings: Settings
) -> None:
    turn(sandbox, webhooks="drop")
    invoice, payment_id, order = pay()
    late = clock.now() + timedelta(minutes=61)
    account = PayPalAccount(
        settings.paypal.client_id,
        settings.paypal.client_secret,
        sandbox,
        settings.paypal.webhook_id,
    )
    connected = {"paypal": PayPalGateway(account, tell_time=lambda: late)}
    view = back_from_page(payment_id, ada, gateways=connected, now=late)
    assert view.status == "expired" and captures_of(sandbox, order) == []
    assert invoice_row(invoice).status == "issued"
    assert verify_books() == []


def test_declined_money_leaves_the_invoice_open(pay: Pay, ada: Account, sandbox: str) -> None:
    invoice, payment_id, order = pay("decline")
    work_until(lambda: payment_status(payment_id) == "failed")
    (view,) = queries.payments_of_invoice(ada, invoice)
    assert view.decline_code == "INSTRUMENT_DECLINED"
    assert captures_of(sandbox, order) == [] and invoice_row(invoice).status == "issued"


@pytest.mark.parametrize(
    ("decision", "status", "invoice_status"),
    [("complete", "settled", "paid"), ("deny", "failed", "issued")],
)
def test_money_that_takes_its_time(
    pay: Pay, sandbox: str, decision: str, status: str, invoice_status: str
) -> None:
    invoice, payment_id, order = pay("pending")
    work_until(lambda: len(captures_of(sandbox, order)) == 1)
    work_until(lambda: queries.events() and not queries.events(status="waiting"))
    assert payment_status(payment_id) == "pending"
    capture = taken(client_of(sandbox).orders.get_order({"id": order}).body)
    decide(sandbox, capture.id, decision)
    work_until(lambda: payment_status(payment_id) == status)
    assert invoice_row(invoice).status == invoice_status
    assert verify_books() == []

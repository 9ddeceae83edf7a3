"""Money arrives: a program opens a page, its customer pays there, and the webhook settles it.

Everything speaks HTTP, as it will: the app, the sandbox, Stripe's own library between them.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
import requests
from flask import Flask
from werkzeug.serving import make_server

from app import create_app
from app.config import Settings
from app.domain.accounts.models import Account
from app.domain.payments import cards, queries
from app.domain.payments.consent import VERSION
from app.domain.payments.errors import PaymentNotRefundable
from app.domain.payments.models import Dispute, Payment, PaymentMethod, ProviderEvent, Refund
from app.entrypoints.gateways import gateways
from app.entrypoints.jobs.promises import work_off_outbox
from app.foundation import clock, outbox
from app.foundation.database import db, session, transaction
from app.foundation.journal import JournalEntry
from app.foundation.secret_keys import KeyKind
from app.sandbox.serving import running
from app.sandbox.settings import SandboxSettings
from app.workflows.reconcile_payments import reconcile_payments
from app.workflows.save_card import begin_saving_card
from app.workflows.verify_books import verify_books
from tests.databases import settings_for
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.factories.payments import (
    invoice_row,
    make_charge,
    make_invoice,
    make_refund,
    payment_row,
    refund_row,
)
from tests.ports import free_port
from tests.sandbox.buying import approve
from tests.sandbox.shopping import client_of, pay, post

WAIT_SECONDS = 30
NO_FUNDS = "4000000000009995"


@contextmanager
def served(app: Flask, port: int) -> Iterator[str]:
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    ports = {"PORT": str(free_port()), "SANDBOX_PORT": str(free_port())}
    return settings_for(database_url, tmp_path / "instance", **ports)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def address(app: Flask, settings: Settings) -> Iterator[str]:
    sandbox = SandboxSettings(
        database=settings.instance_dir / "sandbox.sqlite3",
        port=settings.sandbox_port,
        webhook_url=f"http://127.0.0.1:{settings.port}/webhooks/stripe",
        webhook_secret=settings.stripe_webhook_secrets[0],
        paypal_webhook_url=f"http://127.0.0.1:{settings.port}/webhooks/paypal",
        webhook_retry_seconds=(0.1, 0.1, 0.5),
    )
    settings.instance_dir.mkdir(exist_ok=True)
    with served(app, settings.port) as address, running(sandbox):
        yield address


@pytest.fixture
def turn(address: str, settings: Settings) -> Callable[..., None]:
    def turn(**knobs: object) -> None:
        url = f"{settings.stripe_api_base}/sandbox/knobs"
        requests.post(url, json=knobs, timeout=10).raise_for_status()

    return turn


@pytest.fixture
def ada(address: str) -> Account:
    return make_account("ada", now=clock.now())


@pytest.fixture
def checkout(address: str, ada: Account) -> Callable[..., requests.Response]:
    headers = bearer(KeyKind.CUSTOMER, user_id="ada")

    def checkout(reference: str, provider: str = "stripe") -> requests.Response:
        url = f"{address}/v1/billing/invoices/{reference}/checkout"
        return requests.post(url, json={"provider": provider}, headers=headers, timeout=90)

    return checkout


def work_until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not happened():
        assert time.monotonic() < deadline, [(e.status, e.last_error) for e in queries.events()]
        work_off_outbox()
        session.rollback()
        time.sleep(0.05)


def settlings() -> int:
    session.rollback()
    return session.query(JournalEntry).filter_by(action="payment_settled").count()


def test_a_paid_page_pays_the_invoice(ada: Account, checkout, settings: Settings) -> None:
    invoice = make_invoice(ada, now=clock.now())
    opened = checkout(invoice.public_id).json()
    assert opened["checkout_url"].startswith(settings.stripe_api_base)
    assert checkout(invoice.public_id).json() == opened

    assert pay(opened["checkout_url"], NO_FUNDS).status_code == 402
    paid = pay(opened["checkout_url"])
    assert paid.headers["Location"] == f"{settings.base_url}/payments/{opened['payment_id']}"

    work_until(lambda: invoice_row(invoice.public_id).status == "paid")
    work_until(lambda: not queries.events(status="waiting"))
    assert settlings() == 1
    assert checkout(invoice.public_id).status_code == 409
    assert verify_books() == []


def test_webhooks_in_copies_have_one_effect(ada: Account, checkout, turn) -> None:
    turn(webhook_copies=5)
    invoices = [make_invoice(ada, now=clock.now()) for _ in range(3)]
    for invoice in invoices:
        pay(checkout(invoice.public_id).json()["checkout_url"])
    work_until(lambda: settlings() == 3)
    work_until(lambda: not queries.events(status="waiting"))
    assert settlings() == 3
    assert queries.overpayments() == ()
    assert verify_books() == []


def test_what_no_webhook_tells_the_sweep_finds(
    app: Flask, ada: Account, checkout, turn, settings: Settings
) -> None:
    turn(webhooks="drop")
    invoice = make_invoice(ada, now=clock.now())
    pay(checkout(invoice.public_id).json()["checkout_url"])
    now = clock.now() + timedelta(minutes=6)
    came_to = reconcile_payments(gateways=gateways(), base_url=settings.base_url, now=now)
    assert came_to.attempts_asked == 1
    assert came_to.events_found > 0
    assert invoice_row(invoice.public_id).status == "paid"
    again = reconcile_payments(gateways=gateways(), base_url=settings.base_url, now=now)
    assert (again.attempts_asked, again.events_found) == (0, 0)
    assert session.query(ProviderEvent).count() == came_to.events_found
    assert verify_books() == []


def test_a_lost_answer_opens_no_second_page(ada: Account, checkout, turn) -> None:
    turn(lost_answers=3)
    invoice = make_invoice(ada, now=clock.now())
    lost = checkout(invoice.public_id)
    assert (lost.status_code, lost.headers["Retry-After"]) == (503, "10")
    session.rollback()
    assert session.query(Payment).one().status == "unknown"
    opened = checkout(invoice.public_id).json()
    pay(opened["checkout_url"])
    work_until(lambda: invoice_row(invoice.public_id).status == "paid")
    session.rollback()
    assert session.query(Payment).populate_existing().one().status == "settled"
    assert settlings() == 1


def test_money_arrives_though_the_provider_said_it_had_failed(
    ada: Account, checkout, turn, settings: Settings
) -> None:
    # The page is there, but Stripe keeps its first answer for a day: every repeat gets the error.
    turn(errors_after_effect=3)
    invoice = make_invoice(ada, now=clock.now())
    assert [checkout(invoice.public_id).status_code for _ in range(2)] == [503, 503]
    (page,) = client_of(settings.stripe_api_base).v1.checkout.sessions.list().data
    pay(page.url or "")
    work_until(lambda: invoice_row(invoice.public_id).status == "paid")
    (payment,) = queries.payments_of_invoice(ada, invoice.public_id)
    assert payment.is_settled and not payment.is_overpayment
    assert verify_books() == []


@pytest.fixture
def save_card(ada: Account, settings: Settings) -> Callable[..., PaymentMethod]:
    """Ada saves a card on the provider's page, and closes it: the webhook brings the card."""

    def save_card(number: str = "4242424242424242") -> PaymentMethod:
        opened = begin_saving_card(
            ada,
            VERSION,
            gateway=gateways()["stripe"],
            base_url=settings.base_url,
            now=clock.now(),
        )
        pay(opened.url, number)
        post(f"{opened.url}/bank", answer="confirm")
        work_until(lambda: cards.cards_of(ada, now=clock.now()))
        row = cards.find_default("ada")
        assert row is not None
        return row

    return save_card


@pytest.fixture
def charge(ada: Account) -> Callable[..., Payment]:
    """A card is charged by itself, until that is decided."""

    def charge(card: PaymentMethod, *, minor: int = 1_234) -> Payment:
        attempt = make_charge(
            make_invoice(ada, minor=minor, now=clock.now()), card, now=clock.now()
        )
        with transaction():
            outbox.add("charge_saved_card", {"payment": attempt.public_id}, now=clock.now())
        work_until(lambda: payment_row(attempt.public_id).status in ("settled", "failed"))
        return payment_row(attempt.public_id)

    return charge


def rows(model: type) -> list:
    session.rollback()
    return session.query(model).populate_existing().all()


def test_a_saved_card_is_charged_while_nobody_looks(save_card, charge) -> None:
    card = save_card()
    assert (card.brand, card.last4, card.consent_version) == ("visa", "4242", VERSION)
    paid = charge(card)
    assert paid.status == "settled" and paid.provider_payment == paid.provider_session
    work_until(lambda: not queries.events(status="waiting"))
    assert settlings() == 1
    assert verify_books() == []


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("4000000000000341", "generic_decline"),
        ("4000002760003184", "authentication_required"),
    ],
)
def test_a_saved_card_may_be_declined(save_card, charge, number: str, code: str) -> None:
    declined = charge(save_card(number))
    assert (declined.status, declined.decline_code) == ("failed", code)
    work_until(lambda: not queries.events(status="waiting"))
    assert settlings() == 0


def test_a_card_is_charged_once_though_answers_are_lost(
    save_card, charge, turn, settings: Settings
) -> None:
    card = save_card()
    turn(lost_answers=3)
    assert charge(card).status == "settled"
    (intent,) = client_of(settings.stripe_api_base).v1.payment_intents.list().data
    assert intent.status == "succeeded"
    assert settlings() == 1


def test_a_charge_that_is_said_to_have_failed_is_found(
    app: Flask, ada: Account, save_card, turn, settings: Settings
) -> None:
    # The card is charged, but Stripe keeps its first answer for a day: every repeat gets the error.
    card = save_card()
    turn(errors_after_effect=3, webhooks="drop")
    attempt = make_charge(make_invoice(ada, now=clock.now()), card, now=clock.now())
    for minutes in (5, 10):
        now = clock.now() + timedelta(minutes=minutes)
        reconcile_payments(gateways=gateways(), base_url=settings.base_url, now=now)
    assert payment_row(attempt.public_id).status == "settled"
    assert len(client_of(settings.stripe_api_base).v1.payment_intents.list().data) == 1


def test_a_removed_card_is_forgotten_by_the_provider(
    ada: Account, save_card, settings: Settings
) -> None:
    card = save_card()
    with transaction():
        cards.remove_card(ada, card.id, now=clock.now())
    methods = client_of(settings.stripe_api_base).v1.payment_methods
    work_until(lambda: methods.retrieve(card.provider_reference).customer is None)
    work_until(lambda: not queries.events(status="waiting"))
    assert cards.cards_of(ada, now=clock.now()) == ()


def test_money_goes_back_from_both_sides(save_card, charge, settings: Settings) -> None:
    payment = charge(save_card("4000000000007726"))
    refund = make_refund(payment, now=clock.now())
    with transaction():
        outbox.add("refund_payment", {"refund": refund.id}, now=clock.now())
    work_until(lambda: refund_row(refund.id).status == "pending")

    sandbox = f"{settings.stripe_api_base}/sandbox"
    client = client_of(settings.stripe_api_base).v1
    (taken,) = client.charges.list().data
    post(f"{sandbox}/charges/{taken.id}/refund", amount="1000")
    work_until(lambda: len(rows(Refund)) == 2)
    for made in client.refunds.list().data:
        post(f"{sandbox}/refunds/{made.id}/arrive", pressed="")
    work_until(lambda: {row.status for row in rows(Refund)} == {"settled"})
    assert payment_row(payment.public_id).refunded_minor == 1_234
    post(f"{sandbox}/refunds/{made.id}/bounce", pressed="")
    work_until(lambda: payment_row(payment.public_id).refunded_minor == 1_000)
    assert verify_books() == []


@pytest.mark.parametrize("decision", ["won", "lost"])
def test_a_dispute_is_followed_to_its_end(
    save_card, charge, settings: Settings, decision: str
) -> None:
    payment = charge(save_card("4000000000000259"))
    work_until(lambda: rows(Dispute))
    with pytest.raises(PaymentNotRefundable):
        make_refund(payment, now=clock.now())
    (dispute,) = rows(Dispute)
    url = f"{settings.stripe_api_base}/sandbox/disputes/{dispute.provider_dispute}/{decision}"
    post(url, pressed="")
    work_until(lambda: rows(Dispute)[0].status == decision)
    assert (dispute.amount_minor, dispute.user_id) == (1_234, "ada")


@pytest.mark.parametrize(("decision", "ends"), [("payout", "paid"), ("lost", "refunded")])
def test_a_dispute_at_paypal_is_followed_to_its_end(
    ada: Account, checkout, settings: Settings, decision: str, ends: str
) -> None:
    invoice = make_invoice(ada, now=clock.now())
    approve(checkout(invoice.public_id, "paypal").json()["checkout_url"], "dispute")
    work_until(lambda: rows(Dispute))
    (dispute,) = rows(Dispute)
    assert (dispute.amount_minor, dispute.user_id) == (1_234, "ada")
    sandbox = f"{settings.stripe_api_base}/sandbox/paypal"
    post(f"{sandbox}/disputes/{dispute.provider_dispute}/{decision}", pressed="")
    work_until(lambda: rows(Dispute)[0].status == ("lost" if decision == "lost" else "won"))
    work_until(lambda: not queries.events(status="waiting"))
    work_until(lambda: invoice_row(invoice.public_id).status == ends)
    # What PayPal has reversed is told of as a refund, too: it is none.
    assert rows(Refund) == []
    assert verify_books() == []

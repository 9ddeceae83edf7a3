"""A gateway to the stand-in of PayPal, orders of ours, and what became of them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

from app.adapters.paypal_gateway import PayPalAccount, PayPalGateway
from app.domain.payments.gateway import (
    CheckoutOrder,
    EventNotice,
    PaymentOutcome,
    RefundOrder,
)
from app.foundation import clock
from tests.sandbox.buying import (
    client_of,
)

WEBHOOK = "paypal_sandbox"
_numbers = count(1)


def gateway_to(
    url: str,
    *,
    secret: str = "paypal_sandbox",
    webhook_id: str = WEBHOOK,
    calls: bool = False,
    tell_time: Callable[[], datetime] = clock.now,
) -> PayPalGateway:
    account = PayPalAccount("paypal_sandbox", secret, url, webhook_id, verifies_by_call=calls)
    return PayPalGateway(account, tell_time=tell_time)


def make_order(**changes: object) -> CheckoutOrder:
    number = next(_numbers)
    given = {
        "payment_id": f"pay-{number}",
        "reference": f"inv-{number}",
        "idempotency_key": f"pay-{number}:checkout:1",
        "amount_minor": 1_234,
        "currency": "USD",
        "description": "Invoice INV-1-2026-10",
        "email": "ada@example.com",
        "success_url": "https://billing.example.com/payments/pay-1",
        "cancel_url": "https://billing.example.com/invoices/INV-1-2026-10",
        "expires_at": clock.now().replace(microsecond=0) + timedelta(minutes=60),
        **changes,
    }
    return CheckoutOrder(**given)


def outcome(gateway: PayPalGateway, session: str) -> PaymentOutcome:
    found = gateway.outcome_of_session(session)
    assert isinstance(found, PaymentOutcome)
    return found


def captures_of(url: str, session: str) -> list[str]:
    order = client_of(url).orders.get_order({"id": session}).body
    payments = getattr(order.purchase_units[0], "payments", None)
    return [each.id for each in payments.captures] if payments else []


def notices_of(gateway: PayPalGateway, session: str) -> list[EventNotice]:
    found = gateway.events_since(clock.now() - timedelta(minutes=5))
    return [notice for notice in found if session.encode() in notice.body]


def refund_of(payment: str | None, **changes: object) -> RefundOrder:
    number = next(_numbers)
    given = {
        "provider_payment": payment or "",
        "amount_minor": 500,
        "idempotency_key": f"ref-{number}:1",
        "refund_id": str(number),
        "reason": "requested_by_customer",
        **changes,
    }
    return RefundOrder(**given)

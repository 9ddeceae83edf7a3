"""PayPal's words that we act on: its events, and its reasons to say no."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from app.adapters.paypal_certificates import LIVE_API, is_local
from app.foundation.web_addresses import split_address

LIVE_CHECKOUT, SANDBOX_CHECKOUT = "https://www.paypal.com", "https://www.sandbox.paypal.com"

REVERSED = "PAYMENT.CAPTURE.REVERSED"
REFUND_EVENT_TYPES = (
    "PAYMENT.CAPTURE.REFUNDED",
    REVERSED,
    "PAYMENT.REFUND.PENDING",
    "PAYMENT.REFUND.FAILED",
)
DISPUTE_EVENT_TYPES = (
    "CUSTOMER.DISPUTE.CREATED",
    "CUSTOMER.DISPUTE.UPDATED",
    "CUSTOMER.DISPUTE.RESOLVED",
)
EVENT_TYPES = (
    "CHECKOUT.ORDER.APPROVED",
    "CHECKOUT.ORDER.COMPLETED",
    "CHECKOUT.ORDER.VOIDED",
    "CHECKOUT.PAYMENT-APPROVAL.REVERSED",
    "PAYMENT.CAPTURE.COMPLETED",
    "PAYMENT.CAPTURE.PENDING",
    # PayPal's own pages call it by either name.
    "PAYMENT.CAPTURE.DECLINED",
    "PAYMENT.CAPTURE.DENIED",
    *REFUND_EVENT_TYPES,
    *DISPUTE_EVENT_TYPES,
)
# The buyer's money cannot be had: nothing was taken, and the attempt is over.
DECLINES = (
    "INSTRUMENT_DECLINED",
    "TRANSACTION_REFUSED",
    "PAYER_CANNOT_PAY",
    "PAYER_ACCOUNT_RESTRICTED",
    "PAYER_ACCOUNT_LOCKED_OR_CLOSED",
    "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED",
    "COMPLIANCE_VIOLATION",
)
# The order is not what it was a moment ago: looked at again, it says what it is now.
OVERTAKEN = ("ORDER_ALREADY_CAPTURED", "ORDER_ALREADY_COMPLETED", "ORDER_NOT_APPROVED")
# There is nothing of this id, or it is of another kind.
MISSING = ("INVALID_RESOURCE_ID", "RESOURCE_NOT_FOUND")


def moment(at: datetime) -> str:
    """Return a moment as PayPal writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def next_query(page: Mapping[str, Any]) -> Mapping[str, object] | None:
    """Return what to ask for next: of the page's link nothing but its query is used."""
    links = {link["rel"]: link["href"] for link in page.get("links", ())}
    return dict(parse_qsl(split_address(links["next"]).query)) if "next" in links else None


def reason_of(error: object) -> str:
    """Return why PayPal has refused something, in its own word."""
    details = getattr(error, "details", None) or ()
    issues = [issue for each in details if (issue := getattr(each, "issue", None))]
    names = (getattr(error, name, None) for name in ("name", "error"))
    return next((known for known in (*issues, *names) if known), "refused")


def checkout_origin(api_base: str) -> str:
    """Return where PayPal's pages stand."""
    # The local sandbox shows its pages where it takes its calls.
    if is_local(api_base):
        return api_base
    return LIVE_CHECKOUT if api_base == LIVE_API else SANDBOX_CHECKOUT

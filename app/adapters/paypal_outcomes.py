"""What PayPal's orders, captures and refunds mean in the domain's words. Pure."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.domain.payments.errors import OutcomeMismatch
from app.domain.payments.gateway import (
    CheckoutOrder,
    NotOurs,
    OutcomeStatus,
    PaymentOutcome,
    RefundOutcome,
    RefundOutcomeStatus,
    RefundsSeen,
)

Json = Mapping[str, Any]

PROVIDER = "paypal"
# PayPal lets buyers approve an order for hours. Ours has its own end, which travels with it.
MARK = re.compile(r"oblivious:(?P<reference>.+):(?P<expires_at>\d{1,11})", re.ASCII)
VALUE = re.compile(r"(?P<whole>\d{1,15})(?:\.(?P<cents>\d\d))?", re.ASCII)
ID = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
DESCRIPTION_LENGTH_MAX = 127
CAPTURE_STATUSES = {
    "COMPLETED": OutcomeStatus.PAID,
    # The money has come; what was given back of it is a story of its own.
    "PARTIALLY_REFUNDED": OutcomeStatus.PAID,
    "REFUNDED": OutcomeStatus.PAID,
    "PENDING": OutcomeStatus.PROCESSING,
    "DECLINED": OutcomeStatus.FAILED,
    "FAILED": OutcomeStatus.FAILED,
}
REFUND_STATUSES = {
    "COMPLETED": RefundOutcomeStatus.SETTLED,
    "PENDING": RefundOutcomeStatus.PENDING,
    "FAILED": RefundOutcomeStatus.FAILED,
    "CANCELLED": RefundOutcomeStatus.FAILED,
}
# Nobody can close an order at PayPal; ours is marked, and then never captured.
WITHDRAWN = ":withdrawn"
FINAL = (OutcomeStatus.PAID, OutcomeStatus.PROCESSING)


def order_request(order: CheckoutOrder) -> dict[str, Any]:
    """Return what PayPal is asked to let the customer approve."""
    unit = {
        "reference_id": f"oblivious:{order.reference}:{int(order.expires_at.timestamp())}",
        "custom_id": order.payment_id,
        # PayPal takes no second payment for the same one, whatever else goes wrong.
        "invoice_id": order.payment_id,
        "description": order.description[:DESCRIPTION_LENGTH_MAX],
        "amount": money(order.amount_minor, order.currency),
    }
    context = {
        "shipping_preference": "NO_SHIPPING",
        "user_action": "PAY_NOW",
        "payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED",
        "return_url": order.success_url,
        "cancel_url": order.cancel_url,
    }
    wallet = {"experience_context": context}
    return {"intent": "CAPTURE", "purchase_units": [unit], "payment_source": {"paypal": wallet}}


def approval_page(order: Json) -> str | None:
    """Return where the customer approves the order."""
    links = {link["rel"]: link["href"] for link in order.get("links", ())}
    return links.get("payer-action") or links.get("approve")


def is_ours(order: Json) -> bool:
    """Tell whether the order, or an event's part of one, is one of ours."""
    return MARK.fullmatch(_unit(order).get("reference_id") or "") is not None


def is_to_be_captured(order: Json, *, now: datetime) -> bool:
    """Tell whether the customer has approved what is still on offer."""
    is_on_offer = is_ours(order) and not _is_withdrawn(order) and not _is_stale(order, now=now)
    return order.get("status") == "APPROVED" and is_on_offer


def is_to_be_withdrawn(order: Json) -> bool:
    """Tell whether an order of ours may still be paid, as far as it is up to the customer."""
    is_open = _capture(order) is None and order.get("status") != "VOIDED"
    return is_open and is_ours(order) and not _is_withdrawn(order)


def withdrawal(order: Json) -> list[dict[str, str]]:
    """Return the change by which an order is marked, so that it is not captured any more."""
    unit = _unit(order)
    path = f"/purchase_units/@reference_id=='{unit['reference_id']}'/custom_id"
    return [{"op": "replace", "path": path, "value": f"{unit['custom_id']}{WITHDRAWN}"}]


def outcome_of(order: Json, *, now: datetime) -> PaymentOutcome | NotOurs:
    """Return where the payment behind an order stands."""
    mark = MARK.fullmatch(_unit(order).get("reference_id") or "")
    if mark is None:
        return NotOurs(f"The order {order.get('id')} carries no payment of ours.")
    unit, capture = _unit(order), _capture(order)
    amount = (capture or unit)["amount"]
    return PaymentOutcome(
        provider=PROVIDER,
        payment_id=payment_id(order),
        reference=mark["reference"],
        session=order["id"],
        provider_payment=capture["id"] if capture else None,
        status=_status(order, capture, now=now),
        amount_minor=minor(amount),
        currency=amount["currency_code"],
        decline_code=_decline_code(capture),
    )


def payment_id(order: Json) -> str:
    """Return which of our payments the order is for."""
    told: str = _unit(order).get("custom_id", "")
    return told.removesuffix(WITHDRAWN)


def refund_outcome(refund: Json, *, capture_id: str) -> RefundOutcome:
    """Return where a refund stands."""
    return RefundOutcome(
        provider=PROVIDER,
        provider_payment=capture_id,
        provider_refund=refund["id"],
        refund_id=refund.get("custom_id"),
        amount_minor=minor(refund["amount"]),
        # A status that PayPal invents later does not say that nothing was given back.
        status=REFUND_STATUSES.get(refund["status"], RefundOutcomeStatus.PENDING),
        reason=refund.get("note_to_payer", ""),
    )


def refunds_seen(order: Json, *, capture_id: str) -> RefundsSeen | NotOurs:
    """Return everything that was given back of an order's capture."""
    if not is_ours(order):
        return NotOurs(f"The order {order.get('id')} carries no payment of ours.")
    made = refunds_of(order, capture_id=capture_id)
    found = tuple(refund_outcome(each, capture_id=capture_id) for each in made)
    return RefundsSeen(PROVIDER, capture_id, found)


def refunds_of(order: Json, *, capture_id: str) -> list[Json]:
    """Return PayPal's refunds of an order's capture."""
    refunds: list[Json] = _unit(order).get("payments", {}).get("refunds", [])
    return [each for each in refunds if capture_of_refund(each) == capture_id]


def capture_of_refund(refund: Json) -> str | None:
    """Return the capture that money was given back of: its address is all that names it."""
    ups = (link["href"] for link in refund.get("links", ()) if link.get("rel") == "up")
    found = next(ups, "").rpartition("/captures/")[2]
    return found if ID.fullmatch(found) else None


def order_of_event(resource: Json) -> str | None:
    """Return the order that an event's resource is, or belongs to."""
    related = resource.get("supplementary_data", {}).get("related_ids", {})
    found = related.get("order_id") or resource.get("order_id")
    if found is None and "purchase_units" in resource:
        found = resource.get("id")
    return found if isinstance(found, str) else None


def money(amount_minor: int, currency: str) -> dict[str, str]:
    """Return an amount of cents as PayPal writes it."""
    whole, cents = divmod(amount_minor, 100)
    return {"currency_code": currency, "value": f"{whole}.{cents:02}"}


def minor(amount: Json) -> int:
    """Return an amount of PayPal's in cents. Raises OutcomeMismatch."""
    written = VALUE.fullmatch(amount["value"])
    if written is None:
        raise OutcomeMismatch(f"PayPal speaks of {amount['value']}, which is no amount of cents.")
    return int(written["whole"]) * 100 + int(written["cents"] or 0)


def _unit(order: Json) -> Json:
    """Return the order's only part: we never make a second."""
    units: list[Json] = order.get("purchase_units") or [{}]
    return units[0]


def _capture(order: Json) -> Json | None:
    """Return the capture that counts: one that holds or brings money, else the last."""
    captures: list[Json] = _unit(order).get("payments", {}).get("captures", [])
    good = [each for each in captures if CAPTURE_STATUSES.get(each["status"]) in FINAL]
    return next(reversed(good or captures), None)


def _status(order: Json, capture: Json | None, *, now: datetime) -> OutcomeStatus:
    if capture is not None:
        # A status that PayPal invents later does not say that nothing was taken.
        return CAPTURE_STATUSES.get(capture["status"], OutcomeStatus.PROCESSING)
    if order["status"] == "VOIDED" or _is_withdrawn(order) or _is_stale(order, now=now):
        return OutcomeStatus.EXPIRED
    return OutcomeStatus.OPEN


def _is_withdrawn(order: Json) -> bool:
    told: str = _unit(order).get("custom_id", "")
    return told.endswith(WITHDRAWN)


def _is_stale(order: Json, *, now: datetime) -> bool:
    mark = MARK.fullmatch(_unit(order).get("reference_id") or "")
    return mark is None or now >= datetime.fromtimestamp(int(mark["expires_at"]), UTC)


def _decline_code(capture: Json | None) -> str | None:
    if capture is None or CAPTURE_STATUSES.get(capture["status"]) is not OutcomeStatus.FAILED:
        return None
    reason: str = capture.get("status_details", {}).get("reason") or capture["status"]
    return reason

"""What PayPal's disputes mean in the domain's words. Pure.

While a dispute runs, PayPal holds the money. If it is lost, PayPal reverses the payment: a refund
that nobody in the shop has made then stands at the capture, and PAYMENT.CAPTURE.REVERSED tells of
it. That refund is the dispute's money once more, under another name, so only the dispute takes it
back here. What the merchant has given back himself meanwhile stays a refund like any other, and
makes the dispute's part smaller: PayPal counts it into what the customer got.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.adapters import paypal_outcomes as outcomes
from app.domain.payments.errors import OutcomeMismatch
from app.domain.payments.gateway import (
    DisputeSeen,
    DisputesSeen,
    DisputeStatus,
    NotOurs,
    RefundOutcomeStatus,
    RefundsSeen,
)
from app.foundation.money import allocate_minor

Json = Mapping[str, Any]

DISPUTE_ID = re.compile(r"[A-Za-z0-9-]{1,255}", re.ASCII)
RESOLVED = "RESOLVED"
# What PayPal writes on a refund that it makes by itself.
REVERSAL = "Payment reversed"
OUTCOMES = {
    "RESOLVED_BUYER_FAVOUR": DisputeStatus.LOST,
    "ACCEPTED": DisputeStatus.LOST,
    "RESOLVED_SELLER_FAVOUR": DisputeStatus.WON,
    # PayPal bears it: the customer has his money, and we keep ours.
    "RESOLVED_WITH_PAYOUT": DisputeStatus.WON,
    "CANCELED_BY_BUYER": DisputeStatus.WON,
    "DENIED": DisputeStatus.WON,
    # It was closed undecided, because another one about the same payment goes on.
    "NONE": DisputeStatus.WON,
}


def named_in(resource: Json) -> str | None:
    """Return the dispute that an event is about."""
    found = resource.get("dispute_id")
    is_id = isinstance(found, str) and DISPUTE_ID.fullmatch(found)
    return found if is_id else None


def newest_of(listed: Json) -> str | None:
    """Return the newest dispute of a list, which begins with it."""
    return next((named_in(each) for each in listed.get("items", ())), None)


def captures_of(dispute: Json) -> list[str]:
    """Return the payments that a dispute is about, in its order."""
    return [each["seller_transaction_id"] for each in _transactions(dispute)]


def disputes_seen(
    dispute: Json, orders: Mapping[str, Json]
) -> DisputeSeen | DisputesSeen | NotOurs:
    """Return where a dispute stands; the orders are those of its captures."""
    id, contested = dispute["dispute_id"], outcomes.minor(dispute["dispute_amount"])
    shares = zip(
        captures_of(dispute),
        _shared(contested, dispute),
        _shared(_taken_minor(dispute, contested), dispute),
        strict=True,
    )
    found = tuple(
        _seen(dispute, capture, orders[capture], contested_minor=minor, taken_minor=taken_minor)
        for capture, minor, taken_minor in shares
        if minor > 0 and outcomes.is_ours(orders[capture])
    )
    if not found:
        return NotOurs(f"The dispute {id} is about no payment of ours.")
    return found[0] if len(found) == 1 else DisputesSeen(found)


def has_reversals(seen: RefundsSeen) -> bool:
    """Tell whether PayPal has given some of it back by itself."""
    return any(each.reason == REVERSAL for each in seen.refunds)


def without_reversals(seen: RefundsSeen) -> RefundsSeen:
    """Return the refunds that are no dispute's money."""
    made = tuple(each for each in seen.refunds if each.reason != REVERSAL)
    return replace(seen, refunds=made)


def _seen(
    dispute: Json, capture: str, order: Json, *, contested_minor: int, taken_minor: int
) -> DisputeSeen:
    currency = dispute["dispute_amount"]["currency_code"]
    if currency != order["purchase_units"][0]["amount"]["currency_code"]:
        raise OutcomeMismatch(f"The dispute {dispute['dispute_id']} speaks of {currency}.")
    opened_at, status = datetime.fromisoformat(dispute["create_time"]), _status(dispute)
    left_minor = taken_minor - _given_back_minor(order, capture, since=opened_at)
    if status is DisputeStatus.LOST and left_minor <= 0:
        # The merchant has given it all back himself: nothing is taken away beside that.
        status = DisputeStatus.WON
    return DisputeSeen(
        provider=outcomes.PROVIDER,
        provider_dispute=dispute["dispute_id"],
        provider_payment=capture,
        amount_minor=left_minor if status is DisputeStatus.LOST else contested_minor,
        reason=dispute["reason"].lower(),
        status=status,
        opened_at=opened_at,
    )


def _status(dispute: Json) -> DisputeStatus:
    if dispute["status"] != RESOLVED:
        return DisputeStatus.OPEN
    code = dispute.get("dispute_outcome", {}).get("outcome_code")
    if code not in OUTCOMES:
        # Money may have gone or not: somebody has to look.
        raise OutcomeMismatch(f"The dispute {dispute['dispute_id']} has ended, as {code}.")
    return OUTCOMES[code]


def _taken_minor(dispute: Json, contested_minor: int) -> int:
    """Return how much the customer has got: he may be granted less than he wanted."""
    told = dispute.get("dispute_outcome", {}).get("amount_refunded")
    return contested_minor if told is None else outcomes.minor(told)


def _shared(minor: int, dispute: Json) -> list[int]:
    """Share an amount among the payments of a dispute, each by what it was over."""
    transactions = _transactions(dispute)
    if len(transactions) == 1:
        return [minor]
    if not all("gross_amount" in each for each in transactions):
        raise OutcomeMismatch(f"The dispute {dispute['dispute_id']} does not say what it is over.")
    weights = [outcomes.minor(each["gross_amount"]) for each in transactions]
    return allocate_minor(minor if weights else 0, weights=weights)


def _transactions(dispute: Json) -> list[Json]:
    told: list[Json] = dispute.get("disputed_transactions", [])
    return [each for each in told if outcomes.ID.fullmatch(each.get("seller_transaction_id") or "")]


def _given_back_minor(order: Json, capture: str, *, since: datetime) -> int:
    """Return how much the merchant has given back since a moment.

    PayPal writes down the seconds of refunds; in doubt, one was made afterwards.
    """
    since = since.replace(microsecond=0)
    return sum(
        outcomes.minor(each["amount"])
        for each in outcomes.refunds_of(order, capture_id=capture)
        if each.get("note_to_payer") != REVERSAL
        and outcomes.REFUND_STATUSES.get(each["status"]) is not RefundOutcomeStatus.FAILED
        and datetime.fromisoformat(each["create_time"]) >= since
    )

"""Disputes: a holder says that it was not him, and his bank decides."""

import stripe

from app.sandbox.stripe.calls import Call
from app.sandbox.stripe.listing import listed
from app.sandbox.stripe.refusals import Json, RequestInvalid
from app.sandbox.stripe.work import Work

LIST_FILTERS = ("charge", "payment_intent")
OPEN = ("needs_response", "under_review")
WON, LOST = "won", "lost"
ANSWER_WITHIN_SECONDS = 7 * 24 * 60 * 60
# Every kind of proof there is; none of it was given.
NO_EVIDENCE: Json = {
    name: {} if name == "enhanced_evidence" else None
    for name in stripe.Dispute.Evidence.__annotations__
}


def begin(work: Work, charge: Json, *, reason: str = "fraudulent") -> Json:
    """Let the holder contest a charge: the bank takes the money until it has decided."""
    if not charge["paid"] or charge["disputed"]:
        raise RequestInvalid(f"The charge {charge['id']} cannot be disputed.")
    dispute = work.create("dispute", _opened(charge, reason, now=work.now))
    work.change(charge, {"disputed": True})
    work.emit("charge.dispute.created", dispute)
    work.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def decide(work: Work, dispute: Json, decision: str) -> None:
    """Let the bank decide: the merchant has won or lost."""
    if dispute["status"] not in OPEN:
        raise RequestInvalid(f"The dispute {dispute['id']} is {dispute['status']} already.")
    before = {"status": dispute["status"]}
    work.change(dispute, {"status": decision})
    work.emit("charge.dispute.closed", dispute, previously=before)
    if decision == WON:
        work.emit("charge.dispute.funds_reinstated", dispute)


def retrieve(work: Work, call: Call) -> Json:
    """Return a dispute."""
    return work.addressed("dispute", call.id)


def index(work: Work, call: Call) -> Json:
    """Return a page of disputes."""
    return listed(work, call, "dispute", url="/v1/disputes", equal=LIST_FILTERS)


def close(work: Work, call: Call) -> Json:
    """Accept that the dispute is lost, as the merchant may."""
    dispute = work.addressed("dispute", call.id)
    decide(work, dispute, LOST)
    return dispute


def _opened(charge: Json, reason: str, *, now: int) -> Json:
    card = charge["payment_method_details"]["card"]
    shown = {
        "brand": card["brand"],
        "case_type": "chargeback",
        "network": card["network"],
        "network_reason_code": "10.4",
    }
    return {
        "amount": charge["amount"] - charge["amount_refunded"],
        "balance_transactions": [],
        "charge": charge["id"],
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": NO_EVIDENCE,
        "evidence_details": {
            "due_by": now + ANSWER_WITHIN_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {"card": shown, "type": "card"},
        "reason": reason,
        "status": "needs_response",
    }

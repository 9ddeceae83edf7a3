"""What Stripe's objects say, in our words: read as plain JSON, without its library."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from app.adapters import stripe_words as words
from app.domain.payments.consent import Consent
from app.domain.payments.gateway import (
    DisputeSeen,
    DisputeStatus,
    NotOurs,
    OutcomeStatus,
    PaymentOutcome,
    RefundOutcome,
    RefundOutcomeStatus,
    RefundsSeen,
    SavedCard,
    SetupOutcome,
    SetupStatus,
)

Json = dict[str, Any]

PROVIDER = "stripe"
# A page that is complete but not paid looks alike whether the money is under way or refused.
UNDER_WAY_ON_A_PAGE = ("processing", "requires_action", "requires_capture")
# Without a page nobody asks the customer: what would need him has failed.
UNDER_WAY_ALONE = ("processing", "requires_capture", "requires_confirmation")
NEEDS_THE_CUSTOMER = "authentication_required"
SETUPS = {"complete": SetupStatus.SAVED, "expired": SetupStatus.EXPIRED}
REFUNDS = {
    "succeeded": RefundOutcomeStatus.SETTLED,
    "failed": RefundOutcomeStatus.FAILED,
    "canceled": RefundOutcomeStatus.FAILED,
}
# Mere inquiries, and disputes that were prevented, move no money: they are not in here.
DISPUTES = {
    "needs_response": DisputeStatus.OPEN,
    "under_review": DisputeStatus.OPEN,
    "won": DisputeStatus.WON,
    "lost": DisputeStatus.LOST,
    # It was lost first; only if the appeal succeeds does the money come back.
    "appeal_needs_response": DisputeStatus.LOST,
    "appeal_under_review": DisputeStatus.LOST,
}


def page_outcome(session: Json) -> PaymentOutcome | NotOurs:
    """Return where the payment of a page stands; its intent is expanded."""
    metadata = session.get("metadata") or {}
    if words.METADATA not in metadata:
        return NotOurs(f"The page {session['id']} carries no payment of ours.")
    intent: Json = session.get("payment_intent") or {}
    is_kept = intent.get("setup_future_usage") is not None
    return PaymentOutcome(
        provider=PROVIDER,
        payment_id=metadata[words.METADATA],
        reference=session.get("client_reference_id") or "",
        session=session["id"],
        provider_payment=intent.get("id"),
        status=_page_status(session, intent),
        amount_minor=session.get("amount_total") or 0,
        currency=(session.get("currency") or "").upper(),
        decline_code=_decline_code(intent),
        saved_card=card(intent.get("payment_method")) if is_kept else None,
    )


def charge_outcome(intent: Json) -> PaymentOutcome | NotOurs:
    """Return what became of charging a saved card."""
    metadata = intent.get("metadata") or {}
    if words.METADATA not in metadata or words.REFERENCE not in metadata:
        return NotOurs(f"The payment intent {intent['id']} is no charge of ours.")
    status = _charge_status(intent["status"])
    return PaymentOutcome(
        provider=PROVIDER,
        payment_id=metadata[words.METADATA],
        reference=metadata[words.REFERENCE],
        session=intent["id"],
        provider_payment=intent["id"],
        status=status,
        amount_minor=intent["amount"],
        currency=intent["currency"].upper(),
        decline_code=_ending(intent) if status is OutcomeStatus.FAILED else None,
    )


def setup_outcome(session: Json) -> SetupOutcome | NotOurs:
    """Return where the saving of a card stands; its intent and card are expanded."""
    metadata = session.get("metadata") or {}
    if words.ACCOUNT not in metadata:
        return NotOurs(f"The page {session['id']} saves no card of ours.")
    status = SETUPS.get(session.get("status") or "", SetupStatus.OPEN)
    intent: Json = session.get("setup_intent") or {}
    given_at = datetime.fromisoformat(metadata[words.CONSENTED_AT])
    return SetupOutcome(
        provider=PROVIDER,
        account_id=metadata[words.ACCOUNT],
        session=session["id"],
        status=status,
        consent=Consent(metadata[words.CONSENT_VERSION], given_at),
        saved_card=card(intent.get("payment_method")) if status is SetupStatus.SAVED else None,
    )


def card(method: Json | str | None) -> SavedCard | None:
    """Return a card that its customer still has saved."""
    if not isinstance(method, dict) or not method.get("customer") or not method.get("card"):
        return None
    shown: Json = method["card"]
    return SavedCard(
        customer=method["customer"],
        reference=method["id"],
        brand=shown["brand"],
        last4=shown["last4"],
        expires_on=f"{shown['exp_year']:04}-{shown['exp_month']:02}",
    )


def refund_outcome(refund: Json) -> RefundOutcome:
    """Return where a refund stands; what is not decided yet is pending."""
    metadata = refund.get("metadata") or {}
    return RefundOutcome(
        provider=PROVIDER,
        provider_payment=refund.get("payment_intent") or "",
        provider_refund=refund["id"],
        refund_id=metadata.get(words.REFUND),
        amount_minor=refund["amount"],
        status=REFUNDS.get(refund.get("status") or "", RefundOutcomeStatus.PENDING),
        reason=metadata.get(words.REASON) or refund.get("reason") or "refunded at Stripe",
    )


def refunds_seen(provider_payment: str, refunds: Sequence[Json]) -> RefundsSeen:
    """Return everything that was given back of a payment."""
    outcomes = tuple(refund_outcome(refund) for refund in refunds)
    return RefundsSeen(PROVIDER, provider_payment, outcomes)


def dispute_seen(dispute: Json) -> DisputeSeen | NotOurs:
    """Return where a dispute stands; its payment intent is expanded."""
    intent: Json = dispute.get("payment_intent") or {}
    if words.METADATA not in (intent.get("metadata") or {}):
        return NotOurs(f"The dispute {dispute['id']} is about no payment of ours.")
    status = DISPUTES.get(dispute["status"])
    if status is None:
        return NotOurs(f"The dispute {dispute['id']} is {dispute['status']}: no money moves.")
    return DisputeSeen(
        provider=PROVIDER,
        provider_dispute=dispute["id"],
        provider_payment=intent["id"],
        amount_minor=dispute["amount"],
        reason=dispute["reason"],
        status=status,
        opened_at=datetime.fromtimestamp(dispute["created"], UTC),
    )


def _page_status(session: Json, intent: Json) -> OutcomeStatus:
    if session["status"] == "expired":
        return OutcomeStatus.EXPIRED
    if session["status"] == "open" or not intent:
        return OutcomeStatus.OPEN
    if session["payment_status"] == "paid":
        return OutcomeStatus.PAID
    is_under_way = intent["status"] in UNDER_WAY_ON_A_PAGE
    return OutcomeStatus.PROCESSING if is_under_way else OutcomeStatus.FAILED


def _charge_status(status: str) -> OutcomeStatus:
    if status == "succeeded":
        return OutcomeStatus.PAID
    return OutcomeStatus.PROCESSING if status in UNDER_WAY_ALONE else OutcomeStatus.FAILED


def _ending(intent: Json) -> str | None:
    if intent["status"] == "requires_action":
        return NEEDS_THE_CUSTOMER
    return _decline_code(intent) or intent.get("cancellation_reason")


def _decline_code(intent: Json) -> str | None:
    error: Json = intent.get("last_payment_error") or {}
    # Not every decline has a code of its own.
    return error.get("decline_code") or error.get("code")

"""Stripe behind the domain's PaymentGateway: the only file that speaks Stripe's language."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import stripe
from stripe.checkout import Session

from app.domain.payments.errors import ProviderRefused, ProviderUnreachable, SignatureInvalid
from app.domain.payments.gateway import (
    CheckoutOrder,
    EventNotice,
    NotOurs,
    OpenedCheckout,
    OutcomeStatus,
    PaymentOutcome,
)

API_VERSION = "2026-10-28.endive"
CHECKOUT = "https://checkout.stripe.com"
SIGNATURE_HEADER = "stripe-signature"
CONNECT_SECONDS = 3
READ_SECONDS = 20
RETRIES = 2
# How far a signature's moment may lie from ours, to either side.
TOLERANCE = timedelta(minutes=5)
# Under this name our payment's id travels with everything of it; other apps of the same Stripe
# account have names of their own.
METADATA = "oblivious_payment_id"
EVENTS_AT_ONCE = 100
EVENT_TYPES = (
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
)
REFUSALS = (
    stripe.InvalidRequestError,
    stripe.IdempotencyError,
    stripe.CardError,
    stripe.AuthenticationError,
    stripe.PermissionError,
)
R = TypeVar("R")

# It would send what machine this is along with every call.
stripe.enable_telemetry = False
# It tells of each call at INFO, and of whole bodies, with mail addresses, at DEBUG.
logging.getLogger("stripe").setLevel(logging.WARNING)


class StripeGateway:
    """Stripe, spoken to with one key; safe to share between threads."""

    provider = "stripe"

    def __init__(self, *, api_key: str, api_base: str, webhook_secrets: Sequence[str]) -> None:
        self._is_live = "_live_" in api_key
        # The local sandbox shows its pages where it takes its calls.
        self.checkout_origins = (CHECKOUT if api_base == stripe.DEFAULT_API_BASE else api_base,)
        self._secrets = tuple(secret for secret in webhook_secrets if secret)
        self._client = stripe.StripeClient(
            api_key,
            base_addresses={"api": api_base},
            stripe_version=API_VERSION,
            # Left out, a client of one's own does not repeat anything.
            max_network_retries=RETRIES,
            http_client=stripe.RequestsClient(timeout=(CONNECT_SECONDS, READ_SECONDS)),
        )

    def open_checkout(self, order: CheckoutOrder) -> OpenedCheckout:
        """Open a page for the customer, or return the one that was opened for the same key."""
        session = _answer(lambda: self._create(order))
        if not session.url:
            raise ProviderRefused(f"Stripe gave no page for {session.id}.", reason="no_page")
        return OpenedCheckout(session.id, session.url)

    def outcome_of_session(self, session: str) -> PaymentOutcome | NotOurs:
        """Return where the payment behind a page stands now."""
        return _outcome(_answer(lambda: self._session(session)))

    def outcome_of_event(self, event_type: str, body: bytes) -> PaymentOutcome | NotOurs:
        """Return where that stands now which the event names."""
        if event_type not in EVENT_TYPES:
            return NotOurs(f"Nothing is done on {event_type}.")
        named = json.loads(body)["data"]["object"]
        if METADATA not in (named.get("metadata") or {}):
            return NotOurs(f"The {named['object']} {named['id']} carries no payment of ours.")
        if named["object"] == "checkout.session":
            return self.outcome_of_session(named["id"])
        page = _answer(lambda: self._session_of_intent(named["id"]))
        if page is None:
            return NotOurs(f"The payment intent {named['id']} belongs to no page.")
        return self.outcome_of_session(page)

    def read_event(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> EventNotice:
        """Return the message if Stripe has signed it now. Raises SignatureInvalid."""
        signature = headers.get(SIGNATURE_HEADER, "")
        # The secret is changed while messages are under way: the old and the new one are good.
        if not any(_has_signed(secret, body, signature, now=now) for secret in self._secrets):
            raise SignatureInvalid("The Stripe-Signature header does not sign this body.")
        try:
            said = json.loads(body)
            event_id, event_type, is_live = said["id"], said["type"], said["livemode"]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise SignatureInvalid("The body is no event of Stripe.") from error
        if not (isinstance(event_id, str) and isinstance(event_type, str) and event_id):
            raise SignatureInvalid("The body is no event of Stripe.")
        if is_live is not self._is_live:
            raise SignatureInvalid("Test events and live keys, or the other way, do not go.")
        return EventNotice(self.provider, event_id, event_type, body)

    def events_since(self, since: datetime) -> Sequence[EventNotice]:
        """Return the events of payments since a moment, oldest first."""
        newest_first = _answer(lambda: self._events(int(since.timestamp())))
        return [self._notice(event) for event in reversed(newest_first)]

    def _create(self, order: CheckoutOrder) -> Session:
        metadata = {METADATA: order.payment_id}
        params: stripe.params.checkout.SessionCreateParams = {
            "mode": "payment",
            "client_reference_id": order.reference,
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": order.currency.lower(),
                        "unit_amount": order.amount_minor,
                        "product_data": {"name": order.description},
                    },
                }
            ],
            "metadata": metadata,
            # Stripe does not copy the page's own onto its payment.
            "payment_intent_data": {"metadata": metadata},
            "success_url": order.success_url,
            "cancel_url": order.cancel_url,
            "expires_at": int(order.expires_at.timestamp()),
        }
        if order.email:
            params["customer_email"] = order.email
        options: stripe.RequestOptions = {"idempotency_key": order.idempotency_key}
        return self._client.v1.checkout.sessions.create(params=params, options=options)

    def _session(self, session: str) -> Session:
        sessions = self._client.v1.checkout.sessions
        return sessions.retrieve(session, params={"expand": ["payment_intent"]})

    def _session_of_intent(self, intent: str) -> str | None:
        sessions = self._client.v1.checkout.sessions
        found = sessions.list(params={"payment_intent": intent, "limit": 1}).data
        return found[0].id if found else None

    def _events(self, since: int) -> list[stripe.Event]:
        params: stripe.params.EventListParams = {
            "created": {"gte": since},
            "types": list(EVENT_TYPES),
            "limit": EVENTS_AT_ONCE,
        }
        return list(self._client.v1.events.list(params=params).auto_paging_iter())

    def _notice(self, event: stripe.Event) -> EventNotice:
        body = json.dumps(event.to_dict(), default=str).encode()
        return EventNotice(self.provider, event.id, event.type, body)


def _answer(call: Callable[[], R]) -> R:
    """Make the call, and tell apart what surely did not happen from what nobody knows."""
    try:
        return call()
    except REFUSALS as error:
        reason = error.code or type(error).__name__
        raise ProviderRefused(f"Stripe refused: {error.user_message}", reason=reason) from error
    except stripe.StripeError as error:
        # No answer, an error on Stripe's side, too many calls, or the same call still running.
        raise ProviderUnreachable("Stripe cannot be reached right now.") from error


def _has_signed(secret: str, body: bytes, signature: str, *, now: datetime) -> bool:
    try:
        text, tolerance = body.decode(), int(TOLERANCE.total_seconds())
        stripe.WebhookSignature.verify_header(text, signature, secret, tolerance)
        fields = [field.partition("=") for field in signature.split(",")]
        moment = next(int(value) for name, _, value in fields if name == "t")
    except (stripe.SignatureVerificationError, ValueError, TypeError, AttributeError):
        # The library raises the last three for headers that are not ASCII or not whole.
        return False
    # Nor does it mind signatures from the future.
    return moment <= (now + TOLERANCE).timestamp()


def _outcome(session: Session) -> PaymentOutcome | NotOurs:
    metadata = session.metadata
    if metadata is None or METADATA not in metadata:
        return NotOurs(f"The page {session.id} carries no payment of ours.")
    intent = session.payment_intent
    expanded = intent if isinstance(intent, stripe.PaymentIntent) else None
    return PaymentOutcome(
        provider=StripeGateway.provider,
        payment_id=metadata[METADATA],
        reference=session.client_reference_id or "",
        session=session.id,
        provider_payment=expanded.id if expanded else None,
        status=_status(session, expanded),
        amount_minor=session.amount_total or 0,
        currency=(session.currency or "").upper(),
        decline_code=_decline_code(expanded),
    )


def _status(session: Session, intent: stripe.PaymentIntent | None) -> OutcomeStatus:
    if session.status == "expired":
        return OutcomeStatus.EXPIRED
    if session.status == "open" or intent is None:
        return OutcomeStatus.OPEN
    if session.payment_status == "paid":
        return OutcomeStatus.PAID
    # A page that is complete but not paid looks alike whether the money is under way or refused.
    under_way = intent.status in ("processing", "requires_action", "requires_capture")
    return OutcomeStatus.PROCESSING if under_way else OutcomeStatus.FAILED


def _decline_code(intent: stripe.PaymentIntent | None) -> str | None:
    error = intent.last_payment_error if intent else None
    # Not every decline has a code of its own, and a field that is not there cannot be read.
    return (getattr(error, "decline_code", None) or getattr(error, "code", None)) if error else None

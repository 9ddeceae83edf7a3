"""Stripe behind the domain's PaymentGateway: the only file that speaks Stripe's language."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

import stripe
from stripe.checkout import Session

from app.adapters import stripe_reading as reading
from app.adapters import stripe_words as words
from app.adapters.stripe_words import EVENT_TYPES, METADATA, Named
from app.domain.payments.errors import ProviderRefused, ProviderUnreachable, SignatureInvalid
from app.domain.payments.gateway import (
    CardSeen,
    ChargeOrder,
    CheckoutOrder,
    EventNotice,
    EventOutcome,
    NotOurs,
    OpenedCheckout,
    OutcomeStatus,
    PaymentOutcome,
    RefundOrder,
    RefundOutcome,
    RefundsSeen,
    SetupOrder,
    SetupOutcome,
    names_an_event,
    nothing_done_on,
)
from app.foundation.sentences import say

API_VERSION = "2026-10-28.endive"
CHECKOUT = "https://checkout.stripe.com"
SIGNATURE_HEADER = "stripe-signature"
CONNECT_SECONDS = 3
READ_SECONDS = 20
RETRIES = 2
# How far a signature's moment may lie from ours, to either side.
TOLERANCE = timedelta(minutes=5)
AT_ONCE = 100
# Stripe's word for what it does not know, or not any more.
MISSING = "resource_missing"
REFUSALS = (
    stripe.InvalidRequestError,
    stripe.IdempotencyError,
    stripe.CardError,
    stripe.AuthenticationError,
    stripe.PermissionError,
)
# What says for sure that no money has moved. A key that is used with other words, or that may not
# do this, says nothing of what an earlier call did.
SURE_REFUSALS = (stripe.InvalidRequestError, stripe.CardError)
Refusals = tuple[type[stripe.StripeError], ...]
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
        customer = None
        if order.saves_card:
            metadata = {METADATA: order.payment_id}
            customer = self._new_customer(order.email, metadata, order.idempotency_key)
        return _opened(_answer(lambda: self._create(order, customer)))

    def outcome_of_session(self, session: str) -> PaymentOutcome | NotOurs:
        """Return where the payment behind a page, or behind a charge without one, stands now."""
        if session.startswith(words.INTENT_PREFIX):
            return reading.charge_outcome(_answer(lambda: self._intent(session)).to_dict())
        page = _answer(lambda: self._session(session, "payment_intent.payment_method"))
        return reading.page_outcome(page.to_dict())

    def expire_checkout(self, session: str) -> PaymentOutcome | NotOurs:
        """Close a page that may not be paid any more, and return where its payment stands."""
        try:
            _answer(lambda: self._client.v1.checkout.sessions.expire(session))
        except ProviderRefused:
            outcome = self.outcome_of_session(session)
            if isinstance(outcome, PaymentOutcome) and outcome.status is OutcomeStatus.OPEN:
                raise
            # Paid, or closed already: there is nothing left to close.
            return outcome
        return self.outcome_of_session(session)

    def charge(self, order: ChargeOrder) -> PaymentOutcome:
        """Charge a saved card, or return what became of that under the same key."""
        intent = _answer(lambda: self._charged(order), SURE_REFUSALS)
        outcome = reading.charge_outcome(intent.to_dict())
        assert isinstance(outcome, PaymentOutcome), "what is made with our metadata is ours"
        return outcome

    def find_charge(self, order: ChargeOrder, *, since: datetime) -> PaymentOutcome | None:
        """Return what became of an order whose answer was lost, None if it never arrived."""
        intents = _answer(lambda: self._intents_of(order.customer, since - TOLERANCE))
        outcomes = [reading.charge_outcome(intent.to_dict()) for intent in intents]
        ours = (each for each in outcomes if isinstance(each, PaymentOutcome))
        return next((each for each in ours if each.payment_id == order.payment_id), None)

    def open_setup(self, order: SetupOrder) -> OpenedCheckout:
        """Open a page that saves a card, or return the one of the same key."""
        try:
            return self._open_setup(order)
        except ProviderRefused as refusal:
            if order.customer is None or refusal.reason != MISSING:
                raise
        # Somebody has deleted the customer at Stripe: the card is saved with a new one.
        anew = replace(order, customer=None, idempotency_key=f"{order.idempotency_key}:anew")
        return self._open_setup(anew)

    def outcome_of_setup(self, session: str) -> SetupOutcome | NotOurs:
        """Return where the saving of a card stands now."""
        page = _answer(lambda: self._session(session, "setup_intent.payment_method"))
        return reading.setup_outcome(page.to_dict())

    def forget_card(self, reference: str) -> None:
        """Have Stripe forget a saved card; one that is gone already is fine."""
        try:
            _answer(lambda: self._client.v1.payment_methods.detach(reference))
        except ProviderRefused:
            if self._card_seen(reference).card is not None:
                raise

    def refund(self, order: RefundOrder) -> RefundOutcome:
        """Give money back, or return what became of that under the same key."""
        refund = _answer(lambda: self._refunded(order), SURE_REFUSALS)
        return reading.refund_outcome(refund.to_dict())

    def refunds_of_payment(self, provider_payment: str) -> RefundsSeen | NotOurs:
        """Return everything that was given back of a payment, by us or in Stripe's dashboard."""
        intent = _answer(lambda: self._intent(provider_payment))
        if METADATA not in intent.metadata:
            return NotOurs(f"The payment intent {intent.id} carries no payment of ours.")
        newest_first = _answer(lambda: self._refunds(provider_payment))
        return reading.refunds_seen(
            provider_payment, [each.to_dict() for each in reversed(newest_first)]
        )

    def outcome_of_event(self, event_type: str, body: bytes) -> EventOutcome:
        """Return where that stands now which the event names."""
        if event_type not in EVENT_TYPES:
            return nothing_done_on(event_type)
        named = words.named_in(body)
        if named.kind == "payment_method":
            return self._card_seen(named.id)
        if named.kind == "dispute":
            return reading.dispute_seen(_answer(lambda: self._dispute(named.id)).to_dict())
        if named.kind in ("charge", "refund"):
            return self._refunds_named(named)
        return self._payment_named(named)

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
        if not names_an_event(event_id, event_type):
            raise SignatureInvalid("The body is no event of Stripe.")
        if is_live is not self._is_live:
            raise SignatureInvalid("Test events and live keys, or the other way, do not go.")
        return EventNotice(self.provider, event_id, event_type, body)

    def events_since(self, since: datetime) -> Sequence[EventNotice]:
        """Return the events of payments since a moment, oldest first."""
        newest_first = _answer(lambda: self._events(int(since.timestamp())))
        return [self._notice(event) for event in reversed(newest_first)]

    def _refunds_named(self, named: Named) -> RefundsSeen | NotOurs:
        if named.payment_intent is None:
            return NotOurs(f"The {named.kind} {named.id} belongs to no payment intent.")
        return self.refunds_of_payment(named.payment_intent)

    def _payment_named(self, named: Named) -> PaymentOutcome | SetupOutcome | NotOurs:
        if words.ACCOUNT in named.metadata:
            return self.outcome_of_setup(named.id)
        if METADATA not in named.metadata:
            return NotOurs(f"The {named.kind} {named.id} carries no payment of ours.")
        if named.kind == "checkout.session" or words.REFERENCE in named.metadata:
            return self.outcome_of_session(named.id)
        page = _answer(lambda: self._session_of_intent(named.id))
        if page is None:
            return NotOurs(f"The payment intent {named.id} belongs to no page.")
        return self.outcome_of_session(page)

    def _create(self, order: CheckoutOrder, customer: str | None) -> Session:
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
        if order.saves_card:
            params["payment_intent_data"]["setup_future_usage"] = "off_session"
            params["allowed_payment_method_types"] = ["card"]
        if customer is not None:
            params["customer"] = customer
        elif order.email:
            params["customer_email"] = order.email
        return self._client.v1.checkout.sessions.create(params, _key(order.idempotency_key))

    def _open_setup(self, order: SetupOrder) -> OpenedCheckout:
        customer = order.customer
        if customer is None:
            metadata = {words.ACCOUNT: order.account_id}
            customer = self._new_customer(order.email, metadata, order.idempotency_key)
        return _opened(_answer(lambda: self._create_setup(order, customer)))

    def _create_setup(self, order: SetupOrder, customer: str) -> Session:
        metadata = {
            words.ACCOUNT: order.account_id,
            words.CONSENT_VERSION: order.consent.version,
            words.CONSENTED_AT: order.consent.given_at.isoformat(),
        }
        params: stripe.params.checkout.SessionCreateParams = {
            "mode": "setup",
            "customer": customer,
            "allowed_payment_method_types": ["card"],
            "metadata": metadata,
            "setup_intent_data": {"metadata": metadata},
            "success_url": order.success_url + "?session={CHECKOUT_SESSION_ID}",
            "cancel_url": order.cancel_url,
            "expires_at": int(order.expires_at.timestamp()),
        }
        return self._client.v1.checkout.sessions.create(params, _key(order.idempotency_key))

    def _new_customer(self, email: str, metadata: dict[str, str], key: str) -> str:
        params: stripe.params.CustomerCreateParams = {"metadata": metadata}
        if email:
            params["email"] = email
        create = self._client.v1.customers.create
        return _answer(lambda: create(params, _key(f"{key}:customer"))).id

    def _charged(self, order: ChargeOrder) -> stripe.PaymentIntent:
        params: stripe.params.PaymentIntentCreateParams = {
            "amount": order.amount_minor,
            "currency": order.currency.lower(),
            "customer": order.customer,
            "payment_method": order.card,
            "allowed_payment_method_types": ["card"],
            "confirm": True,
            "off_session": not order.is_on_session,
            "description": order.description,
            "metadata": {METADATA: order.payment_id, words.REFERENCE: order.reference},
        }
        try:
            create = self._client.v1.payment_intents.create
            return create(params, _key(order.idempotency_key))
        except stripe.CardError as declined:
            # The bank has said no: that is an answer, and the intent that was made carries it.
            if declined.error is None or declined.error.payment_intent is None:
                raise
            return declined.error.payment_intent

    def _refunded(self, order: RefundOrder) -> stripe.Refund:
        reason = order.reason[: words.VALUE_LENGTH_MAX]
        params: stripe.params.RefundCreateParams = {
            "payment_intent": order.provider_payment,
            "amount": order.amount_minor,
            "metadata": {words.REFUND: order.refund_id, words.REASON: reason},
        }
        return self._client.v1.refunds.create(params, _key(order.idempotency_key))

    def _session(self, session: str, expanded: str) -> Session:
        sessions = self._client.v1.checkout.sessions
        return sessions.retrieve(session, params={"expand": [expanded]})

    def _intent(self, intent: str) -> stripe.PaymentIntent:
        return self._client.v1.payment_intents.retrieve(intent)

    def _intents_of(self, customer: str, since: datetime) -> list[stripe.PaymentIntent]:
        params: stripe.params.PaymentIntentListParams = {
            "customer": customer,
            "created": {"gte": int(since.timestamp())},
            "limit": AT_ONCE,
        }
        return list(self._client.v1.payment_intents.list(params).auto_paging_iter())

    def _refunds(self, intent: str) -> list[stripe.Refund]:
        params: stripe.params.RefundListParams = {"payment_intent": intent, "limit": AT_ONCE}
        return list(self._client.v1.refunds.list(params).auto_paging_iter())

    def _dispute(self, dispute: str) -> stripe.Dispute:
        params: stripe.params.DisputeRetrieveParams = {"expand": ["payment_intent"]}
        return self._client.v1.disputes.retrieve(dispute, params)

    def _card_seen(self, reference: str) -> CardSeen:
        try:
            method = _answer(lambda: self._client.v1.payment_methods.retrieve(reference))
        except ProviderRefused as refusal:
            if refusal.reason != MISSING:
                raise
            return CardSeen(self.provider, reference, None)
        return CardSeen(self.provider, reference, reading.card(method.to_dict()))

    def _session_of_intent(self, intent: str) -> str | None:
        sessions = self._client.v1.checkout.sessions
        found = sessions.list(params={"payment_intent": intent, "limit": 1}).data
        return found[0].id if found else None

    def _events(self, since: int) -> list[stripe.Event]:
        params: stripe.params.EventListParams = {
            "created": {"gte": since},
            "types": list(EVENT_TYPES),
            "limit": AT_ONCE,
        }
        return list(self._client.v1.events.list(params).auto_paging_iter())

    def _notice(self, event: stripe.Event) -> EventNotice:
        body = json.dumps(event.to_dict(), default=str).encode()
        return EventNotice(self.provider, event.id, event.type, body)


def _answer(call: Callable[[], R], refusals: Refusals = REFUSALS) -> R:
    """Make the call, and tell apart what surely did not happen from what nobody knows."""
    try:
        return call()
    except refusals as error:
        reason = error.code or type(error).__name__
        raise ProviderRefused(
            say("Stripe refused: {reason}", {"reason": error.user_message}), reason=reason
        ) from error
    except stripe.StripeError as error:
        # No answer, an error on Stripe's side, too many calls, or the same call still running.
        raise ProviderUnreachable(say("Stripe cannot be reached right now.")) from error


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


def _key(key: str) -> stripe.RequestOptions:
    return {"idempotency_key": key}


def _opened(session: Session) -> OpenedCheckout:
    if not session.url:
        raise ProviderRefused(
            say("Stripe gave no page for {session}.", {"session": session.id}), reason="no_page"
        )
    return OpenedCheckout(session.id, session.url)

"""PayPal behind the domain's PaymentGateway: the only file that speaks through PayPal's SDK."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from apimatic_core.authentication.multiple.single_auth import Single
from apimatic_core.request_builder import RequestBuilder
from apimatic_core.response_handler import ResponseHandler
from apimatic_core.types.parameter import Parameter
from paypalserversdk.api_helper import APIHelper
from paypalserversdk.configuration import Configuration, Server
from paypalserversdk.controllers.base_controller import BaseController
from paypalserversdk.exceptions.api_exception import ApiException
from paypalserversdk.exceptions.error_exception import ErrorException
from paypalserversdk.http.auth.o_auth_2 import ClientCredentialsAuthCredentials
from paypalserversdk.http.http_method_enum import HttpMethodEnum
from paypalserversdk.models.order_request import OrderRequest
from paypalserversdk.models.patch import Patch
from paypalserversdk.models.refund_request import RefundRequest
from paypalserversdk.paypal_serversdk_client import PaypalServersdkClient

from app.adapters import paypal_disputes as disputes
from app.adapters import paypal_outcomes as outcomes
from app.adapters import paypal_signature as signatures
from app.adapters.paypal_certificates import Certificates
from app.adapters.paypal_signature import Transmission
from app.adapters.paypal_words import (
    DECLINES,
    DISPUTE_EVENT_TYPES,
    EVENT_TYPES,
    MISSING,
    OVERTAKEN,
    REFUND_EVENT_TYPES,
    REVERSED,
    checkout_origin,
    moment,
    next_query,
    reason_of,
)
from app.adapters.without_cards import WithoutCards
from app.domain.payments.errors import ProviderRefused, ProviderUnreachable, SignatureInvalid
from app.domain.payments.gateway import (
    CheckoutOrder,
    DisputeSeen,
    DisputesSeen,
    EventNotice,
    EventOutcome,
    NotOurs,
    OpenedCheckout,
    OutcomeStatus,
    PaymentOutcome,
    RefundOrder,
    RefundOutcome,
    RefundsSeen,
    names_an_event,
    nothing_done_on,
)
from app.foundation import clock
from app.foundation.sentences import say

EVENTS = "/v1/notifications/webhooks-events"
VERIFICATION = "/v1/notifications/verify-webhook-signature"
DISPUTES = "/v1/customer/disputes"
TIMEOUT_SECONDS = (3, 20)
TRIES = 3
TOKEN_MARGIN_SECONDS = 60
EVENTS_AT_ONCE = 100
WHOLE = "return=representation"
UNAUTHORIZED, CONFLICT, TOO_MANY, TIMED_OUT, FAILED_FROM = 401, 409, 429, 408, 500
# It tells of each call at INFO, and can be made to tell of whole bodies.
logging.getLogger("paypalserversdk").setLevel(logging.WARNING)

Json = dict[str, Any]
Ask = Callable[[PaypalServersdkClient], Any]


@dataclass(frozen=True, slots=True)
class PayPalAccount:
    """Whose PayPal it is, and how it is reached."""

    client_id: str
    client_secret: str
    api_base: str
    webhook_id: str
    # PayPal is asked about each message, instead of its signature being checked here.
    verifies_by_call: bool = False


class PayPalGateway(WithoutCards):
    """PayPal, spoken to as one account; safe to share between threads."""

    provider = outcomes.PROVIDER

    def __init__(
        self, account: PayPalAccount, *, tell_time: Callable[[], datetime] = clock.now
    ) -> None:
        self._account = account
        self._tell_time = tell_time
        self.checkout_origins = (checkout_origin(account.api_base),)
        self._certificates = Certificates(api_base=account.api_base)
        self._client = _connect(account)

    def open_checkout(self, order: CheckoutOrder) -> OpenedCheckout:
        """Open a page for the customer, or return the one that was opened for the same key."""
        asked = {
            "body": OrderRequest.from_dictionary(outcomes.order_request(order)),
            "paypal_request_id": order.idempotency_key,
            "prefer": WHOLE,
        }
        made = self._answer(lambda client: client.orders.create_order(asked))
        page = outcomes.approval_page(made)
        if page is None:
            no_page = say("PayPal gave no page for {order}.", {"order": made["id"]})
            raise ProviderRefused(no_page, reason="no_page")
        return OpenedCheckout(made["id"], page)

    def outcome_of_session(self, session: str) -> PaymentOutcome | NotOurs:
        """Return where the payment of an order stands now; one that is approved is captured.

        It is captured once, whoever comes here and however often: PayPal takes all their calls
        for the same one.
        """
        order, declined_because = self._order(session), None
        if outcomes.is_to_be_captured(order, now=self._tell_time()):
            declined_because = self._capture(order)
            # Answers to captures differ, above all to repeated ones; the order says it all.
            order = self._order(session)
        outcome = outcomes.outcome_of(order, now=self._tell_time())
        if isinstance(outcome, NotOurs) or declined_because is None:
            return outcome
        return replace(outcome, status=OutcomeStatus.FAILED, decline_code=declined_because)

    def outcome_of_event(self, event_type: str, body: bytes) -> EventOutcome:
        """Return where that stands now which the event names."""
        if event_type not in EVENT_TYPES:
            return nothing_done_on(event_type)
        resource = json.loads(body)["resource"]
        if event_type in DISPUTE_EVENT_TYPES:
            return self._dispute_named(disputes.named_in(resource))
        if event_type in REFUND_EVENT_TYPES:
            capture = outcomes.capture_of_refund(resource)
            if capture is None:
                return NotOurs(f"The refund {resource.get('id')} belongs to no capture.")
            dispute = self._dispute_about(capture) if event_type == REVERSED else None
            return self._dispute_named(dispute) if dispute else self.refunds_of_payment(capture)
        order = outcomes.order_of_event(resource)
        if order is None or ("purchase_units" in resource and not outcomes.is_ours(resource)):
            return NotOurs(f"The resource {resource.get('id')} belongs to no order of ours.")
        return self.outcome_of_session(order)

    def read_event(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> EventNotice:
        """Return the message if PayPal has signed it now. Raises SignatureInvalid."""
        if not self._account.webhook_id:
            raise SignatureInvalid("No webhook of PayPal is set up here.")
        transmission = signatures.transmission_of(headers)
        signatures.check_moment(transmission, now=now)
        notice = self._notice_of(body)
        if self._account.verifies_by_call:
            self._ask_whether_signed(transmission, body)
            return notice
        url = transmission.certificate_url
        signatures.check_signature(
            transmission,
            body,
            webhook_id=self._account.webhook_id,
            certificate=self._certificates.certificate(url, now=now),
        )
        return notice

    def events_since(self, since: datetime) -> Sequence[EventNotice]:
        """Return the events of payments since a moment, oldest first."""
        query: Mapping[str, object] | None = {
            "start_time": moment(since),
            "end_time": moment(max(self._tell_time(), since)),
            "page_size": EVENTS_AT_ONCE,
        }
        found: list[Json] = []
        while query is not None:
            page = self._told(EVENTS, query)
            found += [event for event in page["events"] if event["event_type"] in EVENT_TYPES]
            query = next_query(page)
        # They come newest first, and several in a second.
        oldest_first = sorted(reversed(found), key=lambda event: event["create_time"])
        return [self._notice(event) for event in oldest_first]

    def expire_checkout(self, session: str) -> PaymentOutcome | NotOurs:
        """Take an order back that may not be paid any more, and return where it stands.

        PayPal goes on showing its page, but the money of what is approved there is not taken.
        """
        order = self._order(session)
        if outcomes.is_to_be_withdrawn(order):
            self._withdraw(order)
            order = self._order(session)
        return outcomes.outcome_of(order, now=self._tell_time())

    def refund(self, order: RefundOrder) -> RefundOutcome:
        """Give money of a payment back, or return what became of the refund of the same key."""
        capture = self._capture_of(order.provider_payment)
        amount = outcomes.money(order.amount_minor, capture["amount"]["currency_code"])
        given = {"amount": amount, "custom_id": order.refund_id}
        asked = {
            "capture_id": order.provider_payment,
            "paypal_request_id": order.idempotency_key,
            "prefer": WHOLE,
            "body": RefundRequest.from_dictionary(given),
        }
        made = self._answer(lambda client: client.payments.refund_captured_payment(asked))
        whole = {"amount": amount, "custom_id": order.refund_id, **made}
        found = outcomes.refund_outcome(whole, capture_id=order.provider_payment)
        return replace(found, reason=order.reason)

    def refunds_of_payment(self, provider_payment: str) -> RefundsSeen | NotOurs:
        """Return everything that was given back of a payment, by us or at PayPal.

        What PayPal has reversed is the money of a dispute, if there is one.
        """
        order = outcomes.order_of_event(self._capture_of(provider_payment))
        if order is None:
            return NotOurs(f"The capture {provider_payment} belongs to no order.")
        seen = outcomes.refunds_seen(self._order(order), capture_id=provider_payment)
        if isinstance(seen, NotOurs) or not disputes.has_reversals(seen):
            return seen
        dispute = self._dispute_about(provider_payment)
        return seen if dispute is None else disputes.without_reversals(seen)

    def _order(self, session: str) -> Json:
        return self._answer(lambda client: client.orders.get_order({"id": session}))

    def _capture(self, order: Json) -> str | None:
        """Take the money, and return why there is none to take."""
        asked = {
            "id": order["id"],
            # The same from the return page, the webhook and the sweep.
            "paypal_request_id": f"{outcomes.payment_id(order)}:capture",
            "prefer": WHOLE,
        }
        try:
            self._answer(lambda client: client.orders.capture_order(asked))
        except ProviderRefused as refusal:
            if refusal.reason in DECLINES:
                return refusal.reason
            if refusal.reason not in OVERTAKEN:
                raise
        return None

    def _withdraw(self, order: Json) -> None:
        changes = [Patch.from_dictionary(each) for each in outcomes.withdrawal(order)]
        asked = {"id": order["id"], "body": changes}
        try:
            self._answer(lambda client: client.orders.patch_order(asked))
        except ProviderRefused as refusal:
            if refusal.reason not in OVERTAKEN:
                raise

    def _capture_of(self, payment: str) -> Json:
        return self._answer(
            lambda client: client.payments.get_captured_payment({"capture_id": payment})
        )

    def _dispute_named(self, dispute: str | None) -> DisputeSeen | DisputesSeen | NotOurs:
        if dispute is None:
            return NotOurs("The event names no dispute.")
        found = self._told(f"{DISPUTES}/{dispute}", {})
        orders = {capture: self._order_of(capture) for capture in disputes.captures_of(found)}
        return disputes.disputes_seen(found, orders)

    def _dispute_about(self, capture: str) -> str | None:
        return disputes.newest_of(self._told(DISPUTES, {"disputed_transaction_id": capture}))

    def _order_of(self, capture: str) -> Json:
        """Return the order of a capture; an empty one if what is disputed is no capture."""
        try:
            order = outcomes.order_of_event(self._capture_of(capture))
        except ProviderRefused as refusal:
            if refusal.reason not in MISSING:
                raise
            order = None
        return {} if order is None else self._order(order)

    def _told(self, path: str, query: Mapping[str, object]) -> Json:
        return self._answer(lambda client: _LeftOut.of(client).get(path, query))

    def _ask_whether_signed(self, transmission: Transmission, body: bytes) -> None:
        self._certificates.check_url(transmission.certificate_url)
        asked = signatures.question(transmission, body, webhook_id=self._account.webhook_id)
        said = self._answer(lambda client: _LeftOut.of(client).verify(asked))
        if said.get("verification_status") != "SUCCESS":
            raise SignatureInvalid("PayPal says that it has not signed this.")

    def _notice_of(self, body: bytes) -> EventNotice:
        try:
            said = json.loads(body)
            event_id, event_type = said["id"], said["event_type"]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise SignatureInvalid("The body is no event of PayPal.") from error
        if not names_an_event(event_id, event_type) or not isinstance(said.get("resource"), dict):
            raise SignatureInvalid("The body is no event of PayPal.")
        return EventNotice(self.provider, event_id, event_type, body)

    def _notice(self, event: Json) -> EventNotice:
        body = json.dumps(event).encode()
        return EventNotice(self.provider, event["id"], event["event_type"], body)

    def _answer(self, ask: Ask) -> Json:
        """Make the call, and tell apart what surely did not happen from what nobody knows.

        What got no answer is asked again: each call that changes something has its request id.
        """
        for _ in range(TRIES - 1):
            try:
                return _answered(ask, self._client)
            except ProviderUnreachable:
                # With a token of its own: the old one may have been taken back before its time.
                self._client = _connect(self._account)
        return _answered(ask, self._client)


class _Addressed(Configuration):  # type: ignore[misc]  # the SDK ships no types
    """The SDK's configuration, with an address of our choice."""

    def __init__(self, account: PayPalAccount) -> None:
        self._address = account.api_base
        credentials = ClientCredentialsAuthCredentials(
            account.client_id,
            account.client_secret,
            # Left to itself, the SDK keeps silent about why it got no token.
            o_auth_token_provider=lambda _, account: account.fetch_token(),
            o_auth_clock_skew=TOKEN_MARGIN_SECONDS,
        )
        super().__init__(timeout=TIMEOUT_SECONDS, client_credentials_auth_credentials=credentials)

    def get_base_uri(self, server: Server = Server.DEFAULT) -> str:
        """Return the address that every call goes to."""
        return self._address


class _LeftOut(BaseController):  # type: ignore[misc]  # the SDK ships no types
    """The parts of PayPal's API that its SDK leaves out, called with the SDK's own tools."""

    @classmethod
    def of(cls, client: PaypalServersdkClient) -> "_LeftOut":
        """Return it as the client's account sees it."""
        return cls(client.global_configuration)

    def get(self, path: str, query: Mapping[str, object]) -> Any:
        """Ask for something, or for a page of a list."""
        request = _request(path, HttpMethodEnum.GET)
        for name, value in query.items():
            request = request.query_param(Parameter().key(name).value(value))
        return self._call(request)

    def verify(self, body: bytes) -> Any:
        """Ask whether a message was signed."""
        request = _request(VERIFICATION, HttpMethodEnum.POST)
        json_type = Parameter().key("Content-Type").value("application/json")
        return self._call(request.header_param(json_type).body_param(Parameter().value(body)))

    def _call(self, request: RequestBuilder) -> Any:
        response = ResponseHandler().deserializer(APIHelper.json_deserialize).is_api_response(True)  # noqa: FBT003  # the SDK's own way
        refusing = response.local_error("default", "The error response.", ErrorException)
        return self.new_api_call_builder.request(request).response(refusing).execute()


def _request(path: str, method: HttpMethodEnum) -> RequestBuilder:
    request = RequestBuilder().server(Server.DEFAULT).path(path).http_method(method)
    accept = Parameter().key("accept").value("application/json")
    return request.header_param(accept).auth(Single("Oauth2"))


def _connect(account: PayPalAccount) -> PaypalServersdkClient:
    return PaypalServersdkClient(config=_Addressed(account))


def _answered(ask: Ask, client: PaypalServersdkClient) -> Json:
    unreachable = say("PayPal cannot be reached right now.")
    try:
        # What is only changed is answered with nothing.
        said = json.loads(ask(client).text or "{}")
    except ApiException as error:
        status = error.response_code
        # Overloaded, failed, or busy with the same call: it may happen, or have happened. (Who may
        # not come in at all is told so by another error, when there is no token for him.)
        has_no_say = status in (CONFLICT, TOO_MANY, TIMED_OUT) or status >= FAILED_FROM
        if has_no_say or (status == UNAUTHORIZED and isinstance(error, ErrorException)):
            raise ProviderUnreachable(unreachable) from error
        # Writing the error itself out fails where PayPal's answer was no JSON.
        reason = reason_of(error)
        refused = say("PayPal refused: {reason}.", {"reason": reason})
        raise ProviderRefused(refused, reason=reason) from error
    except (OSError, ValueError) as error:
        # The library lets errors of the network through as they are.
        raise ProviderUnreachable(unreachable) from error
    if not isinstance(said, dict):
        raise ProviderUnreachable(unreachable)
    return said

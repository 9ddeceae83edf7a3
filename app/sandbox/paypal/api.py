"""The API: who may ask, what they ask for, and how they are answered."""

import json
import secrets
import socket
import time
from collections.abc import Callable
from contextlib import nullcontext

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.sandbox import knobs
from app.sandbox.core import current_sandbox
from app.sandbox.paypal import captures, disputes, idempotency, notifications, orders, refunds
from app.sandbox.paypal.refusals import (
    Json,
    NotFound,
    Refusal,
    RequestInvalid,
    ServerFailed,
    StillRunning,
    TooManyRequests,
)
from app.sandbox.paypal.signing import signer
from app.sandbox.paypal.tokens import ACCOUNT, LIVES_SECONDS
from app.sandbox.paypal.work import PayPalWork
from app.sandbox.stripe.refusals import IdempotencyKeyInUse

OK, CREATED, NO_CONTENT, UNAUTHORIZED = 200, 201, 204, 401
BEARER = "Bearer"
Asking = Callable[[PayPalWork], Json]

api = Blueprint("paypal_api", __name__)


@api.post("/v1/oauth2/token")
def give_token() -> ResponseReturnValue:
    """Give the merchant's program a token; whoever else asks gets none."""
    given = request.authorization
    if given is None or (given.username, given.password) != (ACCOUNT, ACCOUNT):
        told = f"This is the local sandbox: {ACCOUNT} is its only client id, and its only secret."
        return {"error": "invalid_client", "error_description": told}, UNAUTHORIZED
    sandbox = current_sandbox()
    return {
        "scope": "https://uri.paypal.com/services/payments/payment",
        "access_token": sandbox.paypal_tokens.give(now=sandbox.clock()),
        "token_type": BEARER,
        "app_id": "APP-LOCALSANDBOX",
        "expires_in": LIVES_SECONDS,
    }


@api.post("/v2/checkout/orders")
def create_order() -> ResponseReturnValue:
    """Answer who asks for an order."""
    asked = _json()
    return _changed(lambda work: orders.create(work, asked), asked)


@api.get("/v2/checkout/orders/<id>")
def show_order(id: str) -> ResponseReturnValue:
    """Answer who asks about an order."""
    return _read(lambda work: orders.retrieve(work, id))


@api.patch("/v2/checkout/orders/<id>")
def patch_order(id: str) -> ResponseReturnValue:
    """Answer who wants to change an order."""
    with current_sandbox().paypal_work(base_url=_base_url()) as work:
        orders.patch(work, id, request.get_json(silent=True))
    return "", NO_CONTENT


@api.post("/v2/checkout/orders/<id>/capture")
def capture_order(id: str) -> ResponseReturnValue:
    """Answer who asks for the money of an order."""
    return _changed(lambda work: orders.capture(work, id), _json())


@api.get("/v2/payments/captures/<id>")
def show_capture(id: str) -> ResponseReturnValue:
    """Answer who asks about a capture."""
    return _read(lambda work: captures.retrieve(work, id))


@api.post("/v2/payments/captures/<id>/refund")
def refund_capture(id: str) -> ResponseReturnValue:
    """Answer who wants to give money back."""
    asked = _json()
    return _changed(lambda work: refunds.create(work, id, asked), asked)


@api.get("/v2/payments/refunds/<id>")
def show_refund(id: str) -> ResponseReturnValue:
    """Answer who asks about a refund."""
    return _read(lambda work: refunds.retrieve(work, id))


@api.get("/v1/customer/disputes")
def list_disputes() -> ResponseReturnValue:
    """Answer who looks for disputes."""
    query = request.args.to_dict()
    return _read(lambda work: disputes.index(work, query))


@api.get("/v1/customer/disputes/<id>")
def show_dispute(id: str) -> ResponseReturnValue:
    """Answer who asks about a dispute."""
    return _read(lambda work: disputes.retrieve(work, id))


@api.get("/v1/notifications/webhooks-events")
def list_events() -> ResponseReturnValue:
    """Answer who looks for events that did not reach him."""
    query = request.args.to_dict()
    return _read(lambda work: notifications.index(work, query))


@api.post("/v1/notifications/verify-webhook-signature")
def verify_signature() -> ResponseReturnValue:
    """Answer who wonders about a message."""
    webhook_id = current_sandbox().settings.paypal_webhook_id
    _json()
    return _read(lambda _: notifications.verify(request.get_data(), webhook_id=webhook_id))


@api.get("/v1/notifications/certs/<id>")
def show_certificates(id: str) -> ResponseReturnValue:
    """Show what messages are signed with, to everybody."""
    found = signer().certificates(id)
    if found is None:
        raise NotFound("INVALID_RESOURCE_ID", "There is no such certificate.")
    return Response(found, mimetype="application/x-pem-file")


@api.errorhandler(Refusal)
def refuse(refusal: Refusal) -> ResponseReturnValue:
    """Answer with an error of the shape the SDK reads."""
    return {**refusal.body, "debug_id": secrets.token_hex(6)}, refusal.status


@api.before_request
def _check_caller() -> ResponseReturnValue | None:
    is_open = request.endpoint in ("paypal_api.give_token", "paypal_api.show_certificates")
    sandbox, given = current_sandbox(), request.authorization
    token = (given.token if given else None) or ""
    if is_open or sandbox.paypal_tokens.is_good(token, now=sandbox.clock()):
        return None
    told = "Token signature verification failed"
    return {"error": "invalid_token", "error_description": told}, UNAUTHORIZED


def _json() -> Json:
    body = request.get_data()
    try:
        asked = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict) or (body and not request.is_json):
        raise RequestInvalid("MALFORMED_REQUEST_JSON", "The request is no JSON object.")
    return asked


def _read(ask: Asking) -> Response:
    with current_sandbox().paypal_work(base_url=_base_url()) as work:
        return _response(ask(work), OK)


def _changed(ask: Asking, asked: Json) -> Response:
    """Answer a request that changes something: once for each PayPal-Request-Id."""
    sandbox, request_id = current_sandbox(), request.headers.get("PayPal-Request-Id", "")
    idempotency.check_request_id(request_id)
    try:
        with (
            sandbox.running_keys.hold(f"{request.path} {request_id}")
            if request_id
            else (nullcontext())
        ):
            with sandbox.storage.transaction() as connection:
                delay = knobs.read(connection).answer_delay_seconds
            time.sleep(delay)
            answer, status, is_lost = _once(ask, asked, request_id)
    except IdempotencyKeyInUse:
        message = "A request with the same PayPal-Request-Id is still running."
        raise StillRunning("PREVIOUS_REQUEST_IN_PROGRESS", message) from None
    if is_lost:
        _cut_connection()
    return _response(answer, status)


def _once(ask: Asking, asked: Json, request_id: str) -> tuple[Json, int, bool]:
    """Return the answer, its status, and whether it is to be lost."""
    sandbox = current_sandbox()
    _fail_if_told("too_many_requests", TooManyRequests)
    _fail_if_told("errors_before_effect", ServerFailed)
    with sandbox.paypal_work(base_url=_base_url()) as work:
        connection, now = work.connection, work.now
        earlier = request_id and idempotency.earlier_answer(
            connection, request.path, request_id, asked, now=now
        )
        answer = earlier or ask(work)
        if request_id and not earlier:
            idempotency.keep(connection, request.path, request_id, asked, answer, now=now)
        is_lost = knobs.take(connection, "lost_answers")
    _fail_if_told("errors_after_effect", ServerFailed)
    return answer, OK if earlier else CREATED, is_lost


def _fail_if_told(countdown: knobs.Countdown, failure: type[Refusal]) -> None:
    with current_sandbox().storage.transaction() as connection:
        is_told = knobs.take(connection, countdown)
    if is_told:
        raise failure("SANDBOX_KNOB", "The sandbox was told to answer this request so.")


def _base_url() -> str:
    return request.host_url.rstrip("/")


def _response(body: Json, status: int) -> Response:
    return Response(json.dumps(body), status, mimetype="application/json")


def _cut_connection() -> None:
    """Let the caller wait for an answer that does not come."""
    connection: socket.socket | None = request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)

"""The API: who may ask, what they ask for, and how they are answered."""

import json
import re
import socket
import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial

import stripe
from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from app.sandbox import knobs
from app.sandbox.core import current_sandbox
from app.sandbox.stripe import form_encoding, idempotency
from app.sandbox.stripe.calls import Call, Endpoint
from app.sandbox.stripe.endpoints import ENDPOINTS
from app.sandbox.stripe.expanding import expanded
from app.sandbox.stripe.idempotency import Answer
from app.sandbox.stripe.objects import new_id
from app.sandbox.stripe.parameters import checked
from app.sandbox.stripe.refusals import (
    Json,
    KeyRefused,
    NotFound,
    Refusal,
    RequestInvalid,
    RequestTooLarge,
    ServerFailed,
    TooManyRequests,
)
from app.sandbox.stripe.work import Cause, Work

TEST_KEY = re.compile(r"(sk|rk)_test_\w+", re.ASCII)
LIVE_KEY = re.compile(r"[a-z]+_live_.*", re.DOTALL)
FORM = "application/x-www-form-urlencoded"
ANY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that may come in, read but not yet checked."""

    endpoint: Endpoint
    id: str
    params: Json
    request_id: str
    key: str


def create_api() -> Blueprint:
    """Build the blueprint with every endpoint, and an answer for all other addresses."""
    api = Blueprint("stripe_api", __name__)
    for endpoint in ENDPOINTS:
        api.add_url_rule(
            endpoint.path,
            endpoint=f"{endpoint.method} {endpoint.path}",
            view_func=partial(_answer, endpoint),
            methods=[endpoint.method],
        )
    api.add_url_rule("/v1/<path:rest>", view_func=_answer_unknown, methods=ANY_METHOD)
    api.register_error_handler(500, _answer_failure)
    return api


def _answer(endpoint: Endpoint, id: str = "") -> Response:
    request_id = new_id("req")
    try:
        asked = _read(endpoint, id, request_id)
        answer, is_lost = _get(asked) if endpoint.method == "GET" else _post(asked)
    except Refusal as refusal:
        answer, is_lost = _refused(refusal, request_id), False
    if is_lost:
        _cut_connection()
    return _response(answer, request_id)


def _answer_unknown(rest: str) -> Response:
    refusal: Refusal = NotFound(
        f"Unrecognized request URL ({request.method}: /v1/{rest}). "
        "Stripe may know it; the local sandbox does not."
    )
    try:
        _check_caller()
    except KeyRefused as key_refused:
        refusal = key_refused
    request_id = new_id("req")
    return _response(_refused(refusal, request_id), request_id)


def _answer_failure(_error: HTTPException) -> Response:
    request_id = new_id("req")
    failure = ServerFailed("The sandbox itself has failed; its log says why.")
    return _response(_refused(failure, request_id), request_id)


def _read(endpoint: Endpoint, id: str, request_id: str) -> Asked:
    _check_caller()
    version = request.headers.get("Stripe-Version", stripe.api_version)
    if version != stripe.api_version:
        raise RequestInvalid(
            f"The sandbox speaks the API version {stripe.api_version}, not {version}."
        )
    key = request.headers.get("Idempotency-Key", "")
    idempotency.check_key(key)
    return Asked(endpoint, id, _params(), request_id, key)


def _check_caller() -> None:
    """Let in keys of the test mode: as a bearer token, or as the name in basic credentials."""
    authorization = request.authorization
    key = (authorization.token or authorization.username or "") if authorization else ""
    if not key:
        raise KeyRefused("You did not provide an API key. Send Authorization: Bearer sk_test_….")
    if LIVE_KEY.fullmatch(key):
        raise KeyRefused(
            "This is the local sandbox: no real money moves here, and live keys are refused. "
            "Use any key that begins with sk_test_."
        )
    if not TEST_KEY.fullmatch(key):
        raise KeyRefused(f"Invalid API Key provided: {key[:8]}…")


def _params() -> Json:
    if request.method == "GET":
        return form_encoding.decode(request.query_string)
    try:
        body = request.get_data()
    except RequestEntityTooLarge:
        raise RequestTooLarge("The request is larger than any request to this API.") from None
    if body and request.mimetype != FORM:
        raise RequestInvalid(f"The content type of a POST must be {FORM}.")
    return form_encoding.decode(body)


def _get(asked: Asked) -> tuple[Answer, bool]:
    with current_sandbox().work(base_url=request.host_url.rstrip("/")) as work:
        return _carried_out(work, asked), False


def _post(asked: Asked) -> tuple[Answer, bool]:
    """Answer a request that may change something, and tell whether the answer is to be lost."""
    sandbox = current_sandbox()
    with sandbox.running_keys.hold(asked.key) if asked.key else nullcontext():
        with sandbox.storage.transaction() as connection:
            delay = knobs.read(connection).answer_delay_seconds
        time.sleep(delay)
        cause = Cause(asked.request_id, asked.key or None)
        base_url = request.host_url.rstrip("/")
        with sandbox.work(base_url=base_url, cause=cause) as work:
            answer = _answered_once(work, asked, now=sandbox.clock())
            return answer, knobs.take(work.connection, "lost_answers")


def _answered_once(work: Work, asked: Asked, *, now: float) -> Answer:
    if not asked.key:
        return _tried(work, asked)
    fingerprint = idempotency.fingerprint_of(request.path, asked.params)
    earlier = idempotency.earlier_answer(work.connection, asked.key, fingerprint, now=now)
    if earlier:
        return earlier
    answer = _tried(work, asked)
    if not answer.is_outage:
        idempotency.keep(work.connection, asked.key, fingerprint, answer, now=now)
    return answer


def _tried(work: Work, asked: Asked) -> Answer:
    """Carry the request out, unless it is to fail."""
    outage = ServerFailed("The sandbox was told to answer this request with an error.")
    if knobs.take(work.connection, "too_many_requests"):
        hurried = TooManyRequests("The sandbox was told to find this too often.", code="rate_limit")
        return replace(_refused(hurried, asked.request_id), is_outage=True)
    if knobs.take(work.connection, "errors_before_effect"):
        return replace(_refused(outage, asked.request_id), is_outage=True)
    answer = _carried_out(work, asked)
    if knobs.take(work.connection, "errors_after_effect"):
        return _refused(outage, asked.request_id)
    return answer


def _carried_out(work: Work, asked: Asked) -> Answer:
    endpoint = asked.endpoint
    params = checked(asked.params, endpoint.shape, supported=endpoint.supported)
    paths = params.pop("expand", [])
    try:
        body = endpoint.answer(work, Call(asked.id, params))
    except Refusal as refusal:
        if refusal.keeps_effects:
            return _refused(refusal, asked.request_id)
        raise
    return Answer(200, _written(expanded(work, body, paths)), asked.request_id)


def _refused(refusal: Refusal, request_id: str) -> Answer:
    return Answer(refusal.status, _written({"error": refusal.error}), request_id)


def _written(body: Json) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False)


def _response(answer: Answer, request_id: str) -> Response:
    response = Response(answer.body, answer.status, mimetype="application/json")
    response.headers["Request-Id"] = request_id
    response.headers["Stripe-Version"] = stripe.api_version
    if "Idempotency-Key" in request.headers:
        response.headers["Idempotency-Key"] = request.headers["Idempotency-Key"]
        response.headers["Original-Request"] = answer.request_id
    if answer.is_replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _cut_connection() -> None:
    """Let the caller wait for an answer that does not come."""
    connection: socket.socket | None = request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)

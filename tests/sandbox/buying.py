"""A shop as it would be written against PayPal itself, and a buyer with a browser."""

import json
from itertools import count
from typing import Any

import requests
from paypalserversdk.configuration import Configuration, Server
from paypalserversdk.http.auth.o_auth_2 import ClientCredentialsAuthCredentials
from paypalserversdk.http.http_call_back import HttpCallBack
from paypalserversdk.models.order_request import OrderRequest
from paypalserversdk.paypal_serversdk_client import PaypalServersdkClient

from tests.html_lint import check
from tests.sandbox.paypal_conformance import differences

ACCOUNT = "paypal_sandbox"
RETURN_URL, CANCEL_URL = "http://127.0.0.1:9/paid?from=paypal", "http://127.0.0.1:9/cancelled"
KINDS = {"orders": "order", "captures": "captured_payment", "refunds": "refund"}
_numbers = count(1)


class Checking(HttpCallBack):
    """Looks at every object that passes, as the SDK's own models declare it."""

    def on_before_request(self, request: Any) -> None:
        """Let requests pass."""

    def on_after_response(self, http_response: Any) -> None:
        """Hold a good answer against the model of its kind."""
        path = http_response.request.query_url.partition("?")[0].split("/")
        kind = next((KINDS[part] for part in reversed(path) if part in KINDS), "")
        if path[-1] == "refund":
            kind = "refund"
        if kind and http_response.text and http_response.status_code < 300:
            found = list(differences(json.loads(http_response.text), kind))
            assert not found, "the answer is not as the SDK declares it:\n" + "\n".join(found)


class Addressed(Configuration):
    """The SDK's configuration with the sandbox's address."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        super().__init__(
            timeout=10,
            http_call_back=Checking(),
            client_credentials_auth_credentials=ClientCredentialsAuthCredentials(
                ACCOUNT, secret, o_auth_token_provider=lambda _, auth: auth.fetch_token()
            ),
        )

    def get_base_uri(self, server: Server = Server.DEFAULT) -> str:
        return self._url


def client_of(url: str, *, secret: str = ACCOUNT) -> PaypalServersdkClient:
    """Return the SDK's client for a sandbox."""
    return PaypalServersdkClient(config=Addressed(url, secret))


def order_of(**changes: Any) -> dict[str, Any]:
    """Return what asks for an order over 20.00 USD."""
    unit = {
        "reference_id": f"shop-{next(_numbers)}",
        "amount": {"currency_code": "USD", "value": "20.00"},
        "description": "Extra tokens",
    }
    context = {"return_url": RETURN_URL, "cancel_url": CANCEL_URL, "user_action": "PAY_NOW"}
    asked = {
        "intent": "CAPTURE",
        "purchase_units": [unit | changes.pop("unit", {})],
        "payment_source": {"paypal": {"experience_context": context}},
    }
    return {name: value for name, value in (asked | changes).items() if value is not None}


def open_order(client: PaypalServersdkClient, *, request_id: str = "", **changes: Any) -> Any:
    """Open an order over 20.00 USD."""
    asked = {"body": OrderRequest.from_dictionary(order_of(**changes))}
    return client.orders.create_order(
        asked | ({"paypal_request_id": request_id} if request_id else {})
    ).body


def page_of(order: Any) -> str:
    """Return where the buyer approves an order."""
    return next(link.href for link in order.links if link.rel in ("payer-action", "approve"))


def capture(client: PaypalServersdkClient, id: str, *, request_id: str = "") -> Any:
    """Take the money of an order."""
    asked = {"id": id} | ({"paypal_request_id": request_id} if request_id else {})
    return client.orders.capture_order(asked).body


def taken(order: Any) -> Any:
    """Return the capture of an order."""
    return order.purchase_units[0].payments.captures[0]


def refund(client: PaypalServersdkClient, id: str, **asked: Any) -> Any:
    """Give money of a capture back."""
    return client.payments.refund_captured_payment({"capture_id": id, **asked}).body


def approve(url: str, choice: str = "approve") -> requests.Response:
    """Open the page, whose HTML has to be sound, and choose what to do there."""
    page = requests.get(url, allow_redirects=False, timeout=10)
    if page.status_code == 200:
        check(page.text, is_fragment=False)
    return requests.post(url, data={"choice": choice}, allow_redirects=False, timeout=10)


def turn(url: str, **knobs: object) -> None:
    """Turn the sandbox's knobs."""
    requests.post(f"{url}/sandbox/knobs", json=knobs, timeout=10).raise_for_status()


def decide(url: str, capture_id: str, decision: str) -> None:
    """Let money that was on its way arrive or not."""
    to = f"{url}/sandbox/paypal/captures/{capture_id}/{decision}"
    requests.post(to, timeout=10).raise_for_status()


def token_for(url: str) -> str:
    """Return a token, for calls that the SDK has no words for."""
    answer = requests.post(f"{url}/v1/oauth2/token", auth=(ACCOUNT, ACCOUNT), timeout=10)
    return answer.json()["access_token"]


def events(url: str, **query: str) -> dict[str, Any]:
    """Return a page of events, newest first."""
    headers = {"Authorization": f"Bearer {token_for(url)}"}
    to = f"{url}/v1/notifications/webhooks-events"
    answer = requests.get(to, params=query, headers=headers, timeout=10)
    answer.raise_for_status()
    return answer.json()

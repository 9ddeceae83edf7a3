"""A shop as it would be written against Stripe itself, and a customer with a browser."""

import json
from typing import Any

import requests
import stripe

from tests.html_lint import check
from tests.sandbox.conformance import differences

stripe.enable_telemetry = False

KEY = "sk_test_shop"
SUCCESS_URL = "http://127.0.0.1:9/paid?session={CHECKOUT_SESSION_ID}"
CANCEL_URL = "http://127.0.0.1:9/cancelled"
GOOD_CARD = "4242424242424242"


class CheckingClient(stripe.RequestsClient):
    """Stripe's own HTTP client, which looks at every object that passes."""

    def request(self, *args: Any, **options: Any) -> Any:
        """Send a request, and hold the answer against the SDK's types."""
        body, status, headers = super().request(*args, **options)
        if status == 200:
            found = list(differences(json.loads(body)))
            assert not found, "the answer is not as the SDK declares it:\n" + "\n".join(found)
        return body, status, headers


def client_of(url: str, *, retries: int = 0, key: str = KEY) -> stripe.StripeClient:
    """Return the SDK's client for a sandbox."""
    return stripe.StripeClient(
        key,
        base_addresses={"api": url},
        max_network_retries=retries,
        http_client=CheckingClient(timeout=10),
    )


def session_params(**changes: Any) -> dict[str, Any]:
    """Return what opens a session over 20.00 USD."""
    item = {
        "quantity": 1,
        "price_data": {
            "currency": "usd",
            "unit_amount": 2000,
            "product_data": {"name": "Extra tokens"},
        },
    }
    params = {
        "mode": "payment",
        "line_items": [item],
        "success_url": SUCCESS_URL,
        "cancel_url": CANCEL_URL,
    }
    return params | changes


def open_session(api: stripe.StripeClient, **changes: Any) -> stripe.checkout.Session:
    """Open a session over 20.00 USD."""
    return api.v1.checkout.sessions.create(params=session_params(**changes))


def typed(number: str = GOOD_CARD, **changes: str) -> dict[str, str]:
    """Return what a customer types into the card form."""
    fields = {
        "email": "ada@example.com",
        "cardNumber": number,
        "cardExpiry": "12/34",
        "cardCvc": "123",
        "billingName": "Ada Lovelace",
    }
    return fields | changes


def visit(url: str) -> requests.Response:
    """Open a page; its HTML has to be sound."""
    return _linted(requests.get(url, allow_redirects=False, timeout=10))


def pay(url: str, number: str = GOOD_CARD, **changes: str) -> requests.Response:
    """Fill the card form in and send it."""
    fields = typed(number, **changes)
    return _linted(requests.post(url, data=fields, allow_redirects=False, timeout=10))


def post(url: str, **fields: str) -> requests.Response:
    """Send another form."""
    return _linted(requests.post(url, data=fields, allow_redirects=False, timeout=10))


def _linted(response: requests.Response) -> requests.Response:
    if response.headers["Content-Type"].startswith("text/html") and response.is_redirect is False:
        check(response.text, is_fragment=False)
    return response

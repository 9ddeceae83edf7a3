"""A sandbox that is really served, a client of Stripe's SDK, and an endpoint for webhooks."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
import stripe
from paypalserversdk.paypal_serversdk_client import PaypalServersdkClient

from app.sandbox.serving import running
from app.sandbox.settings import SandboxSettings
from tests.sandbox import buying
from tests.sandbox.receiver import Receiver, receiving
from tests.sandbox.shopping import client_of

SECRET = "whsec_only_for_tests"
Serve = Callable[..., str]


@pytest.fixture(scope="session")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A sandbox for the whole run, which sends no webhooks."""
    database = tmp_path_factory.mktemp("sandbox") / "sandbox.sqlite3"
    with running(SandboxSettings(database=database, port=0)) as url:
        yield url


@pytest.fixture
def api(sandbox_url: str) -> Iterator[stripe.StripeClient]:
    """A client whose every answer is held against the SDK's types; knobs are turned back."""
    yield client_of(sandbox_url)
    requests.post(f"{sandbox_url}/sandbox/knobs/reset", timeout=10).raise_for_status()


@pytest.fixture
def paypal(sandbox_url: str) -> Iterator[PaypalServersdkClient]:
    """A client of PayPal's SDK, whose every answer is held against its models."""
    yield buying.client_of(sandbox_url)
    requests.post(f"{sandbox_url}/sandbox/knobs/reset", timeout=10).raise_for_status()


@pytest.fixture
def customer(api: stripe.StripeClient) -> stripe.Customer:
    """A customer of the shop."""
    return api.v1.customers.create(params={"email": "ada@example.com", "name": "Ada Lovelace"})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An endpoint that takes webhooks."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def serve(tmp_path: Path, receiver: Receiver) -> Iterator[Serve]:
    """Start a sandbox of one's own that tells the receiver, and return its address."""
    with ExitStack() as stack:

        def start(*, clock: Callable[[], float] = time.time, **changes: object) -> str:
            settings = SandboxSettings(
                **{
                    "database": tmp_path / "sandbox.sqlite3",
                    "port": 0,
                    "webhook_url": receiver.url,
                    "webhook_secret": SECRET,
                    "webhook_retry_seconds": (0.05, 0.05, 0.05),
                    **changes,
                }
            )
            return stack.enter_context(running(settings, clock=clock))

        yield start

"""PayPal's stand-in, and a gateway that speaks to it; whoever tests Stripe has his own."""

from collections.abc import Iterator

import pytest
import requests

from app.adapters.paypal_gateway import PayPalGateway
from app.sandbox.serving import running
from app.sandbox.settings import SandboxSettings
from tests.adapters.paypal import gateway_to


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    database = tmp_path_factory.mktemp("sandbox") / "sandbox.sqlite3"
    with running(SandboxSettings(database=database, port=0)) as url:
        yield url


@pytest.fixture
def url(sandbox: str) -> Iterator[str]:
    yield sandbox
    requests.post(f"{sandbox}/sandbox/knobs/reset", timeout=10).raise_for_status()


@pytest.fixture
def gateway(url: str) -> PayPalGateway:
    return gateway_to(url)

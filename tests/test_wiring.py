"""Which providers are connected by which settings."""

from pathlib import Path

import pytest

from app.config import Settings, read_settings
from app.entrypoints.gateways import PROVIDERS
from app.wiring import payment_gateways


@pytest.fixture
def read(tmp_path: Path):
    def read(**given: str) -> Settings:
        return read_settings({"INSTANCE_DIR": str(tmp_path), "PORT": "9000", **given})

    return read


def test_the_sandbox_stands_for_both(read) -> None:
    connected = payment_gateways(read())
    assert {name: each.provider for name, each in connected.items()} == {
        "stripe": "stripe",
        "paypal": "paypal",
    }
    # The description of the API names all that there are.
    assert set(connected) == set(PROVIDERS)
    origins = {tuple(each.checkout_origins) for each in connected.values()}
    assert origins == {("http://127.0.0.1:9001",)}


def test_paypal_is_left_out_where_it_is_not_set_up(read) -> None:
    assert list(payment_gateways(read(STRIPE_API_KEY="sk_test_abc"))) == ["stripe"]


@pytest.mark.parametrize(
    ("key", "origin"),
    [
        ("sk_test_abc", "https://www.sandbox.paypal.com"),
        ("sk_live_abc", "https://www.paypal.com"),
    ],
)
def test_paypal_shows_its_own_pages(read, key: str, origin: str) -> None:
    account = {"PAYPAL_CLIENT_ID": "client-id-1", "PAYPAL_CLIENT_SECRET": "client-secret-1"}
    connected = payment_gateways(read(STRIPE_API_KEY=key, **account))
    assert tuple(connected["paypal"].checkout_origins) == (origin,)

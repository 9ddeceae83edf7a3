"""Where requests come from: an address of the network, or nothing."""

import pytest
from flask import Flask, request

from app.entrypoints.peers import address_asking, network_asking


@pytest.mark.parametrize(
    ("remote_address", "asking"),
    [("192.0.2.7:49152", "192.0.2.7"), ("[2001:db8::1]:443", "2001:db8::1"), ("x" * 5_000, "")],
)
def test_is_an_address_and_nothing_else(app: Flask, remote_address: str, asking: str) -> None:
    with app.test_request_context(environ_overrides={"REMOTE_ADDR": remote_address}):
        assert request.remote_addr == remote_address and address_asking() == asking


@pytest.mark.parametrize(
    ("remote_address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:ffff:ffff:ffff", "2001:db8::/64"),
        ("2001:db8:0:1::", "2001:db8:0:1::/64"),
        ("unknown", ""),
    ],
)
def test_strangers_are_counted_by_network(app: Flask, remote_address: str, network: str) -> None:
    with app.test_request_context(environ_overrides={"REMOTE_ADDR": remote_address}):
        assert network_asking() == network

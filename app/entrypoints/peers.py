"""Where a request comes from: an address of the network, as far as proxies are believed."""

from flask import request

from app.foundation.web_addresses import network_address


def address_asking() -> str:
    """Return the address that the request came from; nothing where a proxy names none."""
    # It is counted, kept and shown: what a proxy passes on may be any text.
    return str(network_address(request.remote_addr or "") or "")

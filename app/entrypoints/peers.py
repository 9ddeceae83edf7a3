"""Where a request comes from: an address of the network, as far as proxies are believed."""

from ipaddress import IPv6Address, ip_address, ip_network

from flask import request

from app.foundation.web_addresses import network_address


def address_asking() -> str:
    """Return the address that the request came from; nothing where a proxy names none."""
    # It is counted, kept and shown: what a proxy passes on may be any text.
    return str(network_address(request.remote_addr or "") or "")


def network_asking() -> str:
    """Return by what strangers are counted: their address; of IPv6 the network.

    There each has as many addresses as he likes. Nothing where a proxy names none.
    """
    asking = address_asking()
    if not asking:
        return ""
    is_wide = isinstance(ip_address(asking), IPv6Address)
    return str(ip_network(f"{asking}/64", strict=False)) if is_wide else asking

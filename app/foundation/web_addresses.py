"""Web addresses that others wrote: read without trusting that they are any."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

# As proxies write whom they speak for: some add the port, and then brackets around IPv6.
_WITH_PORT = re.compile(r"\[(?P<six>[^]]*)\](?::\d+)?|(?P<four>[\d.]+):\d+", re.ASCII)
_NONE = SplitResult("", "", "", "", "")


def split_address(text: str) -> SplitResult:
    """Return the parts of an address; all of them are empty where it is none."""
    try:
        parts = urlsplit(text)
        # Only looking at it tells a port that cannot be.
        return _NONE if parts.port == 0 else parts
    except ValueError:
        # A bracket that is left open, or a host that is another one once it is normalized.
        return _NONE


def network_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the network address, without a port and a zone; None where it is none."""
    found = _WITH_PORT.fullmatch(text)
    bare = text if found is None else found["six"] or found["four"] or ""
    try:
        # A zone may be any text, and means something on its own machine only.
        address = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    # A socket that hears both kinds writes the older ones like this.
    return getattr(address, "ipv4_mapped", None) or address

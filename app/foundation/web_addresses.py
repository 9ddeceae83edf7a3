"""Web addresses that others wrote: read without trusting that they are any."""

from urllib.parse import SplitResult, urlsplit

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

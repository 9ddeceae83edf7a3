"""How large the proofs are: small in every run of the tests, large in `make soak`, by SOAK=1."""

import os

IS_LONG = bool(os.environ.get("SOAK"))


def sized(short: int, *, long: int) -> int:
    """Return how many of something this run is for."""
    return long if IS_LONG else short

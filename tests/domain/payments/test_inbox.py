"""The inbox: which of the events that a provider lists are here already."""

import pytest
from flask import Flask

from app.domain.payments import inbox
from app.domain.payments.gateway import EventNotice
from app.foundation.database import transaction
from tests.moments import NOW


@pytest.fixture(autouse=True)
def held(app: Flask) -> None:
    """One event of each provider is here."""
    with transaction():
        for provider, event_id in (("stripe", "evt_1"), ("paypal", "WH-1")):
            inbox.receive(EventNotice(provider, event_id, "any", b"{}"), now=NOW)


@pytest.mark.parametrize(
    ("provider", "asked", "found"),
    [
        ("stripe", ["evt_1", "evt_2"], {"evt_1"}),
        ("stripe", ["WH-1"], set()),
        ("paypal", ["WH-1"], {"WH-1"}),
        ("stripe", [], set()),
    ],
)
def test_knows_what_it_holds(provider: str, asked: list[str], found: set[str]) -> None:
    assert inbox.known(provider, asked) == found

"""The checker itself is checked: it passes what Stripe publishes, and finds what is planted."""

import copy
import json
from pathlib import Path

import pytest

from tests.sandbox.conformance import Json, differences

PUBLISHED = json.loads((Path(__file__).parent / "published_shapes.json").read_text("utf-8"))
KINDS = ["refund", "customer", "item", "payment_intent"]

PLANTED = {
    "an unknown field": ("payment_intent", ["colour"], "blue"),
    "a field that is missing": ("payment_intent", ["currency"], None),
    "an amount as text": ("payment_intent", ["amount"], "1800"),
    "an amount with a fraction": ("payment_intent", ["amount"], 18.0),
    "a number for a boolean": ("payment_intent", ["livemode"], 0),
    "a boolean for a number": ("payment_intent", ["amount"], True),
    "null where something must be": ("payment_intent", ["amount"], "null"),
    "a state that does not exist": ("payment_intent", ["status"], "succeded"),
    "an open enumeration's unknown value": ("refund", ["destination_details", "card", "type"], "x"),
    "a value for a group": ("customer", ["invoice_settings"], "none"),
    "a value for a list": ("customer", ["preferred_locales"], "en-GB"),
    "a wrong value in a list": ("customer", ["preferred_locales"], [7]),
    "a fault in an object inside": ("item", ["price", "unit_amount"], "200"),
    "a decimal as a number": ("item", ["price", "unit_amount_decimal"], 200),
    "a field missing inside": ("item", ["price", "active"], None),
}


def changed(kind: str, path: list[str], value: object) -> Json:
    """Return a published object with one field changed, or left out where the value is None."""
    body = copy.deepcopy(PUBLISHED[kind])
    *above, last = path
    place = body
    for step in above:
        place = place[step]
    place[last] = None if value == "null" else value
    if value is None:
        del place[last]
    return body


@pytest.mark.parametrize("kind", KINDS)
def test_passes_what_is_published(kind: str) -> None:
    assert list(differences(PUBLISHED[kind])) == []


@pytest.mark.parametrize(("kind", "path", "value"), PLANTED.values(), ids=PLANTED)
def test_finds(kind: str, path: list[str], value: object) -> None:
    found = list(differences(changed(kind, path, value)))
    assert len(found) == 1 and ".".join(path) in found[0], found


def test_looks_into_lists() -> None:
    wrong = changed("refund", ["amount"], "1250")
    page = {"object": "list", "data": [PUBLISHED["refund"], wrong], "has_more": False, "url": "/"}
    assert list(differences(page)) == ["refund.amount is '1250', not int"]


def test_looks_into_events() -> None:
    event = {
        "id": "evt_ada",
        "object": "event",
        "api_version": None,
        "created": 1790000000,
        "data": {"object": changed("refund", ["amount"], "1250")},
        "livemode": False,
        "pending_webhooks": 1,
        "request": None,
        "type": "refund.created",
    }
    assert list(differences(event)) == ["refund.amount is '1250', not int"]
    event["type"] = "refund.imagined"
    assert len(list(differences(event))) == 2

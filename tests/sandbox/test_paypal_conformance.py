"""The checker itself is checked: it passes what is as it should be, and finds what is planted."""

import copy

import pytest

from tests.sandbox.paypal_conformance import differences

ORDER = {
    "id": "5O190127TN364715T",
    "status": "COMPLETED",
    "purchase_units": [
        {
            "reference_id": "default",
            "amount": {"currency_code": "USD", "value": "20.00"},
            "payments": {"captures": [{"id": "3C679366HH908993F", "status": "COMPLETED"}]},
        }
    ],
    "links": [{"href": "https://example.com", "rel": "self", "method": "GET"}],
}
PLANTED = {
    "an unknown field": (["colour"], "blue"),
    "a number for a text": (["id"], 7),
    "a state that does not exist": (["status"], "DONE"),
    "a value for a list": (["purchase_units"], "none"),
    "a value for a group": (["purchase_units", 0, "amount"], "20.00"),
    "an amount as a number": (["purchase_units", 0, "amount", "value"], 20),
    "a field that is missing": (["purchase_units", 0, "amount", "value"], None),
    "a fault deep inside": (["purchase_units", 0, "payments", "captures", 0, "status"], "MAYBE"),
    "a method that does not exist": (["links", 0, "method"], "FETCH"),
}


def test_passes_what_is_as_it_should_be() -> None:
    assert list(differences(ORDER, "order")) == []


@pytest.mark.parametrize(("path", "value"), PLANTED.values(), ids=PLANTED)
def test_finds(path: list[str | int], value: object) -> None:
    wrong = copy.deepcopy(ORDER)
    *above, last = path
    place = wrong
    for step in above:
        place = place[step]
    place[last] = value
    if value is None:
        del place[last]
    found = list(differences(wrong, "order"))
    assert len(found) == 1 and str(last) in found[0], found

"""Every event of the journal has its words."""

import re
from pathlib import Path

import pytest

from app.domain.accounts.security_journal import Act, By, Event, SecurityEvent
from app.entrypoints.web.security_words import BY_WORDS, WARNING, WORDS, more_of
from tests.moments import NOW

APP = Path(__file__).resolve().parents[3] / "app"


def test_each_event_has_words_of_its_own() -> None:
    assert set(WORDS) == {*Event, *Act}
    assert len(set(WORDS.values())) == len(WORDS)
    assert set(WORDS) > WARNING
    assert set(BY_WORDS) == set(By)


def test_each_kind_is_written_somewhere() -> None:
    written = "".join(file.read_text() for file in APP.rglob("*.py"))
    for kind in (*Event, *Act):
        uses = re.findall(rf"\b(?:Event|Act)\.{kind.name}\b|\"{kind}\"", written)
        assert len(uses) > 2, f"{kind} has words, but nothing writes it"


@pytest.mark.parametrize(
    ("action", "details", "more"),
    [
        ("signed_in", {"new_device": True, "device": "Firefox"}, "new browser"),
        ("key_made", {"key": "ci", "address": "::1"}, "ci"),
        ("settings_changed", {"timezone": {"from": 1}, "auto_pay": {}}, "auto-pay, time zone"),
        ("second_factor_off", {"reason": "He lost his phone."}, "He lost his phone."),
        ("account_suspended", {"reason": "We think he is a thief.", "because": "operator"}, ""),
        ("tokens_adjusted", {"tokens": 5, "reason": "A gift."}, "A gift."),
        ("plan_changed", {"change": 1, "to": "plan-pro"}, "plan-pro"),
        ("signed_out", {}, ""),
        ("account_seen", {"page": "payment-methods"}, "Payment methods"),
        ("account_seen", {"page": "gone"}, ""),
        ("payment_settled", {"amount_minor": 1234, "invoice": "INV-1"}, "$12.34, INV-1"),
        ("payment_settled", {"amount_minor": 1234, "invoice": None}, "$12.34"),
        ("payment_taken_back", {"amount_minor": 50, "credit_note": "CN-1"}, "$0.50, CN-1"),
        ("dispute_opened", {"amount_minor": 999, "reason": "fraudulent"}, "$9.99"),
        ("invoice_charged", {"invoice": "INV-1", "payment": "pay-1"}, "INV-1"),
    ],
)
def test_says_which_one_and_why(action: str, details: dict[str, object], more: str) -> None:
    assert more_of(SecurityEvent(NOW, action, By.OWNER, details)) == more

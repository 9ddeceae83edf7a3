"""Each settled payment has one effect."""

from collections.abc import Callable

import pytest

from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice
from app.domain.payments.models import Payment
from app.domain.subscriptions.models import PlanChange
from app.foundation.database import session
from tests.factories.rows import VALID
from tests.factories.subscriptions import current_period
from tests.moments import NOW
from tests.tampering import lines_after

Told = Callable[..., list[str]]
ENTRY = (
    "INSERT INTO token_entries (user_id, kind, tokens, granted_tokens, balance_after, source, note,"
    " created_at) VALUES ('ada', 'top_up', 5, 0, 5, '{source}', '', '2026-11-22')"
)
BOOKED = ENTRY.format(source="payment:pay-1")


@pytest.fixture
def told(ada: Account, ben: Account) -> Told:
    """Ada has bought tokens with one payment and switched her plan with another."""
    change = {**VALID["plan_changes"], "user_id": "ada", "status": "applied"}
    session.add(PlanChange(**{**change, "period_id": current_period("ada").id}))
    session.flush()
    for number, purpose in enumerate(("topup", "plan_change"), start=1):
        invoice = {
            **VALID["invoices"],
            "id": number,
            "public_id": f"inv-{number}",
            "invoice_number": f"INV-{number}",
            "user_id": "ada",
            "kind": "topup" if purpose == "topup" else "subscription",
            "plan_change_id": None if purpose == "topup" else 1,
            "credit_used_minor": 0,
            "status": "paid",
            "paid_at": NOW,
        }
        session.add(Invoice(**invoice))
        session.flush()
        session.add(Payment(**_payment(number, purpose=purpose, invoice_id=number)))
    session.commit()
    return lambda *tampering: [line for line in lines_after(*tampering) if "payment" in line]


def _payment(number: int, **changes: object) -> dict[str, object]:
    return {
        **VALID["payments"],
        "id": number,
        "public_id": f"pay-{number}",
        "user_id": "ada",
        "payment_method_id": None,
        "idempotency_key": f"key-{number}",
        "provider_session": f"cs-{number}",
        "provider_payment": f"pi-{number}",
        "status": "settled",
        "settled_at": NOW,
        "amount_minor": 95,
        "refunded_minor": 0,
        **changes,
    }


def test_finds_nothing_where_each_had_its_effect(told: Told) -> None:
    assert told(BOOKED) == []


def test_tells_a_top_up_whose_tokens_are_nowhere(told: Told) -> None:
    line = "payment pay-1 of ada is settled, its tokens are not booked"
    assert told() == [line]
    for other in ("payment:1", "payment:pay-10", "pay-1"):
        assert told(ENTRY.format(source=other)) == [line]
    assert told(BOOKED.replace("'ada'", "'ben'")) == [line]


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE payments SET status = 'failed', settled_at = NULL WHERE id = 1",
        "UPDATE payments SET is_overpayment = true WHERE id = 1",
    ],
)
def test_tells_tokens_that_were_never_paid(told: Told, tampering: str) -> None:
    line = "payment pay-1 of ada bought nothing, but its tokens are booked"
    assert line in told(BOOKED, tampering)


@pytest.mark.parametrize("status", ["open", "lapsed", "refunded"])
def test_tells_an_upgrade_that_was_paid_and_not_applied(told: Told, status: str) -> None:
    lines = told(BOOKED, f"UPDATE plan_changes SET status = '{status}'")
    assert lines == [f"payment pay-2 of ada is settled, its change of plan is {status}"]


def test_tells_an_invoice_that_two_payments_have_paid(told: Told) -> None:
    halves = (
        "UPDATE payments SET amount_minor = 45, invoice_id = 2, purpose = 'invoice' WHERE id = 1",
        "UPDATE payments SET amount_minor = 50 WHERE id = 2",
        "UPDATE invoices SET status = 'issued', paid_at = NULL WHERE id = 1",
    )
    assert told(*halves) == ["invoice inv-2 of ada was paid by 2 payments"]


def test_a_paid_renewal_is_out_of_its_grace(told: Told) -> None:
    period = current_period("ada").id
    in_grace = f"UPDATE subscription_periods SET grace_ends_at = ends_at WHERE id = {period}"
    renewal = f"UPDATE invoices SET period_id = {period} WHERE id = 2"
    told_of = [line for line in lines_after(renewal, in_grace) if "grace" in line]
    assert told_of == [f"invoice inv-2 of ada is paid, its period {period} is still in grace"]
    unpaid = "UPDATE invoices SET status = 'issued', paid_at = NULL WHERE id = 2"
    assert [line for line in lines_after(renewal, in_grace, unpaid) if "grace" in line] == []
    assert [line for line in lines_after(renewal) if "grace" in line] == []

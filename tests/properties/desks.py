"""What is done at the providers' own desks: money given back, and payments that are contested."""

from collections.abc import Iterator

from app.adapters.stripe_words import METADATA
from app.sandbox.paypal import disputes as paypal_disputes
from app.sandbox.paypal import money as paypal_money
from app.sandbox.paypal import refunds as paypal_refunds
from app.sandbox.paypal.work import CAPTURE, DISPUTE, PayPalWork
from app.sandbox.stripe import disputes, refunds
from app.sandbox.stripe.work import Work
from tests.properties.unreliable_world import World

MINOR = 234
# How PayPal decides, and how much is contested there: more often lost, and perhaps a part.
DECISIONS = (paypal_disputes.LOST, paypal_disputes.LOST, paypal_disputes.WON)
PARTS = (None, 321)


def give_back(world: World, ours: set[str]) -> bool:
    """Give some of one of the payments back; one that may not be says no."""
    with world.sandbox.work() as work:
        for charge in _charges(work, ours):
            if charge["amount"] - charge["amount_refunded"] >= MINOR:
                refunds.add(work, charge, {"amount": MINOR})
            return True
    with world.sandbox.paypal_work() as work:
        for capture in _captures(work, ours):
            amount = paypal_money.of_cents(MINOR, "USD")
            paypal_refunds.create(work, capture["id"], {"amount": amount})
            return True
    return False


def contest(world: World, ours: set[str]) -> str:
    """Contest one of the payments, and return the dispute's id; nothing if none was made."""
    with world.sandbox.work() as work:
        for charge in _charges(work, ours):
            return disputes.begin(work, charge)["id"]
    with world.sandbox.paypal_work() as work:
        for capture in _captures(work, ours):
            cents = world.dice.choice(PARTS)
            return paypal_disputes.begin(work, capture, cents=cents)["dispute_id"]
    return ""


def decide(world: World, dispute_id: str) -> bool:
    """Let the dispute be lost, or at PayPal perhaps be won; tell whether there was one."""
    with world.sandbox.work() as work:
        dispute = work.find("dispute", dispute_id)
        if dispute is not None:
            disputes.decide(work, dispute, disputes.LOST)
            return True
    with world.sandbox.paypal_work() as work:
        dispute = work.find(DISPUTE, dispute_id)
        # Money that we have given back meanwhile has decided it.
        if dispute is not None and dispute["status"] != paypal_disputes.RESOLVED:
            paypal_disputes.decide(work, dispute, world.dice.choice(DECISIONS))
    return dispute is not None


def _captures(work: PayPalWork, ours: set[str]) -> Iterator[dict]:
    taken = (each for each in work.newest(CAPTURE) if each["custom_id"] in ours)
    return (each for each in taken if each["status"] == "COMPLETED")


def _charges(work: Work, ours: set[str]) -> list[dict]:
    paid = [charge for charge in work.newest("charge") if charge["paid"]]
    return [charge for charge in paid if _paid_for(work, charge) in ours]


def _paid_for(work: Work, charge: dict) -> str | None:
    intent = work.find("payment_intent", charge["payment_intent"])
    return intent["metadata"].get(METADATA) if intent else None

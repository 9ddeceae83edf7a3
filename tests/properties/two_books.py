"""The providers' books and ours: what stands in one of them only, and what still waits."""

from collections import Counter
from collections.abc import Iterator

import sqlalchemy as sa

from app.domain.invoices.models import Invoice
from app.domain.payments import rules
from app.domain.payments.models import Dispute, Payment, ProviderEvent, Refund
from app.foundation.database import end_reading, session
from app.foundation.journal import JournalEntry
from app.foundation.outbox import OutboxEntry
from app.sandbox.paypal import money as paypal_money
from app.sandbox.paypal.disputes import REVERSAL
from app.sandbox.paypal.work import CAPTURE, REFUND
from tests.properties.unreliable_world import World

# What a provider calls it, and how many cents it is.
Books = dict[tuple[str, str], int]


def payments_there(world: World) -> Books:
    with world.sandbox.work() as work:
        books = {
            ("stripe", charge["payment_intent"]): charge["amount"]
            for charge in work.newest("charge")
            if charge["paid"]
        }
    with world.sandbox.paypal_work() as work:
        taken = (each for each in work.newest(CAPTURE) if each["status"] != "DECLINED")
        return books | {("paypal", each["id"]): _cents(each) for each in taken}


def refunds_there(world: World) -> Books:
    with world.sandbox.work() as work:
        books = {
            ("stripe", refund["id"]): refund["amount"]
            for refund in work.newest("refund")
            if refund["status"] == "succeeded"
        }
    with world.sandbox.paypal_work() as work:
        # What was reversed is the money of a dispute, told of a second time.
        made = (each for each in work.newest(REFUND) if each.get("note_to_payer") != REVERSAL)
        return books | {("paypal", each["id"]): _cents(each) for each in made}


def _cents(body: dict) -> int:
    return paypal_money.cents(body["amount"])


def settled_here() -> list[Payment]:
    end_reading()
    session.expire_all()
    return session.query(Payment).filter_by(status="settled").order_by(Payment.id).all()


def refunds_here() -> Books:
    settled = sa.select(Payment.provider, Refund.provider_refund, Refund.amount_minor)
    rows = session.execute(settled.join(Payment).where(Refund.status == "settled"))
    return {(provider, refund): minor for provider, refund, minor in rows}


def differences(world: World) -> Iterator[str]:
    """Say what is not in our books as it is in the providers', or stands there twice."""
    settled, there = settled_here(), payments_there(world)
    here = [(payment.provider, payment.provider_payment) for payment in settled]
    for payment, times in Counter(here).items():
        if times > 1:
            yield f"settled twice: {payment} has settled {times} attempts"
    ours = {
        (payment.provider, payment.provider_payment): payment.amount_minor for payment in settled
    }
    for key in sorted(there.keys() | ours.keys()):
        if there.get(key) != ours.get(key):
            yield f"payment {key}: {there.get(key)} cents there, {ours.get(key)} here"
    there, ours = refunds_there(world), refunds_here()
    for key in sorted(there.keys() | ours.keys()):
        if there.get(key) != ours.get(key):
            yield f"refund {key}: {there.get(key)} cents there, {ours.get(key)} here"
    yield from _settled_more_than_once(settled)
    yield from _paid_without_money(settled)


def _settled_more_than_once(settled: list[Payment]) -> Iterator[str]:
    """Each settled attempt has been noted once, as what it is."""
    acts = ("payment_settled", "overpayment_received")
    noted = Counter(
        entry.details["payment"]
        for entry in session.query(JournalEntry).filter(JournalEntry.action.in_(acts))
    )
    for payment in settled:
        if noted[payment.public_id] != 1:
            yield f"settled twice: {payment.public_id} was settled {noted[payment.public_id]} times"


def _paid_without_money(settled: list[Payment]) -> Iterator[str]:
    """An invoice is paid exactly as long as we keep money for it."""
    kept: Counter[int] = Counter()
    lost = session.query(Dispute).filter_by(status="lost")
    lost_minor = {dispute.payment_id: dispute.amount_minor for dispute in lost}
    for payment in settled:
        back = payment.refunded_minor + lost_minor.get(payment.id, 0)
        kept[payment.invoice_id] += payment.amount_minor - back
    for invoice in session.query(Invoice):
        if (invoice.status == "paid") != (kept[invoice.id] > 0):
            yield f"{invoice.public_id} is {invoice.status}, and {kept[invoice.id]} cents are kept"


def left_over() -> Iterator[str]:
    """Say what still waits for something."""
    undecided = [status.value for status in rules.UNDECIDED]
    for payment in session.query(Payment).filter(Payment.status.in_(undecided)):
        yield f"{payment.provider} {payment.method} {payment.public_id} is {payment.status}"
    undecided = [status.value for status in rules.REFUND_UNDECIDED]
    for refund in session.query(Refund).filter(Refund.status.in_(undecided)):
        yield f"refund {refund.id} is {refund.status}"
    for event in session.query(ProviderEvent).filter_by(status="waiting"):
        yield f"{event.event_type} waits: {event.last_error}"
    for entry in session.query(OutboxEntry).filter_by(done_at=None):
        yield f"{entry.kind} {entry.payload} waits: {entry.last_error}"
    end_reading()

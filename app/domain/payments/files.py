"""All that is known of one attempt to pay, for operators. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.domain.accounts.rules import UNSTORABLE
from app.domain.invoices import reasons
from app.domain.payments import queries
from app.domain.payments.dispute_files import DisputeView, disputes_of_payment
from app.domain.payments.errors import UnknownPayment
from app.domain.payments.gateway import DisputeStatus
from app.domain.payments.models import Payment, Refund
from app.domain.payments.rules import MADE_UP, REFUND_UNDECIDED, is_made_up
from app.domain.payments.views import PaymentView, RefundView
from app.foundation.database import session
from app.foundation.sentences import Sentence, say


@dataclass(frozen=True, slots=True)
class PaymentFile:
    """An attempt to pay, what its provider calls it, and what became of its money."""

    payment: PaymentView
    # checkout, off_session or on_session.
    method: str
    provider_session: str | None
    provider_payment: str | None
    updated_at: datetime
    refunds: tuple[RefundView, ...]
    disputes: tuple[DisputeView, ...]

    @property
    def is_contested(self) -> bool:
        """Tell whether nobody has decided yet where the money goes."""
        return any(dispute.status == DisputeStatus.OPEN for dispute in self.disputes)

    @property
    def never_refunded(self) -> Sentence | None:
        """Return why its money can never be sent back, None if it may."""
        return MADE_UP if is_made_up(self.provider_payment) else None

    @property
    def on_its_way_minor(self) -> int:
        """Return how much is on its way back."""
        return sum(each.amount_minor for each in self.refunds if each.status in REFUND_UNDECIDED)

    @property
    def left_minor(self) -> int:
        """Return how much is ours: not given back, on its way back, or lost in a dispute."""
        lost = (each.amount_minor for each in self.disputes if each.status == DisputeStatus.LOST)
        gone_minor = self.payment.refunded_minor + self.on_its_way_minor + sum(lost)
        return max(self.payment.amount_minor - gone_minor, 0)


def payment_file(public_id: str) -> PaymentFile:
    """Return an attempt of whichever account. Raises UnknownPayment."""
    named = select(Payment).where(Payment.public_id == public_id)
    refreshed = named.execution_options(populate_existing=True)
    # Databases do not even let us ask for some characters; nothing is called so.
    row = None if UNSTORABLE.search(public_id) else session.scalar(refreshed)
    if row is None:
        raise UnknownPayment(say("There is no payment with this id."))
    return PaymentFile(
        payment=queries.payments_of_rows([row.id])[0],
        method=row.method,
        provider_session=row.provider_session,
        provider_payment=row.provider_payment,
        updated_at=row.updated_at,
        refunds=_refunds(row),
        disputes=disputes_of_payment(public_id),
    )


def _refunds(payment: Payment) -> tuple[RefundView, ...]:
    theirs = select(Refund).where(Refund.payment_id == payment.id).order_by(Refund.id.desc())
    return tuple(
        RefundView(
            payment.provider,
            row.amount_minor,
            row.status,
            reasons.read_again(row.reason),
            row.created_at,
        )
        for row in session.scalars(theirs.execution_options(populate_existing=True))
    )

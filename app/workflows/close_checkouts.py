"""Close the checkouts of an invoice that may not be paid any more."""

from datetime import datetime

from app.domain.payments import queries
from app.domain.payments.gateway import Gateways, PaymentOutcome
from app.foundation.database import end_reading, transaction
from app.workflows.settle_payment import settle_payment


def close_checkouts(invoice_id: str, *, gateways: Gateways, now: datetime) -> None:
    """Have the open pages of an invoice (by its id) closed, and take in how each has ended.

    Money that was faster comes back as an overpayment. Raises ProviderUnreachable.
    """
    pages = queries.open_pages(invoice_id)
    end_reading()
    for provider, page in pages:
        gateway = gateways.get(provider)
        outcome = None if gateway is None else gateway.expire_checkout(page)
        if isinstance(outcome, PaymentOutcome):
            with transaction():
                settle_payment(outcome, now=now)

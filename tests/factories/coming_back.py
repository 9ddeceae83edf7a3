"""Coming back from a provider's page, as the page does on which payments are shown."""

from datetime import datetime

from app.domain.accounts.models import Account
from app.domain.payments import queries
from app.domain.payments.gateway import Gateways
from app.domain.payments.views import PaymentView
from app.workflows.confirm_payment import confirm_payment


def back_from_page(
    payment_id: str, account: Account, *, gateways: Gateways, now: datetime
) -> PaymentView:
    """Return the account's payment as its page shows it then. Raises UnknownPayment."""
    payment = queries.payment_of(account, payment_id)
    confirm_payment(payment, gateways=gateways, now=now)
    return queries.payment_of(account, payment_id)

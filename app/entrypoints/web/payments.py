"""Where the provider sends customers back to: the payment is confirmed by asking the provider."""

from flask import Blueprint, Response, redirect, url_for
from flask.typing import ResponseReturnValue

from app.domain.accounts.models import Account
from app.domain.accounts.rules import zone
from app.domain.payments import queries as payments
from app.domain.payments.declines import known_reason
from app.domain.payments.views import PaymentView
from app.entrypoints.gateways import (
    gateways,
    gateways_for_news,
    let_forms_lead_to_providers,
)
from app.entrypoints.web.responding import respond
from app.entrypoints.web.signing_in import require_sign_in, signed_in_account
from app.foundation import clock
from app.workflows.begin_checkout import BACK
from app.workflows.confirm_payment import confirm_payment

pages = Blueprint("payments", __name__)
pages.before_request(require_sign_in)


@pages.get("/payments/<payment_id>")
def show(payment_id: str) -> ResponseReturnValue:
    """Show where a payment stands; while it is undecided the page asks again by itself."""
    account = signed_in_account()
    payment = payments.payment_of(account, payment_id)
    if confirm_payment(payment, gateways=gateways_for_news(account), now=clock.now()):
        # What has settled it is no page: it leads to one, without what the provider has added to
        # the address.
        return redirect(url_for(".show", payment_id=payment_id), 303)
    return _shown(payment, account)


def _shown(payment: PaymentView, account: Account) -> Response:
    response = respond(
        "web/payments/show.html",
        "web/payments/_payment.html",
        payment=payment,
        reason=known_reason(payment.decline_code),
        # Where a purchase is seen once it is paid; an invoice has a page of its own.
        back=BACK.get(payment.purpose),
        # Where another try is offered.
        providers=sorted(gateways()),
        local=zone(account.timezone),
    )
    return let_forms_lead_to_providers(response)

"""Pay with a saved card: its owner is here, and has said that it is to pay for what he buys.

The attempt is written down, then the provider is asked like for every charge of a saved card; what
is lost on the way, the sweep of reconcile_payments finds.
"""

import logging
from datetime import datetime

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.invoices import queries as invoices
from app.domain.invoices.errors import InvoiceNotPayable
from app.domain.invoices.models import Invoice
from app.domain.payments import operations, queries
from app.domain.payments.errors import (
    CardNotUsable,
    OutcomeImpossible,
    OutcomeMismatch,
    ProviderUnreachable,
)
from app.domain.payments.models import Payment
from app.domain.payments.top_ups import PURPOSE, find_charge
from app.foundation import journal
from app.foundation.database import transaction
from app.foundation.sentences import say
from app.workflows.begin_checkout import check_gets_another, hear_of_page
from app.workflows.charge_saved_card import charge_saved_card
from app.workflows.switch_plan import Shop

log = logging.getLogger(__name__)


def pay_with_card(
    account: Account, reference: str, *, card_id: int, shop: Shop, now: datetime
) -> str:
    """Have the saved card charged for a top-up that was drawn up; return the payment's id.

    However often it is asked for, a purchase is charged once: a charge that has paid, or may yet,
    is the one that is returned. A decline is an outcome of the payment, and so is no answer.
    Raises DeletionPending, UnknownInvoice, InvoiceNotPayable and CardNotUsable.
    """
    unknown = hear_of_page(account, reference, asked=shop.asked, now=now)
    with transaction():
        accounts.lock_buyer(account.id)
        shop.look_again()
        earlier = find_charge(account, reference)
        if earlier is not None and earlier.holds:
            return earlier.payment_id
        draft = invoices.top_up_draft(account, reference)
        public_id = write_charge(
            draft, purpose=PURPOSE, card_id=card_id, unknown=unknown, now=now
        ).public_id
    charge_now(public_id, shop=shop, now=now)
    return public_id


def charge_now(public_id: str, *, shop: Shop, now: datetime) -> None:
    """Have the card charged as it was written down; what stays unknown, the sweep asks about."""
    try:
        charge_saved_card(public_id, gateways={shop.gateway.provider: shop.gateway}, now=now)
    except ProviderUnreachable:
        log.info("Nobody knows yet what became of %s; the sweep will ask.", public_id)
    except (OutcomeMismatch, OutcomeImpossible) as error:
        # The customer cannot do anything about it; the sweep tells it again and again.
        log.error("Payment %s cannot be decided: %s", public_id, error.message)


def write_charge(
    draft: Invoice, *, purpose: str, card_id: int, unknown: str | None, now: datetime
) -> Payment:
    """Write down that the card is to pay a draft; its account is locked.

    Raises InvoiceNotPayable and CardNotUsable.
    """
    # Nothing else is to pay it, or to have paid it unheard of: money that came twice would have to
    # be sent back.
    if queries.may_be_paid(draft, now=now):
        raise InvoiceNotPayable(
            say("A payment page for this purchase is open. Pay it there, or begin a new purchase.")
        )
    check_gets_another(draft, purpose=purpose, unknown=unknown, now=now)
    card = queries.card_to_charge(draft.user_id)
    # He is charged by the card that he has seen, or by none.
    if card is None or card.id != card_id:
        raise CardNotUsable(say("Your saved card has changed. Please look which one it is now."))
    due_minor = draft.final_minor - draft.credit_used_minor
    payment = operations.add_on_session(
        draft, purpose=purpose, card=card, amount_minor=due_minor, now=now
    )
    details = {"payment": payment.public_id, "amount_minor": due_minor}
    actor, user_id = f"customer:{draft.user_id}", draft.user_id
    journal.write(f"{purpose}_charged", actor=actor, user_id=user_id, now=now, details=details)
    return payment

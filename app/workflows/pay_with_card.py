"""Pay with a saved card: its owner is here, and has said that it is to pay for extra tokens.

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
from app.domain.payments import operations, queries, rules
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
    with transaction():
        accounts.lock_buyer(account.id)
        shop.look_again()
        earlier = find_charge(account, reference)
        if earlier is not None and earlier.holds:
            return earlier.payment_id
        draft = invoices.top_up_draft(account, reference)
        public_id = _attempt(draft, card_id=card_id, now=now).public_id
    try:
        charge_saved_card(public_id, gateways={shop.gateway.provider: shop.gateway}, now=now)
    except ProviderUnreachable:
        log.info("Nobody knows yet what became of %s; the sweep will ask.", public_id)
    except (OutcomeMismatch, OutcomeImpossible) as error:
        # The customer cannot do anything about it; the sweep tells it again and again.
        log.error("Payment %s cannot be decided: %s", public_id, error.message)
    return public_id


def _attempt(draft: Invoice, *, card_id: int, now: datetime) -> Payment:
    # Nothing else is to pay it, or to have paid it unheard of: money that came twice would have to
    # be sent back.
    if queries.is_undecided(draft):
        raise InvoiceNotPayable(
            say("A payment page for this purchase is open. Pay it there, or begin a new purchase.")
        )
    if not rules.gets_another_page(PURPOSE, drawn_up_at=draft.created_at, now=now):
        raise InvoiceNotPayable(
            say("The amounts of this purchase do not hold any longer. Begin it anew.")
        )
    card = queries.card_to_charge(draft.user_id)
    # He is charged by the card that he has seen, or by none.
    if card is None or card.id != card_id:
        raise CardNotUsable(say("Your saved card has changed. Please look which one it is now."))
    payment = operations.add_on_session(
        draft, purpose=PURPOSE, card=card, amount_minor=draft.final_minor, now=now
    )
    details = {"payment": payment.public_id, "amount_minor": draft.final_minor}
    actor, user_id = f"customer:{draft.user_id}", draft.user_id
    journal.write("topup_charged", actor=actor, user_id=user_id, now=now, details=details)
    return payment

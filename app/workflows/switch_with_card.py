"""Switch the plan and pay with a saved card: its owner is here, and has seen what it comes to."""

from datetime import datetime

from app.domain.accounts.models import Account
from app.domain.payments import queries as payments
from app.domain.payments.top_ups import find_charge
from app.domain.subscriptions.errors import ChangeInProgress
from app.foundation.database import transaction
from app.foundation.sentences import say
from app.workflows.begin_checkout import PROCESSING
from app.workflows.pay_with_card import charge_now, write_charge
from app.workflows.switch_plan import PURPOSE, Agreed, Shop, accepted_draft, hear_of_waiting


def switch_with_card(
    account: Account, plan_id: str, *, card_id: int, shop: Shop, agreed: Agreed, now: datetime
) -> str | None:
    """Have the saved card charged for the switch; return the payment's id, None if nothing is due.

    However often it is asked for, a change is charged once: a charge that may yet pay is the one
    that is returned. A decline is an outcome of the payment, and so is no answer. Raises what
    switch_plan raises before a provider is asked, and CardNotUsable.
    """
    unknown = hear_of_waiting(account, shop=shop, now=now)
    with transaction():
        draft = accepted_draft(account, plan_id, shop=shop, agreed=agreed, unknown=unknown, now=now)
        if draft is None:
            return None
        earlier = find_charge(account, draft.public_id)
        if earlier is not None and earlier.is_under_way:
            return earlier.payment_id
        if payments.is_processing(draft):
            raise ChangeInProgress(PROCESSING)
        if payments.may_be_paid(draft, now=now):
            raise ChangeInProgress(
                say("A payment page for this change is open. Pay it there, or give it up first.")
            )
        public_id = write_charge(
            draft, purpose=PURPOSE, card_id=card_id, unknown=None, now=now
        ).public_id
    charge_now(public_id, shop=shop, now=now)
    return public_id

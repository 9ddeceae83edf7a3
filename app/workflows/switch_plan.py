"""Switch the plan: at once when it is paid, at the period's end when it costs no more.

What is accepted is fixed: amounts, coupons, credit and quota are held by a draft invoice until
the money comes, or until its page closes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.invoices import operations as invoices
from app.domain.invoices import queries as invoice_queries
from app.domain.invoices import reasons
from app.domain.invoices.errors import InvoiceNotPayable
from app.domain.invoices.models import Invoice
from app.domain.invoices.operations import Seller
from app.domain.payments.consent import Consent
from app.domain.payments.gateway import Gateways, PaymentGateway
from app.domain.payments.top_ups import find_charge
from app.domain.payments.waiting_changes import WayOn, tried_for_change
from app.domain.subscriptions import operations as subscriptions
from app.domain.subscriptions import plan_changes
from app.domain.subscriptions import queries as subscription_queries
from app.domain.subscriptions.errors import ChangeInProgress
from app.domain.subscriptions.models import PlanChange
from app.foundation import journal
from app.foundation.database import transaction
from app.foundation.sentences import say
from app.workflows.begin_checkout import (
    PROCESSING,
    Checkout,
    hear_of_page,
    pay_draft,
    refuse_unheard_of,
)
from app.workflows.complete_purchase import complete_purchase
from app.workflows.lapse_purchase import give_up_change
from app.workflows.preview_coupon import preview_renewal
from app.workflows.preview_switch import SwitchPreview, preview_switch
from app.workflows.tell_of_plan import SCHEDULED, tell_of_plan

PURPOSE = "plan_change"


@dataclass(frozen=True, slots=True)
class Shop:
    """Who sells, through whom he is paid, and where customers come back to.

    What became of an earlier page is `asked` of its provider, if it is among them. Once the
    account of a buyer is held, and before anything is sold, `look` may refuse him.
    """

    gateway: PaymentGateway
    asked: Gateways
    base_url: str
    seller: Seller
    grace: timedelta
    look: Callable[[], None] | None = None

    def look_again(self) -> None:
        """Refuse a buyer who was let in, and is no longer to be."""
        if self.look is not None:
            self.look()


@dataclass(frozen=True, slots=True)
class Agreed:
    """What was shown, and is agreed to: as of which moment, and all that it comes to."""

    previewed_at: datetime | None = None
    # As a preview says them; without them, nothing may have changed since that moment.
    terms: str | None = None


NOTHING_SHOWN = Agreed()


def switch_plan(
    account: Account,
    plan_id: str,
    *,
    shop: Shop,
    now: datetime,
    agreed: Agreed = NOTHING_SHOWN,
    consent: Consent | None = None,
) -> Checkout | None:
    """Return the page on which the switch is paid, or None if nothing had to be.

    With a consent, the card that pays is saved. Accepting the same plan again finds the page that
    is open. Raises what preview_switch raises, DeletionPending, ChangeInProgress,
    InvoiceNotPayable, ProviderUnreachable and ProviderRefused.
    """
    unknown = hear_of_waiting(account, shop=shop, now=now)

    def find_draft() -> Invoice | None:
        draft = accepted_draft(account, plan_id, shop=shop, agreed=agreed, unknown=unknown, now=now)
        charge = None if draft is None else find_charge(account, draft.public_id)
        if charge is not None and charge.is_under_way:
            raise InvoiceNotPayable(say("Your saved card is being charged for this purchase."))
        return draft

    return pay_draft(
        find_draft,
        purpose=PURPOSE,
        gateway=shop.gateway,
        base_url=shop.base_url,
        consent=consent,
        now=now,
    )


def hear_of_waiting(account: Account, *, shop: Shop, now: datetime) -> str | None:
    """Ask about the page of a change that waits for its money, before it is taken for unpaid.

    Return its payment's id if its provider knows nothing of it. What is over is given up here:
    whoever is then shown other amounts is shown what they come to without it.
    """
    waiting = plan_changes.find_open(account)
    if waiting is None:
        return None
    reference = invoice_queries.draft_of_change(waiting.id).public_id
    unknown = hear_of_page(account, reference, asked=shop.asked, now=now)
    with transaction():
        _give_up_if_over(_buyer(account, shop=shop, now=now), unknown=unknown, now=now)
    return unknown


def accepted_draft(
    account: Account,
    plan_id: str,
    *,
    shop: Shop,
    agreed: Agreed,
    unknown: str | None,
    now: datetime,
) -> Invoice | None:
    """Return the draft on which the switch is paid, None if nothing is; the account is locked.

    `unknown` is what hear_of_waiting has said. Raises what switch_plan raises before a provider
    is asked.
    """
    locked = _buyer(account, shop=shop, now=now)
    waiting = _open_draft(locked, plan_id, agreed=agreed, unknown=unknown, now=now)
    return waiting or _accept(locked, plan_id, shop=shop, agreed=agreed, now=now)


def _buyer(account: Account, *, shop: Shop, now: datetime) -> Account:
    """Lock the account of a buyer who may buy, in the period that runs."""
    locked = accounts.lock_buyer(account.id)
    shop.look_again()
    subscriptions.roll_over_account(locked, now=now, grace=shop.grace)
    return locked


def _give_up_if_over(account: Account, *, unknown: str | None, now: datetime) -> PlanChange | None:
    """Return the change that waits for its money, unless it cannot be paid: then give it up."""
    waiting = plan_changes.find_open(account)
    if waiting is None:
        return None
    draft = invoice_queries.draft_of_change(waiting.id)
    refuse_unheard_of(draft, unknown=unknown, now=now)
    # Once another period or plan runs, whatever is paid for it is only sent back.
    fits = plan_changes.still_fits(waiting, now=now)
    if not tried_for_change(waiting.id, now=now).is_over(fits=fits, now=now):
        return waiting
    reason = reasons.PAGE_CLOSED if fits else reasons.OTHER_PLAN_RUNS
    give_up_change(waiting, account, reason=reason, now=now)
    return None


def _open_draft(
    account: Account, plan_id: str, *, agreed: Agreed, unknown: str | None, now: datetime
) -> Invoice | None:
    """Return the draft of a change to the plan that waits for its money already."""
    waiting = _give_up_if_over(account, unknown=unknown, now=now)
    if waiting is None:
        return None
    tried = tried_for_change(waiting.id, now=now)
    match tried.way_on(plan_id, terms=agreed.terms, fits=True, now=now):
        case WayOn.GOES_ON:
            return invoice_queries.draft_of_change(waiting.id)
        case WayOn.IS_REPLACED:
            give_up_change(waiting, account, reason=reasons.TAKEN_BACK, now=now)
            return None
        case WayOn.IS_ANOTHER:
            raise ChangeInProgress(
                say(
                    "You are paying for another change of plan just now."
                    " Finish it or take it back first."
                )
            )
    if tried.is_on_its_way:
        raise ChangeInProgress(PROCESSING)
    raise ChangeInProgress(
        say(
            "You have begun to pay for this change, and its amounts are held as they were then."
            " Pay it, or give it up first."
        )
    )


def _accept(
    account: Account, plan_id: str, *, shop: Shop, agreed: Agreed, now: datetime
) -> Invoice | None:
    """Fix the switch; return the draft that is to be paid, None if nothing is."""
    preview = preview_switch(
        account,
        plan_id,
        seller_country=shop.seller.country,
        grace=shop.grace,
        now=now,
        previewed_at=agreed.previewed_at,
        terms=agreed.terms,
    )
    if preview.bill is None:
        _schedule(account, preview, grace=shop.grace, now=now)
        return None
    period, _ = subscription_queries.current_pair(account.id)
    accepted = plan_changes.accept(account, preview.change, period_id=period.id, now=now)
    bill = replace(preview.bill, plan_change_id=accepted.id)
    (draft,) = invoices.draw_up([bill], {account.id: account}, seller=shop.seller, now=now)
    _note(account, "plan_change_accepted", preview, now=now)
    if bill.due_minor > 0:
        return draft
    complete_purchase(draft, account, payment=None, now=now)
    return None


def _schedule(account: Account, preview: SwitchPreview, *, grace: timedelta, now: datetime) -> None:
    plan_id = preview.change.after.plan_id
    if subscription_queries.running_subscription(account.id).pending_plan_id == plan_id:
        # Accepted before, in another tab.
        return
    plan_changes.schedule(account, preview.change, now=now)
    _note(account, "plan_change_scheduled", preview, now=now)
    facts = {
        "from_plan_name": preview.old_plan,
        "to_plan_name": preview.new_plan,
        "at": preview.change.period.ends_at.isoformat(),
        **_what_it_will_cost(account, preview, grace=grace, now=now),
    }
    tell_of_plan(SCHEDULED, account, facts=facts, now=now)


def _what_it_will_cost(
    account: Account, preview: SwitchPreview, *, grace: timedelta, now: datetime
) -> Mapping[str, object]:
    """Return what a scheduled plan costs, and what coupons leave of it at first, as of now."""
    terms = subscription_queries.terms_by_plan()
    standing = subscription_queries.subscription_of(account.id, now=now, grace=grace, terms=terms)
    renewal = preview_renewal(account, standing, terms)
    price_minor = preview.change.after.price_minor
    first_minor = price_minor if renewal is None else renewal.left_minor
    return {"price_minor": price_minor, "first_minor": first_minor}


def _note(account: Account, act: str, preview: SwitchPreview, *, now: datetime) -> None:
    change = preview.change
    details: dict[str, object] = {
        "from": change.before.plan_id,
        "to": change.after.plan_id,
        "credit_minor": change.credit_minor,
        "charge_minor": change.charge_minor,
        "due_minor": preview.due_minor,
    }
    actor = f"customer:{account.id}"
    journal.write(act, actor=actor, user_id=account.id, now=now, details=details)

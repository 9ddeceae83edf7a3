"""Switch the plan: at once when it is paid, at the period's end when it costs no more.

What is accepted is fixed: amounts, coupons, credit and quota are held by a draft invoice until
the money comes, or until its page closes.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.invoices import operations as invoices
from app.domain.invoices import queries as invoice_queries
from app.domain.invoices import reasons
from app.domain.invoices.models import Invoice
from app.domain.invoices.operations import Seller
from app.domain.mails import operations as mails
from app.domain.payments import queries as payments
from app.domain.payments.consent import Consent
from app.domain.payments.gateway import Gateways, PaymentGateway
from app.domain.subscriptions import operations as subscriptions
from app.domain.subscriptions import plan_changes
from app.domain.subscriptions import queries as subscription_queries
from app.domain.subscriptions.errors import ChangeInProgress
from app.foundation import journal
from app.foundation.sentences import say
from app.workflows.begin_checkout import Checkout, pay_draft
from app.workflows.complete_purchase import complete_purchase
from app.workflows.lapse_purchase import lapse_purchase
from app.workflows.preview_switch import SwitchPreview, preview_switch

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


def switch_plan(
    account: Account,
    plan_id: str,
    *,
    shop: Shop,
    now: datetime,
    previewed_at: datetime | None = None,
    consent: Consent | None = None,
) -> Checkout | None:
    """Return the page on which the switch is paid, or None if nothing had to be.

    With a consent, the card that pays is saved. Accepting the same plan again finds the page that
    is open. Raises what preview_switch raises, DeletionPending, ChangeInProgress,
    ProviderUnreachable and ProviderRefused.
    """

    def find_draft() -> Invoice | None:
        locked = accounts.lock_buyer(account.id)
        shop.look_again()
        subscriptions.roll_over_account(locked, now=now, grace=shop.grace)
        waiting = _open_draft(locked, plan_id, now=now)
        return waiting or _accept(locked, plan_id, shop=shop, now=now, previewed_at=previewed_at)

    return pay_draft(
        find_draft,
        purpose=PURPOSE,
        gateway=shop.gateway,
        base_url=shop.base_url,
        consent=consent,
        now=now,
    )


def _open_draft(account: Account, plan_id: str, *, now: datetime) -> Invoice | None:
    """Return the draft of a change to the plan that waits for its money already."""
    waiting = plan_changes.find_open(account)
    if waiting is None:
        return None
    draft = invoice_queries.draft_of_change(waiting.id)
    if now >= waiting.lapses_at and not payments.may_be_paid(draft, now=now):
        lapse_purchase(draft.id, reason=reasons.PAGE_CLOSED, now=now)
        return None
    if waiting.to_plan_id != plan_id:
        raise ChangeInProgress(
            say(
                "You are paying for another change of plan just now."
                " Finish it or take it back first."
            )
        )
    return draft


def _accept(
    account: Account, plan_id: str, *, shop: Shop, now: datetime, previewed_at: datetime | None
) -> Invoice | None:
    """Fix the switch; return the draft that is to be paid, None if nothing is."""
    preview = preview_switch(
        account,
        plan_id,
        seller_country=shop.seller.country,
        grace=shop.grace,
        now=now,
        previewed_at=previewed_at,
    )
    if preview.bill is None:
        _schedule(account, preview, now=now)
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


def _schedule(account: Account, preview: SwitchPreview, *, now: datetime) -> None:
    plan_id = preview.change.after.plan_id
    if subscription_queries.running_subscription(account.id).pending_plan_id == plan_id:
        # Accepted before, in another tab.
        return
    plan_changes.schedule(account, preview.change, now=now)
    _note(account, "plan_change_scheduled", preview, now=now)
    at = preview.change.period.ends_at.isoformat()
    mails.write(
        "change_scheduled",
        account,
        # Once a day: nobody fills a mailbox by switching to and fro.
        about=f"{account.id}:{plan_id}:{now:%Y-%m-%d}",
        facts={"from_plan_name": preview.old_plan, "to_plan_name": preview.new_plan, "at": at},
        now=now,
    )


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

"""A change of plan that waits for its money: how it stands, and how it goes on. Reads only."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from app.domain.invoices.models import Invoice
from app.domain.payments.models import Payment
from app.domain.payments.rules import AUTHENTICATION_REQUIRED, UNDECIDED, PaymentStatus
from app.domain.subscriptions.changing import held_terms
from app.domain.subscriptions.models import PlanChange
from app.foundation.database import session

ATTEMPTS_MAX = 60


class WayOn(StrEnum):
    """What becomes of a change that waits for its money when a plan is chosen again."""

    # Nobody pays it any more, or it would only be sent back: it is given up.
    IS_OVER = "is_over"
    # It is what was agreed to now, so it is paid.
    GOES_ON = "goes_on"
    # It comes to something else by now, and holds nothing that would be missed.
    IS_REPLACED = "is_replaced"
    # It is for another plan.
    IS_ANOTHER = "is_another"
    # Its amounts are held: it is to be paid, or to be given up.
    IS_HELD = "is_held"


@dataclass(frozen=True, slots=True)
class TriedForChange:
    """What was tried to pay a change of plan that is not paid."""

    to_plan_id: str
    lapses_at: datetime
    # The provider's page that is open for it.
    page_open: str | None
    # Its customer has paid as far as he can; or his saved card is being asked just now.
    is_on_its_way: bool
    # Money may still come by itself, also by a page of which nobody knows whether it was opened.
    may_be_paid: bool
    # The bank only wants to hear the card's owner.
    awaits_owner: bool
    # The provider of the newest attempt.
    provider: str
    # What was agreed to, and when: so he goes on, whatever a preview would come to by now.
    terms: str
    agreed_at: datetime
    # Coupons or credit, which a new preview has to do without.
    holds_something: bool

    def is_over(self, *, fits: bool, now: datetime) -> bool:
        """Tell whether nobody can pay it any more; without `fits`, another period or plan runs."""
        return not fits or (now >= self.lapses_at and not self.may_be_paid)

    def way_on(self, plan_id: str, *, terms: str | None, fits: bool, now: datetime) -> WayOn:
        """Return what becomes of it when a plan is chosen, with the terms that were agreed to."""
        if self.is_over(fits=fits, now=now):
            return WayOn.IS_OVER
        if self.to_plan_id != plan_id:
            return WayOn.IS_ANOTHER
        if terms is None or terms.startswith(self.terms):
            return WayOn.GOES_ON
        return WayOn.IS_HELD if self.holds_something or self.may_be_paid else WayOn.IS_REPLACED


def tried_for_change(plan_change_id: int, *, now: datetime) -> TriedForChange:
    """Return what was tried to pay a change of plan, in one statement."""
    attempts = (
        select(PlanChange, Invoice, Payment)
        .join(Invoice, Invoice.plan_change_id == PlanChange.id)
        .join(Payment, Payment.invoice_id == Invoice.id)
        .where(PlanChange.id == plan_change_id)
        .order_by(Payment.id.desc())
        .limit(ATTEMPTS_MAX)
    )
    rows = session.execute(attempts.execution_options(populate_existing=True)).all()
    # An attempt is written down together with what it is to pay.
    accepted, draft, newest = rows[0]
    undecided = [each for *_, each in rows if each.status in UNDECIDED]
    may_pay = [each for each in undecided if each.expires_at is None or each.expires_at > now]
    pages = (
        each.checkout_url
        for each in may_pay
        if each.status == PaymentStatus.PENDING and each.expires_at is not None
    )
    return TriedForChange(
        to_plan_id=accepted.to_plan_id,
        lapses_at=accepted.lapses_at,
        page_open=next(pages, None),
        # A page always has its end; whatever has none and is undecided is paid by itself, or not.
        is_on_its_way=any(each.expires_at is None for each in undecided),
        may_be_paid=bool(may_pay),
        awaits_owner=newest.decline_code == AUTHENTICATION_REQUIRED,
        provider=newest.provider,
        terms=terms_held(accepted, draft),
        agreed_at=accepted.accepted_at,
        holds_something=draft.discount_minor + draft.credit_used_minor > 0,
    )


def terms_held(accepted: PlanChange, draft: Invoice) -> str:
    """Return what an accepted change comes to, as the terms of its preview began."""
    return held_terms(
        due_minor=draft.final_minor - draft.credit_used_minor,
        credit_minor=accepted.credit_minor,
        charge_minor=accepted.charge_minor,
        quota_change=accepted.quota_change,
    )

"""A change of plan that waits for its money: how it stands, and how it goes on. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, select

from app.domain.accounts.models import Account
from app.domain.catalog.models import Plan
from app.domain.invoices.models import Invoice
from app.domain.payments.models import Payment
from app.domain.payments.rules import AUTHENTICATION_REQUIRED, UNDECIDED, PaymentStatus
from app.domain.subscriptions import changing
from app.domain.subscriptions.changing import PlanChangeStatus, held_terms
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

    from_plan_id: str
    period_id: int
    to_plan_id: str
    plan_name: str
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

    def fits(self, plan_id: str, *, period_id: int | None) -> bool:
        """Tell whether it would be applied if its money came while that plan and period run."""
        fixed = self.from_plan_id, self.period_id
        return changing.fits(*fixed, plan_id=plan_id, running_period_id=period_id)

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

    def stands_in_the_way(self, plan_id: str, *, terms: str, fits: bool, now: datetime) -> bool:
        """Tell whether choosing a plan with these terms, as a preview says them, does not work."""
        way_on = self.way_on(plan_id, terms=terms, fits=fits, now=now)
        if way_on is WayOn.IS_OVER:
            # What it holds is missing in the preview.
            return self.holds_something
        return self.is_on_its_way or way_on in (WayOn.IS_ANOTHER, WayOn.IS_HELD)


def tried_for_change(plan_change_id: int, *, now: datetime) -> TriedForChange:
    """Return what was tried to pay a change of plan, in one statement."""
    tried = _tried(PlanChange.id == plan_change_id, now=now)
    # An attempt is written down together with what it is to pay.
    assert tried is not None, "nobody waits for money that nobody was asked for"
    return tried


def find_tried(account: Account, *, now: datetime) -> TriedForChange | None:
    """Return what was tried to pay the account's change that waits for its money, if one does."""
    is_open = PlanChange.status == PlanChangeStatus.OPEN
    return _tried(PlanChange.user_id == account.id, is_open, now=now)


def _tried(*conditions: ColumnElement[bool], now: datetime) -> TriedForChange | None:
    attempts = (
        select(PlanChange, Plan.name, Invoice, Payment)
        .join(Plan, Plan.id == PlanChange.to_plan_id)
        .join(Invoice, Invoice.plan_change_id == PlanChange.id)
        .join(Payment, Payment.invoice_id == Invoice.id)
        .where(*conditions)
        .order_by(Payment.id.desc())
        .limit(ATTEMPTS_MAX)
    )
    rows = session.execute(attempts.execution_options(populate_existing=True)).all()
    return _read([_Attempt(*row) for row in rows], now=now) if rows else None


class _Attempt(NamedTuple):
    accepted: PlanChange
    plan_name: str
    draft: Invoice
    payment: Payment


def _read(tried: Sequence[_Attempt], *, now: datetime) -> TriedForChange:
    accepted, plan_name, draft, newest = tried[0]
    undecided = [each for *_, each in tried if each.status in UNDECIDED]
    may_pay = [each for each in undecided if each.expires_at is None or each.expires_at > now]
    pages = (
        each.checkout_url
        for each in may_pay
        if each.status == PaymentStatus.PENDING and each.expires_at is not None
    )
    return TriedForChange(
        from_plan_id=accepted.from_plan_id,
        period_id=accepted.period_id,
        to_plan_id=accepted.to_plan_id,
        plan_name=plan_name,
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

"""Preview a switch of plan: every line with its formula, and what it comes to."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from app.domain.accounts.models import Account
from app.domain.catalog import queries as catalog
from app.domain.catalog.models import PAY_AS_YOU_GO, Plan
from app.domain.invoices import freshness, payers
from app.domain.invoices import queries as invoices
from app.domain.invoices.bills import Bill, plan_bill
from app.domain.invoices.plan_lines import (
    ExplainedDiscount,
    ExplainedLine,
    IdleCoupon,
    carried_lines,
    change_lines,
    explained_discounts,
    idle_coupons,
)
from app.domain.subscriptions import changing, queries
from app.domain.subscriptions.changing import Change, ChangeKind, Standing
from app.domain.subscriptions.errors import PlanNotForSale, PreviewStale
from app.domain.subscriptions.queries import PeriodView, terms_of
from app.foundation.periods import Period
from app.foundation.sentences import say


@dataclass(frozen=True, slots=True)
class SwitchPreview:
    """What a switch costs and gives, as it holds from a moment on."""

    change: Change
    old_plan: str
    new_plan: str
    # As they stand on the invoice, what is too small to be paid by itself taken off again.
    lines: tuple[ExplainedLine, ...]
    # None where the switch takes effect at the period's end and costs nothing now.
    bill: Bill | None
    # The moment whose amounts these are.
    previewed_at: datetime
    # The period that runs; None where nobody has written it yet.
    period_id: int | None

    @property
    def due_minor(self) -> int:
        """Return what has to be paid now."""
        return 0 if self.bill is None else self.bill.due_minor

    @property
    def discounts(self) -> tuple[ExplainedDiscount, ...]:
        """Return what coupons take off it, and how that was worked out."""
        return () if self.bill is None else explained_discounts(self.bill)

    @property
    def idle_coupons(self) -> tuple[IdleCoupon, ...]:
        """Return the redeemed coupons that wait for another invoice, and why."""
        return () if self.bill is None else idle_coupons(self.bill)

    @property
    def terms(self) -> str:
        """Return all that is agreed to as one short text: the same again for the same terms."""
        change, bill = self.change, self.bill
        # A first plan's period begins when it is paid, whenever that is.
        ends_at = "" if change.kind is ChangeKind.BEGIN else change.period.ends_at.isoformat()
        agreed = {
            "kind": change.kind.value,
            "before": change.before.plan_id,
            "after": asdict(change.after),
            "ends_at": ends_at,
            "lines": [explained.line.amount_minor for explained in self.lines],
            "discounts": [[each.discount.code, each.discount.minor] for each in self.discounts],
            "tax_minor": 0 if bill is None else bill.totals.tax_minor,
            "credit_used_minor": 0 if bill is None else bill.credit_used_minor,
        }
        said = json.dumps(agreed, sort_keys=True).encode()
        held = changing.held_terms(
            due_minor=self.due_minor,
            credit_minor=change.credit_minor,
            charge_minor=change.charge_minor,
            quota_change=change.quota_change,
        )
        return held + hashlib.sha256(said).hexdigest()[:32]

    @property
    def effective_at(self) -> datetime:
        """Return when the new plan runs, if it is paid at once."""
        at_end = self.change.kind is ChangeKind.AT_END
        return self.change.period.ends_at if at_end else self.previewed_at


def preview_switch(
    account: Account,
    plan_id: str,
    *,
    seller_country: str,
    grace: timedelta,
    now: datetime,
    previewed_at: datetime | None = None,
    terms: str | None = None,
) -> SwitchPreview:
    """Return what switching to the plan comes to, as of an earlier preview if there was one.

    If it had `terms`, they must be the same still; without them nothing may have changed since.
    Raises UnknownPlan, PlanNotForSale, AlreadyOnPlan, PeriodUnpaid and PreviewStale.
    """
    plan = catalog.plan(plan_id)
    _check_for_sale(plan)
    period = queries.current_period(account.id, now=now, grace=grace)
    moment = changing.moment_of(previewed_at, period_starts_at=period.starts_at, now=now)
    if terms is None:
        _check_fresh(account, plan, previewed_at)
    change = changing.change(standing_in(period), terms_of(plan), now=moment)
    old_plan = catalog.plan(period.terms.plan_id)
    lines = change_lines(change, old_name=old_plan.name, new_name=plan.name, now=moment)
    bill = _bill(account, plan, lines, period, seller_country=seller_country, now=now)
    preview = SwitchPreview(
        change=change,
        old_plan=old_plan.name,
        new_plan=plan.name,
        lines=(*lines, *carried_lines(bill)) if bill else lines,
        bill=bill,
        previewed_at=moment,
        period_id=period.id,
    )
    if terms is not None and preview.terms != terms:
        raise _stale()
    return preview


def _check_for_sale(plan: Plan) -> None:
    if plan.id == PAY_AS_YOU_GO:
        raise PlanNotForSale(
            say(
                "Pay as you go need not be bought: it is what you have without a plan, and what"
                " follows when you cancel one."
            )
        )
    if not plan.is_for_sale:
        raise PlanNotForSale(say("This plan is not on offer."))


def _check_fresh(account: Account, plan: Plan, previewed_at: datetime | None) -> None:
    """Refuse a preview that would come to something else by now, however young it is."""
    if previewed_at is None:
        return
    # Within the same moment nobody knows which of them came first.
    if plan.updated_at >= previewed_at or freshness.has_changed_since(account, previewed_at):
        raise _stale()


def _stale() -> PreviewStale:
    return PreviewStale(say("The amounts have changed. Please look at the new ones first."))


def standing_in(period: PeriodView) -> Standing:
    """Return the period as far as a change of plan depends on it."""
    return Standing(
        period=Period(period.starts_at, period.ends_at),
        terms=period.terms,
        is_unpaid=period.grace_ends_at is not None,
        # Nobody has paid for a period that is not even written yet.
        net_paid_minor=0 if period.id is None else invoices.net_paid_minor(period.id),
    )


def _bill(
    account: Account,
    plan: Plan,
    lines: tuple[ExplainedLine, ...],
    period: PeriodView,
    *,
    seller_country: str,
    now: datetime,
) -> Bill | None:
    if not lines:
        return None
    payer = payers.payer(account, seller_country=seller_country)
    plain = [explained.line for explained in lines]
    return plan_bill(payer, plain, plan_id=plan.id, period_id=period.id, now=now)

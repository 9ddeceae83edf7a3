"""Preview a coupon: what it would take off the invoices that come next. Nothing is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.accounts.models import Account
from app.domain.coupons import queries as coupons
from app.domain.coupons import redeeming
from app.domain.coupons.discounting import OpenUse, discounts
from app.domain.coupons.queries import FoundCoupon
from app.domain.coupons.redeeming import CouponView
from app.domain.coupons.rules import CouponType
from app.domain.invoices import billable, rules
from app.domain.invoices.bills import Payer, usage_bill
from app.domain.invoices.plan_lines import change_lines
from app.domain.subscriptions import changing
from app.domain.subscriptions import queries as subscriptions
from app.domain.subscriptions.known_plans import KnownPlan, known_plan
from app.domain.subscriptions.queries import OpenChange, SubscriptionView
from app.domain.subscriptions.rules import Terms
from app.foundation.periods import BillingMonth
from app.workflows.preview_switch import standing_in
from app.workflows.redeem_coupon import plans_of


class NextInvoice(StrEnum):
    """Which invoice a coupon may act on next."""

    USAGE = "usage"
    RENEWAL = "renewal"
    PURCHASE = "purchase"
    # The renewal, once a plan is chosen that takes over with it.
    NEW_PLAN = "new_plan"


@dataclass(frozen=True, slots=True)
class CouponEffect:
    """What a coupon takes off one invoice, beside those redeemed before it."""

    invoice: NextInvoice
    # When it is due to be issued; None for a plan that is bought now.
    expected_at: datetime | None
    amount_minor: int
    other_discounts_minor: int
    discount_minor: int
    # Those redeemed before that take something off it, in their order.
    codes_before: tuple[str, ...] = ()

    @property
    def left_minor(self) -> int:
        """Return what is left to pay, before tax."""
        return self.amount_minor - self.other_discounts_minor - self.discount_minor


@dataclass(frozen=True, slots=True)
class CouponPreview:
    """What a coupon would give, and the change of plan that waits for its money meanwhile."""

    coupon: CouponView
    tokens_granted: int
    effects: tuple[CouponEffect, ...]
    open_change: OpenChange | None


def preview_coupon(
    found: FoundCoupon,
    account: Account,
    *,
    plan_id: str | None,
    plans: Mapping[str, KnownPlan],
    grace: timedelta,
    now: datetime,
) -> CouponPreview:
    """Return what redeeming the coupon now would give. Raises what redeem_coupon raises.

    `plans` are all that there are.
    """
    terms = {each: plan.terms for each, plan in plans.items()}
    standing = subscriptions.subscription_of(account.id, now=now, grace=grace, terms=terms)
    is_for_sale = plan_id is None or known_plan(plans, plan_id).is_for_sale
    coupon = found.coupon
    redeeming.check_redeemable(
        coupon,
        redeemed_by_account=found.redeemed_by_account,
        plan_ids=plans_of(standing, named=plan_id, is_for_sale=is_for_sale),
        now=now,
    )
    if coupon.type == CouponType.FREE_TOKENS:
        return CouponPreview(coupon, coupon.value, (), standing.open_change)
    uses = (*_open_uses(account), coupons.use_ahead(coupon))
    effects = (
        *_on_usage(account, standing.plan_id, uses, now=now),
        *_on_renewal(uses, standing, terms),
        *_on_chosen_plan(standing, terms.get(plan_id or ""), uses, now=now),
    )
    # What comes first stands first: a plan that is bought now, then by date.
    in_order = sorted(effects, key=lambda effect: effect.expected_at or now)
    return CouponPreview(coupon, 0, tuple(in_order), standing.open_change)


def preview_renewal(
    account: Account, standing: SubscriptionView, terms: Mapping[str, Terms]
) -> CouponEffect | None:
    """Return what all coupons redeemed so far take off the next renewal, if there is one to pay."""
    return next(iter(_on_renewal(_open_uses(account), standing, terms)), None)


def _open_uses(account: Account) -> Sequence[OpenUse]:
    return coupons.open_uses([account.id]).get(account.id, ())


def _on_usage(
    account: Account, plan_id: str, uses: Sequence[OpenUse], *, now: datetime
) -> tuple[CouponEffect, ...]:
    month = BillingMonth.of(now)
    lines = billable.usage_lines([account.id], month)[account.id]
    # Coupons come before tax and credit: to whom the invoice goes is all one to them.
    payer = Payer(account.id, plan_id, buyer={}, uses=uses)
    bill = usage_bill(payer, lines, month=str(month))
    if bill.is_too_small:
        # All of it is carried, and no coupon is used.
        return ()
    amount_minor = bill.totals.amount_minor
    closes_at = rules.closes_at(month)
    return _effect(NextInvoice.USAGE, amount_minor, uses, plan_id, at=closes_at)


def _on_renewal(
    uses: Sequence[OpenUse], standing: SubscriptionView, terms: Mapping[str, Terms]
) -> tuple[CouponEffect, ...]:
    if not standing.auto_renew:
        return ()
    following = standing.pending_plan_id or standing.plan_id
    price_minor, ends_at = terms[following].price_minor, standing.period.ends_at
    return _effect(NextInvoice.RENEWAL, price_minor, uses, following, at=ends_at)


def _on_chosen_plan(
    standing: SubscriptionView, chosen: Terms | None, uses: Sequence[OpenUse], *, now: datetime
) -> tuple[CouponEffect, ...]:
    """Return the effect on the plan that is chosen: prorated like its invoice, or at renewal."""
    # The one that is scheduled already is what the renewal is about.
    known = (standing.plan_id, standing.pending_plan_id)
    if chosen is None or chosen.plan_id in known or standing.is_past_due:
        # Nothing can be bought just now.
        return ()
    change = changing.change(standing_in(standing.period), chosen, now=now)
    if change.kind is changing.ChangeKind.AT_END:
        price_minor, ends_at = chosen.price_minor, standing.period.ends_at
        return _effect(NextInvoice.NEW_PLAN, price_minor, uses, chosen.plan_id, at=ends_at)
    lines = change_lines(change, old_name="", new_name="", now=now)
    amount_minor = sum(explained.line.amount_minor for explained in lines)
    return _effect(NextInvoice.PURCHASE, amount_minor, uses, chosen.plan_id, at=None)


def _effect(
    invoice: NextInvoice,
    amount_minor: int,
    uses: Sequence[OpenUse],
    plan_id: str,
    *,
    at: datetime | None,
) -> tuple[CouponEffect, ...]:
    if rules.is_too_small(amount_minor):
        return ()
    given = discounts(amount_minor, uses, plan_id=plan_id)
    # The one that is previewed has no row yet.
    ours = sum(discount.minor for discount in given if discount.usage_id == 0)
    others = sum(discount.minor for discount in given) - ours
    before = tuple(discount.code for discount in given if discount.usage_id)
    return (CouponEffect(invoice, at, amount_minor, others, ours, before),)

"""Preview a coupon: what it would take off the invoices that come next. Nothing is stored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.accounts.models import Account
from app.domain.catalog import queries as catalog
from app.domain.catalog.models import Plan
from app.domain.coupons import queries as coupons
from app.domain.coupons import redeeming
from app.domain.coupons.discounting import OpenUse, discounts
from app.domain.coupons.redeeming import CouponView
from app.domain.coupons.rules import CouponType
from app.domain.invoices import payers, rules
from app.domain.invoices import queries as invoices
from app.domain.invoices.bills import Payer, usage_bill
from app.domain.invoices.plan_lines import change_lines
from app.domain.subscriptions import changing
from app.domain.subscriptions import queries as subscriptions
from app.domain.subscriptions.queries import SubscriptionView
from app.foundation.periods import BillingMonth
from app.workflows.preview_switch import standing_in
from app.workflows.redeem_coupon import plans_of


class NextInvoice(StrEnum):
    """Which invoice a coupon may act on next."""

    USAGE = "usage"
    RENEWAL = "renewal"
    PURCHASE = "purchase"


@dataclass(frozen=True, slots=True)
class CouponEffect:
    """What a coupon takes off one invoice, beside those redeemed before it."""

    invoice: NextInvoice
    # When it is due to be issued; None for a plan that is bought now.
    expected_at: datetime | None
    amount_minor: int
    other_discounts_minor: int
    discount_minor: int

    @property
    def left_minor(self) -> int:
        """Return what is left to pay, before tax."""
        return self.amount_minor - self.other_discounts_minor - self.discount_minor


@dataclass(frozen=True, slots=True)
class CouponPreview:
    """What a coupon would give."""

    coupon: CouponView
    tokens_granted: int
    effects: tuple[CouponEffect, ...]


def preview_coupon(
    code: str, account: Account, *, plan_id: str | None, grace: timedelta, now: datetime
) -> CouponPreview:
    """Return what redeeming the coupon now would give. Raises what redeem_coupon raises."""
    coupon = coupons.view(coupons.coupon_by_code(code))
    redeeming.check_redeemable(
        coupon,
        redeemed_by_account=coupons.redemptions_count(coupon.id, account),
        plan_ids=plans_of(account, named=plan_id, grace=grace, now=now),
        now=now,
    )
    if coupon.type == CouponType.FREE_TOKENS:
        return CouponPreview(coupon, coupon.value, ())
    payer = payers.payer(account, seller_country="")
    standing = subscriptions.subscription_of(account.id, now=now, grace=grace)
    payer = replace(payer, uses=(*payer.uses, coupons.use_ahead(coupon)))
    effects = (
        *_on_usage(account, payer, now=now),
        *_on_renewal(payer.uses, standing, catalog.plans()),
        *_on_purchase(account, plan_id, payer, grace=grace, now=now),
    )
    # What comes first stands first: a plan that is bought now, then by date.
    in_order = sorted(effects, key=lambda effect: effect.expected_at or now)
    return CouponPreview(coupon, 0, tuple(in_order))


def preview_renewal(
    account: Account, standing: SubscriptionView, plans: Iterable[Plan]
) -> CouponEffect | None:
    """Return what all coupons redeemed so far take off the next renewal, if there is one to pay."""
    uses = coupons.open_uses([account.id]).get(account.id, ())
    return next(iter(_on_renewal(uses, standing, plans)), None)


def _on_usage(account: Account, payer: Payer, *, now: datetime) -> tuple[CouponEffect, ...]:
    month = BillingMonth.of(now)
    lines = invoices.usage_lines([account.id], month)[account.id]
    bill = usage_bill(payer, lines, month=str(month))
    if bill.is_too_small:
        # All of it is carried, and no coupon is used.
        return ()
    amount_minor = bill.totals.amount_minor
    closes_at = rules.closes_at(month)
    return _effect(NextInvoice.USAGE, amount_minor, payer.uses, payer.plan_id, at=closes_at)


def _on_renewal(
    uses: Sequence[OpenUse], standing: SubscriptionView, plans: Iterable[Plan]
) -> tuple[CouponEffect, ...]:
    if not standing.auto_renew:
        return ()
    following = standing.pending_plan_id or standing.plan_id
    (plan,) = (plan for plan in plans if plan.id == following)
    ends_at = standing.period.ends_at
    return _effect(NextInvoice.RENEWAL, plan.monthly_price_minor, uses, plan.id, at=ends_at)


def _on_purchase(
    account: Account, plan_id: str | None, payer: Payer, *, grace: timedelta, now: datetime
) -> tuple[CouponEffect, ...]:
    """Return the effect on the plan that is bought now, prorated like its invoice."""
    if plan_id is None or plan_id == payer.plan_id:
        return ()
    period = subscriptions.current_period(account.id, now=now, grace=grace)
    plan = catalog.plan(plan_id)
    if period.terms.plan_id == plan_id or period.grace_ends_at is not None:
        # Nothing can be bought just now.
        return ()
    change = changing.change(standing_in(period), subscriptions.terms_of(plan), now=now)
    lines = change_lines(change, old_name="", new_name=plan.name, now=now)
    amount_minor = sum(explained.line.amount_minor for explained in lines)
    return _effect(NextInvoice.PURCHASE, amount_minor, payer.uses, plan.id, at=None)


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
    return (CouponEffect(invoice, at, amount_minor, others, ours),)

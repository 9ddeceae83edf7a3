"""What somebody got against what he gave and was granted, told from the books alone."""

from typing import TypeVar

from sqlalchemy import ColumnElement, select

from app.domain.accounts import queries as accounts
from app.domain.coupons.models import Coupon, CouponUsage
from app.domain.invoices.models import CarriedAmount, CreditEntry, Invoice
from app.domain.payments.models import Payment
from app.domain.subscriptions.models import SubscriptionPeriod
from app.domain.tokens.models import TokenEntry
from app.domain.usage.models import BillingRecord
from app.foundation.database import session
from app.foundation.money import NANOS_PER_MINOR, PICO_PER_MINOR

R = TypeVar("R")
# A token of a quota is cheapest in the basic plan.
LEAST_PRICE_MINOR, LEAST_PRICE_TOKENS = 999, 100_000
NOT_VOIDED = BillingRecord.status != "voided"


def assert_nothing_for_nothing(user_id: str) -> None:
    """Assert that whatever he did, he got no more than he gave and was granted.

    No second account of his life is kept for this.
    """
    _plans_are_paid(user_id)
    _tokens_are_paid(user_id)


def _plans_are_paid(user_id: str) -> None:
    paid = _rows(Invoice, user_id, Invoice.kind == "subscription", Invoice.status == "paid")
    periods = _rows(SubscriptionPeriod, user_id, SubscriptionPeriod.price_minor > 0)
    # A quota of which nothing is paid is that of a grace: short, and given for nothing.
    quota = sum(period.quota for period in periods if period.grace_ends_at is None)
    created = _rows(CreditEntry, user_id, CreditEntry.kind.not_in(("used", "returned")))
    got = quota * LEAST_PRICE_MINOR // LEAST_PRICE_TOKENS
    got += sum(entry.amount_minor for entry in created)
    gave = sum(invoice.final_minor + invoice.discount_minor for invoice in paid)
    counted = {invoice.id for invoice in paid}
    # What is carried is owed, and stands on no plan's invoice yet.
    carried = _rows(CarriedAmount, user_id, CarriedAmount.kind == "other")
    owed = sum(row.amount_nanos for row in carried if row.invoice_id not in counted)
    gave += owed // NANOS_PER_MINOR
    # Each invoice is rounded by less than a cent.
    assert got <= gave + len(paid), f"{got} cents' worth for {gave} cents"


def _tokens_are_paid(user_id: str) -> None:
    entries = _rows(TokenEntry, user_id, TokenEntry.kind.in_(("top_up", "grant")))
    worth = sum(each.tokens * (each.price_pico or 0) for each in entries if each.kind == "top_up")
    top_ups = _rows(Payment, user_id, Payment.purpose == "topup", Payment.status == "settled")
    assert worth <= sum(payment.amount_minor for payment in top_ups) * PICO_PER_MINOR
    gifts = select(Coupon.value).join(CouponUsage, CouponUsage.coupon_id == Coupon.id)
    gifts = gifts.where(CouponUsage.user_id == user_id, Coupon.type == "free_tokens")
    granted = sum(each.tokens for each in entries if each.kind == "grant")
    assert granted == sum(session.scalars(gifts))
    drawn = sum(record.extra_tokens for record in _rows(BillingRecord, user_id, NOT_VOIDED))
    held = accounts.account(user_id).extra_tokens
    assert drawn + held == sum(each.tokens for each in entries)


def _rows(table: type[R], user_id: str, *conditions: ColumnElement[bool]) -> list[R]:
    return list(session.scalars(select(table).where(table.user_id == user_id, *conditions)))

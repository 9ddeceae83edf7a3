"""What makes a preview's amounts others than they were."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from app.domain.accounts.models import Account, BillingSettings
from app.domain.coupons.models import Coupon, CouponApplication, CouponUsage
from app.domain.invoices.freshness import has_changed_since
from app.domain.invoices.models import CreditEntry, CreditNote, TaxRate
from app.foundation.database import session
from tests.factories.coupon_rows import make_coupon
from tests.factories.payments import make_invoice

SECOND = timedelta(seconds=1)


def redeemed(account: Account, *, at: datetime) -> CouponUsage:
    coupon = session.query(Coupon).one_or_none() or make_coupon()
    coupon.used_count += 1
    usage = CouponUsage(coupon_id=coupon.id, user_id=account.id, redeemed_at=at)
    session.add(usage)
    session.commit()
    return usage


def edited(account: Account, *, at: datetime) -> None:
    redeemed(account, at=at - timedelta(days=1))
    session.query(Coupon).one().updated_at = at


def applied(account: Account, *, at: datetime) -> None:
    _application(account, applied_at=at)


def returned(account: Account, *, at: datetime) -> None:
    _application(account, applied_at=at - timedelta(days=1), returned_at=at)


def credited(account: Account, *, at: datetime) -> None:
    entry = {"kind": "adjustment", "amount_minor": 5, "balance_after_minor": 5, "source": "test"}
    session.add(CreditEntry(user_id=account.id, created_at=at, **entry))


def refunded(account: Account, *, at: datetime) -> None:
    note = {"reason": "", "amount_minor": 1, "tax_minor": 0, "content_digest": ""}
    invoice = make_invoice(account, now=at - timedelta(days=1))
    session.add(
        CreditNote(
            invoice_id=invoice.id,
            user_id=account.id,
            credit_note_number="CN-1",
            issued_at=at,
            **note,
        )
    )


def moved(account: Account, *, at: datetime) -> None:
    session.query(BillingSettings).filter_by(user_id=account.id).one().updated_at = at


def taxed(account: Account, *, at: datetime) -> None:
    session.query(BillingSettings).filter_by(user_id=account.id).one().country = "DE"
    session.add(TaxRate(country="DE", name="VAT", rate_bp=1_900, updated_at=at))


class TestHasChangedSince:
    @pytest.mark.parametrize(
        "change", [redeemed, edited, applied, returned, credited, refunded, moved, taxed]
    )
    def test_notices(self, ada, ben, now: datetime, change: Callable[..., object]) -> None:
        assert not has_changed_since(ada, now - SECOND)
        change(ada, at=now)
        session.commit()
        assert has_changed_since(ada, now - SECOND)
        # What had happened by then was part of the preview.
        assert not has_changed_since(ada, now)
        assert not has_changed_since(ben, now - SECOND)

    def test_leaves_the_tax_of_other_countries_alone(self, ada, now: datetime) -> None:
        session.add(TaxRate(country="DE", name="VAT", rate_bp=1_900, updated_at=now))
        session.commit()
        assert not has_changed_since(ada, now - SECOND)


def _application(account: Account, **moments: datetime) -> None:
    invoice = make_invoice(account, now=moments["applied_at"] - timedelta(days=2))
    usage = redeemed(account, at=moments["applied_at"] - timedelta(days=2))
    session.add(
        CouponApplication(usage_id=usage.id, invoice_id=invoice.id, discount_minor=1, **moments)
    )

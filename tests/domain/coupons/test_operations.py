"""What coupons' uses go through: held by drafts, given back, found in order."""

from datetime import timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.coupons import operations
from app.domain.coupons.discounting import Discount
from app.foundation.database import transaction
from tests.digests import digests
from tests.factories.payments import make_invoice
from tests.factories.redemptions import (
    applications_of,
    make_coupon,
    make_fixed_coupon,
    redeem,
    usage_of,
)
from tests.moments import NOW
from tests.statements import statements

LATER = NOW + timedelta(hours=1)

pytestmark = pytest.mark.usefixtures("app")


class TestApply:
    def test_adds_up_over_several_invoices(self, ada: Account) -> None:
        make_fixed_coupon(minor=1_000)
        redeem("TENOFF", ada)
        usage = usage_of(ada, "TENOFF")
        first, second = make_invoice(ada, minor=40), make_invoice(ada, minor=40)
        with transaction():
            operations.apply([(first.id, Discount(usage.id, "TENOFF", 300, 700))], now=NOW)
        with transaction():
            operations.apply([(second.id, Discount(usage.id, "TENOFF", 700, 0))], now=LATER)
        usage = usage_of(ada, "TENOFF")
        assert (usage.discount_minor, usage.remaining_minor) == (1_000, 0)
        assert usage.used_up_at == LATER

    def test_takes_two_statements_however_many(self, ada: Account, ben: Account) -> None:
        make_fixed_coupon(minor=1_000)
        given = []
        for account in (ada, ben):
            redeem("TENOFF", account)
            usage = usage_of(account, "TENOFF")
            invoice = make_invoice(account, minor=40)
            given.append((invoice.id, Discount(usage.id, "TENOFF", 100, 900)))
        with transaction(), statements() as sent:
            operations.apply(given, now=NOW)
        assert len(sent) == 2
        with transaction(), statements() as sent:
            operations.apply([], now=NOW)
        assert sent == []


class TestGiveBack:
    def test_gives_each_part_back_once(self, ada: Account) -> None:
        make_fixed_coupon(minor=1_500)
        redeem("TENOFF", ada)
        first, second = make_invoice(ada, minor=1_000), make_invoice(ada, minor=1_000)
        assert usage_of(ada, "TENOFF").used_up_at == NOW
        for _ in range(2):
            with transaction():
                operations.give_back(first.id, now=LATER)
        usage = usage_of(ada, "TENOFF")
        assert (usage.discount_minor, usage.remaining_minor, usage.used_up_at) == (500, 1_000, None)
        assert [row.returned_at for row in applications_of(first.id)] == [LATER]
        assert [row.returned_at for row in applications_of(second.id)] == [None]

    def test_lets_a_percentage_act_again(self, ada: Account) -> None:
        make_coupon()
        redeem("SAVE20", ada)
        first = make_invoice(ada, minor=1_000)
        with transaction():
            operations.give_back(first.id, now=LATER)
        assert make_invoice(ada, minor=2_000).discount_minor == 400

    def test_changes_nothing_where_nothing_was_used(self, ada: Account) -> None:
        invoice = make_invoice(ada)
        before = digests()
        with transaction():
            operations.give_back(invoice.id, now=LATER)
        assert digests() == before

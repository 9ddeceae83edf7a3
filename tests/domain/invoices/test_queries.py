"""What the running month comes to is what its invoice will say."""

import pytest

from app.domain.accounts.models import Account
from app.domain.accounts.queries import settings_of
from app.domain.invoices import queries
from app.domain.invoices.errors import UnknownInvoice
from app.domain.invoices.models import TaxRate
from app.domain.usage.operations import add_credit_shortfall, add_shortfall
from app.foundation.database import session, transaction
from app.foundation.periods import BillingMonth
from app.foundation.sentences import in_language
from app.workflows.close_month import close_month
from tests.books import check_books
from tests.factories.payments import make_invoice
from tests.factories.purchases import SELLER, begin_switch, invoices_of
from tests.factories.redemptions import make_coupon, redeem
from tests.factories.usage import make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW

NOVEMBER = BillingMonth(2026, 11)
CLOSES = NOW.replace(month=12, day=1, hour=1)


@pytest.fixture(autouse=True)
def books(app):
    yield
    check_books()


class TestDraftOf:
    @pytest.mark.parametrize(
        ("country", "tax", "is_reversed"), [("DE", 456, False), ("FR", 0, True)]
    )
    def test_says_what_the_invoice_will_say(self, ada: Account, country, tax, is_reversed) -> None:
        with transaction():
            session.add(TaxRate(country=country, name="VAT", rate_bp=1_900, updated_at=NOW))
            settings_of(ada).country = country
            settings_of(ada).tax_id_approved_at = NOW
        make_coupon()
        redeem("SAVE20", ada)
        make_usage(prompt_tokens=1_000_000, completion_tokens=0)
        given = {"now": NOW, "seller_country": SELLER.country}
        draft = queries.invoice_of(ada, "draft-2026-11", **given)
        assert (draft.tax_minor, draft.reverse_charge) == (tax, is_reversed)
        session.rollback()
        with transaction():
            close_month(NOVEMBER, seller=SELLER, actor="test", now=CLOSES)
        issued = queries.invoice_of(ada, invoices_of(ada)[0].public_id, now=CLOSES)
        for name in (
            *("amount_minor", "discount_minor", "tax_minor", "final_minor", "lines"),
            *("tax_name", "tax_rate_bp", "reverse_charge"),
        ):
            assert getattr(draft, name) == getattr(issued, name), name

    def test_says_its_lines_in_the_readers_language(self, ada: Account) -> None:
        make_usage(prompt_tokens=1_000_000, completion_tokens=0)
        draft = queries.invoice_of(ada, "draft-2026-11", now=NOW)
        session.rollback()
        with transaction():
            add_credit_shortfall("ada", minor=100, now=NOW)
            add_credit_shortfall("ada", minor=50, now=NOW)
            add_shortfall("ada", tokens_count=1_000, price_pico=20_000_000, now=NOW)
            close_month(NOVEMBER, seller=SELLER, actor="test", now=CLOSES)
        issued = queries.invoice_of(ada, invoices_of(ada)[0].public_id, now=CLOSES)
        for line in (draft.lines[0], issued.lines[0]):
            assert in_language(line.description, "zh") == f"AI API 用量 - {line.model}"
        # What is said alike is one line.
        assert [
            (line.description, in_language(line.description, "zh")) for line in issued.lines[1:]
        ] == [
            (
                "Used account credit of a payment that was disputed and lost",
                "争议成立的付款中已使用的账户抵扣金",
            ),
            (
                "1,000 used extra tokens of a refunded top-up",
                "已退款充值中已使用的 1,000 个 token",
            ),
        ]

    def test_is_gone_once_the_month_can_be_closed(self, ada: Account) -> None:
        with pytest.raises(UnknownInvoice):
            queries.invoice_of(ada, "draft-2026-11", now=CLOSES)


class TestScope:
    def test_shows_nobody_another_s_invoice(self, ada: Account, ben: Account) -> None:
        invoice = make_invoice(ada)
        for reference in (invoice.public_id, invoice.invoice_number):
            assert queries.invoice_row(ada, reference).id == invoice.id
            assert queries.issued_invoice(reference).id == invoice.id
            with pytest.raises(UnknownInvoice):
                queries.invoice_row(ben, reference)

    def test_shows_no_draft_of_a_purchase_as_an_invoice(self, ada: Account) -> None:
        begin_switch(ada, "plan-pro", gateway=FakeGateway())
        (draft,) = invoices_of(ada)
        for find in (queries.issued_invoice, lambda text: queries.invoice_row(ada, text)):
            with pytest.raises(UnknownInvoice):
                find(draft.public_id)
        assert queries.draft_of_change(draft.plan_change_id).id == draft.id

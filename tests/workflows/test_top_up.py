"""Buying extra tokens: priced by the plan, paid with tax, given once."""

from datetime import timedelta

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.accounts.queries import settings_of
from app.domain.invoices.errors import InvoiceNotPayable, UnknownInvoice
from app.domain.invoices.models import TaxRate
from app.domain.payments.errors import ProviderRefused
from app.domain.payments.gateway import OutcomeStatus
from app.domain.payments.refunds import REFUND_PAYMENT
from app.domain.tokens.errors import NoTokensForSale, TopUpAmountInvalid
from app.domain.tokens.models import TokenEntry
from app.foundation.database import session, transaction
from app.workflows.top_up import pay_top_up, top_up
from tests.factories.payments import make_checkout, make_invoice, payment_row
from tests.factories.purchases import (
    buy_plan,
    buy_tokens,
    close,
    invoices_of,
    lines_of,
    mails_of,
    make_shop,
    pay,
    promises,
    tell,
)
from tests.factories.redemptions import make_fixed_coupon, redeem
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW
from tests.threads import in_parallel

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
pytestmark = pytest.mark.usefixtures("books")


@pytest.fixture
def pro(ada: Account, gateway: FakeGateway) -> Account:
    buy_plan(ada, "plan-pro", gateway=gateway)
    return ada


def entries() -> list[tuple[str, int, int | None]]:
    session.rollback()
    return [(row.kind, row.tokens, row.price_pico) for row in session.query(TokenEntry)]


class TestTopUp:
    def test_gives_tokens_once_they_are_paid(self, pro: Account, gateway) -> None:
        bought = top_up(pro, amount_minor=5_000, shop=make_shop(gateway), now=NOW)
        assert (bought.tokens, entries()) == (333_333, [])
        assert gateway.orders[-1].description == "333,333 extra tokens"
        pay(bought.checkout, gateway=gateway)
        assert entries() == [("top_up", 333_333, 150_000_000)]
        invoice = invoices_of(pro)[1]
        assert (invoice.kind, invoice.status, invoice.final_minor) == ("topup", "paid", 5_000)
        assert invoice.invoice_number == f"INV-{pro.number}-2026-11-2"
        assert lines_of(invoice) == [("333,333 extra tokens", 5_000)]
        assert mails_of(pro)[-1] == "tokens_bought"
        assert mails_of(pro).count("invoice_paid") == 1  # the plan's

    def test_tells_the_provider_in_the_account_s_language(self, pro: Account, gateway) -> None:
        with transaction():
            session.get_one(Account, pro.id).locale = "zh"
        top_up(pro, amount_minor=5_000, shop=make_shop(gateway), now=NOW)
        assert gateway.orders[-1].description == "333,333 个额外 token"

    def test_an_invoice_is_named_in_its_language_there(self, ada: Account, gateway) -> None:
        with transaction():
            session.get_one(Account, ada.id).locale = "zh"
        invoice = make_invoice(ada, minor=1_234)
        make_checkout(ada, invoice, gateway=gateway)
        assert gateway.orders[0].description == f"账单 {invoice.invoice_number}"

    def test_puts_tax_on_top(self, pro: Account, gateway) -> None:
        with transaction():
            session.add(TaxRate(country="DE", name="VAT", rate_bp=1_900, updated_at=NOW))
            settings_of(pro).country = "DE"
        buy_tokens(pro, minor=5_000, gateway=gateway)
        assert entries() == [("top_up", 333_333, 150_000_000)]
        assert invoices_of(pro)[1].final_minor == 5_950

    def test_uses_neither_coupons_nor_credit(self, pro: Account, gateway) -> None:
        make_fixed_coupon()
        redeem("TENOFF", pro)
        buy_tokens(pro, minor=5_000, gateway=gateway)
        assert invoices_of(pro)[1].discount_minor == 0

    def test_sells_none_to_those_who_pay_as_they_go(self, ada: Account, gateway) -> None:
        with pytest.raises(NoTokensForSale):
            top_up(ada, amount_minor=5_000, shop=make_shop(gateway), now=NOW)
        assert invoices_of(ada) == []

    @pytest.mark.parametrize("minor", [499, 1_000_001])
    def test_refuses_other_amounts(self, pro: Account, gateway, minor: int) -> None:
        with pytest.raises(TopUpAmountInvalid):
            top_up(pro, amount_minor=minor, shop=make_shop(gateway), now=NOW)

    def test_two_settlements_give_once(self, app: Flask, pro: Account, gateway) -> None:
        top_up(pro, amount_minor=5_000, shop=make_shop(gateway), now=NOW)
        gateway.pay(list(gateway.pages)[-1])
        outcome = gateway.outcome_of_session(list(gateway.pages)[-1])
        in_parallel(app, [lambda: tell(outcome)] * 3)
        assert len(entries()) == 1
        assert mails_of(pro).count("tokens_bought") == 1

    def test_a_closed_page_leaves_nothing(self, pro: Account, gateway) -> None:
        bought = top_up(pro, amount_minor=5_000, shop=make_shop(gateway), now=NOW)
        close(bought.checkout, gateway=gateway, now=NOW + HOUR)
        assert (invoices_of(pro)[1].status, entries()) == ("void", [])
        gateway.pay(list(gateway.pages)[-1])
        tell(gateway.outcome_of_session(list(gateway.pages)[-1]), now=NOW + 2 * HOUR)
        assert payment_row(bought.checkout.payment_id).is_overpayment
        assert (entries(), len(promises(REFUND_PAYMENT))) == ([], 1)

    def test_a_refused_page_leaves_nothing(self, pro: Account, gateway) -> None:
        gateway.refuses_with = "account_closed"
        with pytest.raises(ProviderRefused):
            top_up(pro, amount_minor=5_000, shop=make_shop(gateway), now=NOW)
        assert invoices_of(pro)[1].status == "void"


class TestPayTopUp:
    def test_finds_its_page_again(self, pro: Account, gateway) -> None:
        bought = top_up(pro, amount_minor=5_000, shop=make_shop(gateway), now=NOW)
        draft = invoices_of(pro)[1]
        again = pay_top_up(pro, draft.public_id, shop=make_shop(gateway), now=NOW)
        assert again == bought.checkout

    def test_buys_once_what_was_paid_in_the_last_moment(self, pro: Account, gateway) -> None:
        top_up(pro, amount_minor=5_000, shop=make_shop(gateway), now=NOW)
        draft, later = invoices_of(pro)[1], NOW + HOUR
        with pytest.raises(InvoiceNotPayable, match="Try again in a minute"):
            pay_top_up(pro, draft.public_id, shop=make_shop(gateway), now=later)
        gateway.pay(list(gateway.pages)[-1])
        with pytest.raises(UnknownInvoice, match="is not open any more"):
            pay_top_up(pro, draft.public_id, shop=make_shop(gateway), now=later)
        assert entries() == [("top_up", 333_333, 150_000_000)]
        assert promises(REFUND_PAYMENT) == []

    def test_asks_about_its_own_page_and_no_other(self, pro: Account, gateway) -> None:
        for _ in range(3):
            top_up(pro, amount_minor=5_000, shop=make_shop(gateway), now=NOW)
        first, *_ = drafts = invoices_of(pro)[1:]
        assert len(drafts) == 3
        pages, asked_before = list(gateway.pages)[-3:], len(gateway.asked)
        with pytest.raises(InvoiceNotPayable, match="Try again in a minute"):
            pay_top_up(pro, first.public_id, shop=make_shop(gateway), now=NOW + HOUR)
        assert gateway.asked[asked_before:] == pages[:1]
        # What is bought anew has had no page.
        top_up(pro, amount_minor=5_000, shop=make_shop(gateway), now=NOW + HOUR)
        assert gateway.asked[asked_before:] == pages[:1]

    def test_opens_another_page_where_the_last_one_is_unknown(self, pro: Account, gateway) -> None:
        bought = top_up(pro, amount_minor=5_000, shop=make_shop(gateway), now=NOW)
        draft = invoices_of(pro)[1]
        gateway.lost.add(list(gateway.pages)[-1])
        again = pay_top_up(pro, draft.public_id, shop=make_shop(gateway), now=NOW + HOUR)
        assert again.payment_id != bought.checkout.payment_id

    def test_shows_a_stranger_nothing(self, pro: Account, ben: Account, gateway) -> None:
        top_up(pro, amount_minor=5_000, shop=make_shop(gateway), now=NOW)
        draft = invoices_of(pro)[1]
        for account, reference in ((ben, draft.public_id), (pro, "inv-x"), (pro, "a\x00")):
            with pytest.raises(UnknownInvoice):
                pay_top_up(account, reference, shop=make_shop(gateway), now=NOW)

    def test_holds_no_price_by_page_after_page(self, pro: Account, gateway) -> None:
        top_up(pro, amount_minor=5_000, shop=make_shop(gateway), now=NOW)
        draft, paypal = invoices_of(pro)[1], FakeGateway(provider="paypal")
        # Each page is opened before the one of the other provider has closed.
        for step in range(1, 26):
            shop, later = make_shop(paypal if step % 2 else gateway), NOW + step * 59 * MINUTE
            for page in list(shop.gateway.pages):
                shop.gateway.end(page, OutcomeStatus.EXPIRED)
            if later < NOW + 24 * HOUR:
                pay_top_up(pro, draft.public_id, shop=shop, now=later)
            else:
                with pytest.raises(InvoiceNotPayable, match="Begin it anew"):
                    pay_top_up(pro, draft.public_id, shop=shop, now=later)
        assert later > NOW + 24 * HOUR
        assert entries() == []

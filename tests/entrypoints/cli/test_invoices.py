"""Voiding, replacing and crediting invoices by the operator's hand."""

import pytest

from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice
from app.foundation.database import session
from tests.books import check_books
from tests.entrypoints.cli.conftest import Billing
from tests.factories.payments import invoice_row, make_invoice, make_paid
from tests.fakes.payment_gateway import FakeGateway

WHY = ("--reason", "Slow days")


class TestVoid:
    def test_forgives_an_unpaid_one(self, ada: Account, billing: Billing) -> None:
        invoice = make_invoice(ada)
        result = billing("invoices", "void", invoice.invoice_number, *WHY)
        assert (result.exit_code, result.stdout) == (0, f"{invoice.invoice_number} is void.\n")
        row = invoice_row(invoice.public_id)
        assert (row.status, row.void_reason) == ("void", "Slow days")
        check_books()

    def test_leaves_a_paid_one_alone(self, ada: Account, billing: Billing) -> None:
        payment = make_paid(ada, gateway=FakeGateway())
        number = session.get_one(Invoice, payment.invoice_id).invoice_number
        result = billing("invoices", "void", number, *WHY)
        assert result.exit_code == 1
        assert result.stderr == ("billing: This invoice is paid; only unpaid ones can be voided.\n")


class TestReplace:
    def test_bills_the_same_anew(self, ada: Account, billing: Billing) -> None:
        old = make_invoice(ada)
        result = billing("invoices", "replace", old.invoice_number, *WHY)
        assert result.exit_code == 0, result.output
        row = invoice_row(old.public_id)
        new = session.get_one(Invoice, row.replaced_by_id)
        assert (row.status, new.status, new.final_minor) == ("void", "issued", 1_234)
        assert result.stdout == (
            f"{old.invoice_number} is void; {new.invoice_number} takes its place.\n"
        )


class TestCredit:
    def test_becomes_account_credit(self, ada: Account, billing: Billing) -> None:
        payment = make_paid(ada, gateway=FakeGateway())
        number = session.get_one(Invoice, payment.invoice_id).invoice_number
        result = billing("invoices", "credit", number, "--amount", "2.34", *WHY)
        assert result.exit_code == 0, result.output
        assert result.stdout.startswith("CN-") and "$2.34 became account credit." in result.stdout
        session.rollback()
        session.refresh(ada)
        assert ada.credit_minor == 234
        check_books()

    @pytest.mark.parametrize(
        ("arguments", "code", "message"),
        [
            (("--amount", "1", *WHY), 1, "This invoice is not paid: void or replace it instead."),
            (("--amount", "1", "--reason", " "), 1, "A reason has 1 to 500"),
            (("--amount", "1.001", *WHY), 2, "'1.001' is no amount of USD"),
            (("--amount", "some", *WHY), 2, "'some' is no amount of USD"),
            (("--amount", "1"), 2, "--reason"),
            (WHY, 2, "--amount"),
        ],
    )
    def test_refuses_in_one_line(
        self, ada: Account, billing: Billing, arguments: tuple[str, ...], code: int, message: str
    ) -> None:
        number = make_invoice(ada).invoice_number
        result = billing("invoices", "credit", number, *arguments)
        assert (result.exit_code, result.stdout) == (code, "")
        assert message in result.stderr and result.stderr.count("\n") == 1

    @pytest.mark.parametrize("verb", [("void",), ("replace",), ("credit", "--amount", "1")])
    def test_knows_no_such_invoice(
        self, ada: Account, billing: Billing, verb: tuple[str, ...]
    ) -> None:
        result = billing("invoices", *verb, "INV-9-2020-01", *WHY)
        assert result.exit_code == 1
        assert "There is no invoice with this number." in result.stderr

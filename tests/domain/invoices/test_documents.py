"""What stands on a document: fixed at its moment, whatever becomes of the invoice later."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.invoices import documents
from app.domain.invoices.documents import (
    REVERSE_CHARGE,
    Discount,
    DocumentKind,
    DocumentLine,
    GivenBack,
    Settled,
    Tax,
    address_lines,
)
from app.domain.invoices.errors import InvoiceNotIssued, InvoiceNotPaid
from app.domain.invoices.rules import Line
from app.domain.invoices.views import CreditedLine, CreditNoteView, InvoiceView
from app.foundation.periods import BillingMonth
from tests.moments import NOW

SECOND = timedelta(seconds=1)
INVOICE = InvoiceView(
    id="inv-1",
    user_id="ada",
    kind="usage",
    billing_month="2026-10",
    status="issued",
    invoice_number="INV-1-2026-10",
    currency="USD",
    amount_minor=1_000,
    discount_minor=300,
    tax_minor=133,
    final_minor=833,
    credit_used_minor=100,
    issued_at=NOW,
    due_at=NOW + timedelta(days=30),
    paid_at=None,
    payment_method=None,
    seller={"name": "Oblivious"},
    buyer={"name": "Ada"},
    notes="",
    lines=(
        Line("usage", "AI API usage - gpt-4", "gpt-4", 1_000, 9_000_000, 9_000_000_000, 900),
        Line("carried", "Carried from 2026-09", None, 1, None, 1_000_000_000, 100),
    ),
    tax_name="VAT",
    tax_rate_bp=1_900,
)
NOTE = CreditNoteView(
    number="CN-1-2026-11",
    invoice_number="INV-1-2026-10",
    reason="Billed twice.",
    issued_at=NOW + SECOND,
    amount_minor=200,
    tax_minor=38,
    lines=(CreditedLine("AI API usage - gpt-4", 200),),
)


def paid(**changes: object) -> InvoiceView:
    given = {
        "status": "paid", "paid_at": NOW + SECOND, "payment_method": "stripe",
        "transaction_id": "pi_1", **changes,
    }  # fmt: skip
    return replace(INVOICE, **given)


class TestInvoiceDocument:
    def test_says_what_was_issued(self) -> None:
        coupon = Discount("Coupon SAVE", 300)
        document = documents.invoice_document(replace(INVOICE, discounts=(coupon,)))
        assert (document.kind, document.number) == (DocumentKind.INVOICE, "INV-1-2026-10")
        assert document.lines == (
            DocumentLine("AI API usage - gpt-4", 1_000, 9_000_000, 900),
            # One carried amount is no quantity.
            DocumentLine("Carried from 2026-09", None, None, 100),
        )
        assert document.subtotal_minor == 1_000
        assert document.discounts == (Discount("Coupon SAVE", 300),)
        assert document.tax == Tax("VAT", 1_900, 133)
        assert (document.total_minor, document.due_minor) == (833, 733)
        assert (document.seller, document.buyer) == ({"name": "Oblivious"}, {"name": "Ada"})
        assert document.settled is None and document.due_at == INVOICE.due_at

    @pytest.mark.parametrize("status", ["paid", "refunded"])
    def test_does_not_learn_that_it_was_paid_later(self, status: str) -> None:
        issued = documents.invoice_document(INVOICE)
        assert documents.invoice_document(paid(status=status)) == issued
        assert documents.invoice_document(replace(INVOICE, status="void")) == issued
        assert documents.invoice_document(replace(INVOICE, status="overdue")) == issued

    def test_usage_is_of_its_month(self) -> None:
        month = BillingMonth.parse(INVOICE.billing_month).period
        assert documents.invoice_document(INVOICE).used_in == month
        assert documents.credit_note_document(NOTE, invoice=INVOICE).used_in == month
        of_plan = replace(INVOICE, kind="subscription")
        assert documents.invoice_document(of_plan).used_in is None

    def test_a_purchase_is_issued_paid(self) -> None:
        document = documents.invoice_document(paid(paid_at=NOW))
        assert document.settled == Settled(733, NOW, "stripe", "pi_1")
        assert document.due_at is None

    @pytest.mark.parametrize(
        ("named", "shown"),
        [
            ([], [Discount("Discount", 300)]),
            ([Discount("A", 100)], [Discount("A", 100), Discount("Discount", 200)]),
            ([Discount("A", 100), Discount("B", 200)], [Discount("A", 100), Discount("B", 200)]),
        ],
    )
    def test_discounts_add_up_whatever_is_known_by_name(self, named, shown) -> None:
        invoice = replace(INVOICE, discounts=tuple(named))
        assert list(documents.invoice_document(invoice).discounts) == shown

    def test_without_tax_there_is_no_line_for_it(self) -> None:
        untaxed = replace(INVOICE, tax_minor=0, tax_rate_bp=0, tax_name="")
        assert documents.invoice_document(untaxed).tax is None
        free = replace(INVOICE, tax_minor=0)
        assert documents.invoice_document(free).tax == Tax("VAT", 1_900, 0)

    def test_a_reversed_charge_is_said(self) -> None:
        document = documents.invoice_document(replace(INVOICE, reverse_charge=True, notes=" PO 7 "))
        assert document.notes == (REVERSE_CHARGE, "PO 7")

    def test_a_draft_has_none(self) -> None:
        draft = replace(INVOICE, status="draft", invoice_number=None, issued_at=None)
        with pytest.raises(InvoiceNotIssued):
            documents.invoice_document(draft)


class TestReceiptDocument:
    @pytest.mark.parametrize("status", ["paid", "refunded"])
    def test_says_how_and_when_it_was_paid(self, status: str) -> None:
        document = documents.receipt_document(paid(status=status))
        assert document.kind is DocumentKind.RECEIPT and document.due_at is None
        assert document.settled == Settled(733, NOW + SECOND, "stripe", "pi_1")
        assert document.lines == documents.invoice_document(INVOICE).lines

    def test_what_is_unpaid_has_none(self) -> None:
        with pytest.raises(InvoiceNotPaid):
            documents.receipt_document(INVOICE)


class TestCreditNoteDocument:
    def test_takes_back_what_it_names(self) -> None:
        document = documents.credit_note_document(NOTE, invoice=INVOICE)
        assert document.kind is DocumentKind.CREDIT_NOTE
        assert (document.number, document.invoice_number) == ("CN-1-2026-11", "INV-1-2026-10")
        assert document.lines == (DocumentLine("AI API usage - gpt-4", None, None, 200),)
        assert document.tax == Tax("VAT", 1_900, 38)
        assert document.total_minor == 238 and document.discounts == ()
        assert document.notes == () and document.issued_at == NOW + SECOND
        assert document.given_back == GivenBack("Billed twice.", 0, "", 238)

    def test_says_what_became_account_credit(self) -> None:
        note = replace(NOTE, to_credit_minor=38)
        document = documents.credit_note_document(note, invoice=paid(status="refunded"))
        assert document.given_back == GivenBack("Billed twice.", 38, "stripe", 200)

    def test_gives_no_discount_back(self) -> None:
        document = documents.credit_note_document(
            replace(NOTE, amount_minor=150, tax_minor=0), invoice=INVOICE
        )
        assert document.discounts == (Discount("Discount", 50),)
        assert document.tax is None and document.total_minor == 150


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        ("", ()),
        ("12 St James’s Square\nLondon", ("12 St James’s Square", "London")),
        ("Ada Lovelace\r\n  London  \n\nunited  kingdom", ("London",)),
        ("London\nGB", ("London",)),
        # Only a whole line repeats what stands beside it.
        ("c/o Ada Lovelace\nNew GB Street", ("c/o Ada Lovelace", "New GB Street")),
    ],
)
def test_an_address_repeats_nothing_that_stands_beside_it(
    address: str, lines: tuple[str, ...]
) -> None:
    beside = ("Ada Lovelace", "GB", "United Kingdom")
    assert address_lines(address, beside=beside) == lines

"""Documents are found for their own account, with the coupons and credit notes of their invoice."""

from datetime import timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.coupons.models import Coupon, CouponApplication, CouponUsage
from app.domain.invoices import filing, line_words, queries
from app.domain.invoices.documents import Discount, DocumentKind
from app.domain.invoices.errors import (
    InvoiceNotIssued,
    InvoiceNotPaid,
    UnknownCreditNote,
    UnknownDocument,
    UnknownInvoice,
)
from app.domain.invoices.models import Invoice, InvoiceLine
from app.domain.invoices.operations import mark_paid
from app.domain.payments.disputes import lost_reason
from app.foundation.database import session, transaction
from app.foundation.sentences import in_language, wording_of
from tests.factories.documents import make_credit_note
from tests.factories.payments import make_invoice
from tests.moments import NOW
from tests.statements import statements

LOST = lost_reason("stripe", "dp_1")


@pytest.fixture
def invoice(ada: Account) -> Invoice:
    return make_invoice(ada)


def lines_of_row(invoice: Invoice) -> InvoiceLine:
    return session.query(InvoiceLine).filter_by(invoice_id=invoice.id, position=1).one()


def apply_coupon(invoice: Invoice, code: str, *, minor: int, minutes: int) -> None:
    """Let a coupon have taken something off the invoice."""
    moment = NOW + timedelta(minutes=minutes)
    with transaction():
        coupon = Coupon(
            code=code, type="fixed", value=minor, max_uses=5, valid_from=NOW,
            expires_at=NOW + timedelta(days=9), created_by="olga", created_at=NOW, updated_at=NOW,
        )  # fmt: skip
        session.add(coupon)
        session.flush()
        usage = CouponUsage(coupon_id=coupon.id, user_id=invoice.user_id, redeemed_at=moment)
        session.add(usage)
        session.flush()
        session.add(
            CouponApplication(
                usage_id=usage.id, invoice_id=invoice.id, discount_minor=minor, applied_at=moment,
                returned_at=moment,
            )
        )  # fmt: skip
        row = session.get_one(Invoice, invoice.id)
        row.discount_minor += minor
        row.final_minor -= minor


class TestDocumentOf:
    def test_finds_the_invoice_by_number_and_id(self, ada: Account, invoice: Invoice) -> None:
        for reference in (invoice.invoice_number, invoice.public_id):
            document = filing.document_of(ada, reference, named="invoice", now=NOW)
            assert (document.kind, document.total_minor) == (DocumentKind.INVOICE, 1_234)
            assert document.lines[0].description == "AI API usage - gpt-4"

    def test_finds_the_receipt_of_what_is_paid(self, ada: Account, invoice: Invoice) -> None:
        with pytest.raises(InvoiceNotPaid):
            filing.document_of(ada, invoice.public_id, named="receipt", now=NOW)
        with transaction():
            row = session.get_one(Invoice, invoice.id)
            mark_paid(row, method="stripe", transaction_id="pi_1", now=NOW + timedelta(1))
        document = filing.document_of(ada, invoice.public_id, named="receipt", now=NOW)
        assert document.settled.transaction_id == "pi_1"
        assert document.settled.paid_at == NOW + timedelta(1)

    def test_speaks_the_language_of_its_issue(self, ada: Account, invoice: Invoice) -> None:
        with transaction():
            row, line = session.get_one(Invoice, invoice.id), lines_of_row(invoice)
            row.language = "zh"
            line.wording = wording_of(line_words.usage_of("gpt-4"))
        note = make_credit_note(invoice)
        with transaction():
            note.reason, note.wording = str(LOST), wording_of(LOST)
        document = filing.document_of(ada, invoice.public_id, named="invoice", now=NOW)
        assert document.language == "zh"
        assert in_language(document.lines[0].description, "zh") == "AI API 用量 - gpt-4"
        number = note.credit_note_number
        credit = filing.credit_note_of(ada, invoice.public_id, number, now=NOW)
        assert credit.language == "zh" and credit.lines[0].description == "AI API usage - gpt-4"
        assert in_language(credit.lines[0].description, "zh") == "AI API 用量 - gpt-4"
        assert credit.given_back is not None
        reason = in_language(credit.given_back.reason, "zh")
        assert reason == "该付款在您的银行被提出争议，争议成立（dp_1）"

    def test_what_knows_no_wording_stays_english(self, ada: Account, invoice: Invoice) -> None:
        document = filing.document_of(ada, invoice.public_id, named="invoice", now=NOW)
        assert document.language == "en"
        assert in_language(document.lines[0].description, "zh") == "AI API usage - gpt-4"

    def test_names_the_coupons_in_their_order(self, ada: Account, invoice: Invoice) -> None:
        apply_coupon(invoice, "SECOND", minor=200, minutes=2)
        apply_coupon(invoice, "FIRST", minor=100, minutes=1)
        document = filing.document_of(ada, invoice.public_id, named="invoice", now=NOW)
        assert document.discounts == (
            Discount("Coupon FIRST", 100), Discount("Coupon SECOND", 200),
        )  # fmt: skip
        assert document.total_minor == 934

    def test_knows_no_other_document(self, ada: Account, invoice: Invoice) -> None:
        for named in ("credit_note", "", "INVOICE"):
            with pytest.raises(UnknownDocument):
                filing.document_of(ada, invoice.public_id, named=named, now=NOW)

    def test_a_draft_has_none(self, ada: Account) -> None:
        with pytest.raises(InvoiceNotIssued):
            filing.document_of(ada, "draft-2026-11", named="invoice", now=NOW)

    def test_is_nobody_elses(self, ben: Account, invoice: Invoice) -> None:
        for named in ("invoice", "receipt"):
            with pytest.raises(UnknownInvoice):
                filing.document_of(ben, invoice.public_id, named=named, now=NOW)


class TestCreditNotes:
    def test_are_listed_with_their_lines(self, ada: Account, invoice: Invoice) -> None:
        make_credit_note(invoice, number="CN-1", minor=500)
        make_credit_note(invoice, number="CN-2", minor=100)
        make_credit_note(make_invoice(ada), number="CN-3")
        view = queries.invoice_of(ada, invoice.public_id, now=NOW)
        with statements() as sent:
            notes = filing.credit_notes_of(ada, view)
        assert [(note.number, note.total_minor) for note in notes] == [("CN-1", 500), ("CN-2", 100)]
        assert [line.description for line in notes[0].lines] == ["AI API usage - gpt-4"]
        assert len(sent) == 1

    def test_there_may_be_none(self, ada: Account, invoice: Invoice) -> None:
        view = queries.invoice_of(ada, invoice.public_id, now=NOW)
        assert filing.credit_notes_of(ada, view) == ()
        draft = queries.invoice_of(ada, "draft-2026-11", now=NOW)
        assert filing.credit_notes_of(ada, draft) == ()

    def test_are_documents(self, ada: Account, invoice: Invoice) -> None:
        make_credit_note(invoice, number="CN-1", minor=500)
        document = filing.credit_note_of(ada, invoice.public_id, "CN-1", now=NOW)
        assert (document.kind, document.total_minor) == (DocumentKind.CREDIT_NOTE, 500)
        assert document.invoice_number == invoice.invoice_number

    def test_belong_to_their_invoice_and_account(
        self, ada: Account, ben: Account, invoice: Invoice
    ) -> None:
        make_credit_note(invoice, number="CN-1")
        other = make_invoice(ada)
        with pytest.raises(UnknownCreditNote):
            filing.credit_note_of(ada, other.public_id, "CN-1", now=NOW)
        with pytest.raises(UnknownInvoice):
            filing.credit_note_of(ben, invoice.public_id, "CN-1", now=NOW)
        view = queries.invoice_of(ada, invoice.public_id, now=NOW)
        assert filing.credit_notes_of(ben, view) == ()

"""Drawing invoices up, issuing and voiding them; what holds whoever asks for it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.invoices import operations, payers, rules
from app.domain.invoices.bills import plan_bill, usage_bill
from app.domain.invoices.errors import InvoiceNotPayable, InvoiceNotVoidable
from app.domain.invoices.models import CarriedAmount, Invoice, InvoiceCounter
from app.domain.invoices.rules import InvoiceStatus, Line
from app.foundation.database import session, transaction
from tests.databases import on_postgresql
from tests.factories.accounts import make_account
from tests.factories.payments import make_invoice
from tests.factories.purchases import SELLER, lines_of
from tests.moments import NOW
from tests.statements import statements
from tests.undoing import run_and_fail

pytestmark = pytest.mark.usefixtures("app")


def line(minor: int, kind: str = "usage") -> Line:
    return Line(kind, f"{kind} of {minor}", None, 1, None, minor * 10_000_000, minor)


def draw_up(*user_ids: str, minor: int = 1_000) -> tuple[list[Invoice], dict[str, Account]]:
    """Draw one usage invoice up for each; inside a transaction."""
    locked = accounts.lock_accounts(user_ids)
    known = payers.payers(list(locked.values()), seller_country="DE")
    bills = [usage_bill(known[name], [line(minor)], month="2026-10") for name in user_ids]
    return operations.draw_up(bills, locked, seller=SELLER, now=NOW), locked


class TestDrawUp:
    def test_writes_a_draft_without_a_number(self, ada: Account) -> None:
        with transaction():
            (draft,), _ = draw_up("ada")
        assert (draft.status, draft.invoice_number, draft.due_at) == ("draft", None, None)
        assert (draft.final_minor, draft.seller["name"]) == (1_000, "Oblivious")
        assert lines_of(draft) == [("usage of 1000", 1_000)]

    # SQLite, which is asked in this very process, is given them one by one.
    @on_postgresql
    def test_takes_as_many_statements_for_ten_as_for_two(self, app) -> None:
        names = [make_account(f"user-{number}").id for number in range(12)]
        counts = []
        for group in (names[:2], names[2:]):
            with transaction(), statements() as sent:
                draw_up(*group)
            counts.append(len(sent))
        assert counts[0] == counts[1]


class TestIssue:
    def issue(self, *user_ids: str) -> list[Invoice]:
        with transaction():
            drafts, locked = draw_up(*user_ids)
            operations.issue(drafts, locked, due_at=NOW + timedelta(days=30), now=NOW)
        return drafts

    def test_fixes_the_language_of_the_documents(self, ada: Account, ben: Account) -> None:
        with transaction():
            ada.locale = "zh"
        chinese, english = self.issue("ada", "ben")
        assert (chinese.language, english.language) == ("zh", "en")
        with transaction():
            ada.locale = "en"
        assert session.get_one(Invoice, chinese.id, populate_existing=True).language == "zh"

    def test_seals_the_language_and_what_lines_were_made_of(self, ada: Account) -> None:
        (invoice,) = self.issue("ada")
        lines = [rules.carried_line("2026-10", nanos=10_000_000)]
        plain = [replace(lines[0], description=str(lines[0].description))]
        digests = {
            rules.content_digest(operations.content(invoice, each)) for each in (lines, plain)
        }
        invoice.language = "zh"
        digests.add(rules.content_digest(operations.content(invoice, lines)))
        session.rollback()
        assert len(digests) == 3

    def test_seals_what_knows_no_wordings_as_before(self, ada: Account) -> None:
        (invoice,) = self.issue("ada")
        said = operations.content(invoice, [line(1_000)])
        assert "wordings" not in said and "language" not in said

    def test_numbers_seals_and_dates(self, ada: Account, ben: Account) -> None:
        first, other = self.issue("ada", "ben")
        assert first.invoice_number == f"INV-{ada.number}-2026-10"
        assert other.invoice_number == f"INV-{ben.number}-2026-10"
        assert (first.status, first.issued_at) == ("issued", NOW)
        assert len(first.content_digest) == 64 and first.content_digest != other.content_digest

    def test_leaves_no_gap_where_a_transaction_fails(self, ada: Account) -> None:
        def fail() -> None:
            drafts, locked = draw_up("ada")
            operations.issue(drafts, locked, due_at=NOW, now=NOW)

        run_and_fail(fail)
        assert session.query(InvoiceCounter).count() == 0
        session.rollback()
        (invoice,) = self.issue("ada")
        assert invoice.invoice_number.endswith("2026-10")

    def test_numbers_purchases_in_the_month_of_issue(self, ada: Account) -> None:
        december = NOW.replace(month=12)
        with transaction():
            locked = accounts.lock_accounts({"ada"})
            payer = payers.payer(locked["ada"], seller_country="DE")
            bill = plan_bill(payer, [line(999, "plan")], plan_id="plan-basic", now=NOW)
            drafts = operations.draw_up([bill], locked, seller=SELLER, now=NOW)
            operations.issue(drafts, locked, due_at=december, now=december)
        assert drafts[0].invoice_number == f"INV-{ada.number}-2026-12"

    def test_issues_nothing_twice(self, ada: Account) -> None:
        (invoice,) = self.issue("ada")
        with pytest.raises(AssertionError), transaction():
            operations.issue([invoice], {"ada": ada}, due_at=NOW, now=NOW)


class TestReplaceLines:
    def test_changes_words_and_no_amounts(self, ada: Account) -> None:
        with transaction():
            (draft,), _ = draw_up("ada")
            said = Line("usage", "In other words", None, 1, None, 0, 1_000)
            operations.replace_lines(draft, [said])
        assert lines_of(draft) == [("In other words", 1_000)]
        for lines in ([line(999)], [line(1_000), line(1)]):
            with pytest.raises((AssertionError, ValueError)), transaction():
                operations.replace_lines(session.get_one(Invoice, draft.id), lines)

    def test_never_touches_an_issued_invoice(self, ada: Account) -> None:
        invoice = make_invoice(ada)
        with pytest.raises(AssertionError), transaction():
            operations.replace_lines(session.get_one(Invoice, invoice.id), [line(1_234)])


class TestStates:
    @pytest.mark.parametrize("status", InvoiceStatus)
    def test_are_paid_by_the_table(self, status: InvoiceStatus) -> None:
        invoice = Invoice(status=status)
        if status == InvoiceStatus.ISSUED:
            operations.mark_paid(invoice, method="stripe", transaction_id="pi_1", now=NOW)
            assert (invoice.status, invoice.paid_at) == ("paid", NOW)
            assert (invoice.payment_method, invoice.transaction_id) == ("stripe", "pi_1")
        else:
            with pytest.raises(InvoiceNotPayable):
                operations.mark_paid(invoice, method="stripe", transaction_id="pi_1", now=NOW)

    @pytest.mark.parametrize("status", InvoiceStatus)
    def test_are_voided_by_the_table(self, ada: Account, status: InvoiceStatus) -> None:
        invoice = Invoice(id=0, public_id="inv-0", status=status, credit_used_minor=0)
        if status in (InvoiceStatus.DRAFT, InvoiceStatus.ISSUED):
            operations.void(invoice, ada, reason="a gift", now=NOW)
            assert (invoice.status, invoice.void_reason) == ("void", "a gift")
        else:
            with pytest.raises(InvoiceNotVoidable):
                operations.void(invoice, ada, reason="a gift", now=NOW)


class TestLetWaitAgain:
    def test_frees_what_stands_on_the_invoice(self, ada: Account) -> None:
        first, second = make_invoice(ada), make_invoice(ada)
        with transaction():
            for invoice, month in ((first, "2026-08"), (second, "2026-09")):
                session.add(
                    CarriedAmount(
                        user_id="ada", kind="other", from_month=month, amount_nanos=1,
                        invoice_id=invoice.id, created_at=NOW,
                    )
                )  # fmt: skip
        with transaction():
            operations.let_wait_again(session.get_one(Invoice, first.id))
        rows = session.query(CarriedAmount).order_by(CarriedAmount.from_month).populate_existing()
        assert [row.invoice_id for row in rows] == [None, second.id]

"""Payments listed, and money sent back, by the operator's hand."""

from datetime import datetime, timedelta

from app.domain.accounts.models import Account
from app.domain.payments.models import Payment, Refund
from app.foundation.database import session, transaction
from app.foundation.outbox import OutboxEntry
from tests.books import check_books
from tests.entrypoints.cli.conftest import Billing
from tests.factories.payments import make_checkout, make_invoice, make_paid
from tests.fakes.payment_gateway import FakeGateway

WHY = ("--reason", "Bought by mistake")


def listed(billing: Billing, *chosen: str) -> list[str]:
    """Return the payments that are listed."""
    result = billing("payments", "list", *chosen)
    assert result.exit_code == 0, result.output
    heading, *rows = result.stdout.splitlines()
    assert heading.startswith("PAYMENT")
    return [row.split()[0] for row in rows]


class TestList:
    def test_shows_the_newest_of_all_customers(
        self, ada: Account, ben: Account, billing: Billing
    ) -> None:
        gateway = FakeGateway()
        first = make_paid(ada, gateway=gateway)
        checkout = make_checkout(ben, make_invoice(ben), gateway=gateway)
        assert listed(billing) == [checkout.payment_id, first.public_id]
        assert listed(billing, "--limit", "1") == [checkout.payment_id]
        words = billing("payments", "list").stdout.splitlines()[2].split()
        assert words[1] == "ada" and words[3:7] == ["stripe", "settled", "12.34", "0.00"]

    def test_shows_what_had_nothing_to_pay(self, ada: Account, billing: Billing) -> None:
        make_paid(ada, gateway=FakeGateway())
        assert listed(billing, "--overpaid") == []
        with transaction():
            payment = session.query(Payment).one()
            payment.is_overpayment = True
        assert listed(billing, "--overpaid") == [payment.public_id]
        assert "settled (overpaid)" in billing("payments", "list").stdout

    def test_shows_what_nobody_has_decided(
        self, ada: Account, billing: Billing, now: datetime
    ) -> None:
        begun = now - timedelta(days=1, minutes=1)
        gateway = FakeGateway()
        old = make_checkout(ada, make_invoice(ada, now=begun), gateway=gateway, now=begun)
        make_checkout(ada, make_invoice(ada, now=now), gateway=gateway, now=now)
        assert listed(billing, "--undecided") == [old.payment_id]


class TestRefund:
    def test_promises_to_send_money_back(self, ada: Account, billing: Billing) -> None:
        payment = make_paid(ada, gateway=FakeGateway())
        result = billing("payments", "refund", payment.public_id, "--amount", "2.34", *WHY)
        assert result.exit_code == 0, result.output
        session.rollback()
        refund = session.query(Refund).one()
        assert result.stdout == (f"$2.34 of {payment.public_id} go back (refund {refund.id}).\n")
        assert (refund.amount_minor, refund.requested_by) == (234, "operator:command line")
        assert session.query(OutboxEntry).filter_by(kind="refund_payment").count() == 1
        rest = billing("payments", "refund", payment.public_id, *WHY)
        assert rest.stdout.startswith("$10.00 of")
        check_books()

    def test_refuses_in_one_line(self, ada: Account, billing: Billing) -> None:
        payment = make_paid(ada, gateway=FakeGateway())
        for arguments, code, message in (
            ((payment.public_id, "--amount", "12.35", *WHY), 1, "From $0.01 to $12.34 of this"),
            ((payment.public_id, "--amount", "much", *WHY), 2, "'much' is no amount of USD"),
            ((payment.public_id,), 2, "--reason"),
            (("pay-1", *WHY), 1, "There is no payment pay-1 here."),
        ):
            result = billing("payments", "refund", *arguments)
            assert (result.exit_code, result.stdout) == (code, ""), result.output
            assert message in result.stderr and result.stderr.count("\n") == 1

"""An account is erased: who it was is gone, what the books need is not."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.domain.accounts import operations, queries
from app.domain.accounts.callers import caller_by_text
from app.domain.accounts.deletion import WAITS
from app.domain.accounts.errors import (
    DeletionAsked,
    DeletionNotAsked,
    InvoicesUnpaid,
    KeyUnknown,
    UnknownAccount,
    WrongCredentials,
)
from app.domain.accounts.key_rules import KeyTerms
from app.domain.accounts.models import Account, Key
from app.domain.accounts.security_journal import Doer
from app.domain.invoices.models import Invoice
from app.domain.mails import operations as mails
from app.domain.mails.forgetting import forget_mails
from app.domain.mails.models import Mail
from app.domain.payments import operations as payments
from app.domain.payments.cards import FORGET_CARD
from app.domain.payments.consent import VERSION
from app.domain.subscriptions import queries as subscriptions
from app.domain.usage.errors import UnknownRequest
from app.domain.usage.models import BillingRecord, UsageDaily
from app.domain.usage.reports import OutcomeStatus
from app.foundation import idempotency, journal, outbox
from app.foundation.database import session, transaction
from app.foundation.idempotency import Answer, IdempotencyKey
from app.foundation.journal import JournalEntry
from app.foundation.secret_keys import KeyKind
from app.workflows import change_keys
from app.workflows.begin_checkout import Checkout
from app.workflows.check_entitlement import check_entitlement
from app.workflows.delete_account import delete_account, keep_account
from app.workflows.erase_account import erase_account
from app.workflows.redeem_coupon import redeem_coupon
from app.workflows.reset_password import SEND_RESET
from app.workflows.save_card import begin_saving_card
from app.workflows.sign_up import sign_up
from app.workflows.top_up import top_up
from app.workflows.void_usage import void_usage
from tests.books import check_books
from tests.factories.accounts import make_account, make_key
from tests.factories.mailed_links import VISITOR
from tests.factories.mails import make_mail
from tests.factories.payments import make_card, make_checkout, make_invoice, make_paid
from tests.factories.purchases import (
    begin_switch,
    make_shop,
    promises,
)
from tests.factories.remains import marks_left, rows_of
from tests.factories.tokens import make_extra_tokens
from tests.factories.usage import make_report, make_usage, record
from tests.fakes.payment_gateway import FakeGateway
from tests.fakes.payment_gateway import make_card as card
from tests.moments import NOW

GRACE = timedelta(days=7)
DUE = NOW + WAITS
PASSWORD = "correct horse battery staple"
OURS = {"actor": "customer:ada", "details": {"device": "Firefox", "address": "203.0.113.7"}}
# What tells who somebody was; none of it may be anywhere afterwards but on issued invoices.
MARKS = ("ada@example.com", "Ada", "203.0.113.7", "bobs-laptop", "Hidden Lane", "4242")


def begin_plan(account: Account, gateway: FakeGateway) -> Checkout:
    return begin_switch(account, "plan-pro", gateway=gateway)


def begin_top_up(account: Account, gateway: FakeGateway) -> Checkout:
    return top_up(account, amount_minor=5_000, shop=make_shop(gateway), now=NOW).checkout


def begin_card(account: Account, gateway: FakeGateway) -> None:
    begin_saving_card(account, VERSION, gateway=gateway, base_url="https://x.example", now=NOW)


def change(account: Account, gateway: FakeGateway) -> None:
    with transaction():
        wanted = {"billing_address": "Hidden Lane 8"}
        operations.change_settings(account, wanted, actor="customer:ada", now=DUE)


def redeem(account: Account, gateway: FakeGateway) -> None:
    with transaction():
        redeem_coupon("GUESSED", account, plan_id=None, grace=GRACE, now=DUE)


def add_key(account: Account, gateway: FakeGateway) -> None:
    by = Doer("customer:ada", VISITOR)
    with transaction():
        change_keys.make_key(KeyKind.CUSTOMER, KeyTerms("late"), owner=account, by=by, now=DUE)


BUYING = [begin_plan, begin_top_up, begin_card]
WRITING = [*BUYING, change, redeem, add_key]


def ask(account: Account, **changes: object) -> None:
    with transaction():
        delete_account(account, **{**OURS, "grace": GRACE, "now": NOW, **changes})


def erase(*, now=DUE) -> bool:
    with transaction():
        return erase_account("ada", grace=GRACE, now=now)


@pytest.fixture
def lived(ada: Account) -> Account:
    """Ada with a password, a key, cards, mails, tokens and a request of little cost."""
    with transaction():
        locked = operations.lock_accounts({"ada"})["ada"]
        operations.set_password(locked, PASSWORD, now=NOW)
        queries.settings_of(locked).billing_address = "Hidden Lane 7"
        queries.settings_of(locked).billing_email = "ada@example.com"
        details = {"device": "Firefox", "address": "203.0.113.7"}
        journal.write("signed_in", actor="customer:ada", user_id="ada", now=NOW, details=details)
    make_usage("ada", request_id="req-of-ada", api_key_alias="bobs-laptop")
    make_extra_tokens("ada", bought=1_000, granted=50, now=NOW)
    make_card(ada)
    make_mail(ada)
    return ada


class TestDeleteAccount:
    def test_waits_for_two_weeks_and_tells_by_mail(self, lived) -> None:
        ask(lived)
        account = queries.account("ada")
        assert (account.deletion_asked_at, account.deletion_due_at) == (NOW, DUE)
        mail = session.query(Mail).filter_by(kind="deletion_asked").one()
        assert mail.address == "ada@example.com" and mail.facts["extra_tokens"] == 1_050
        assert journal.find_last("deletion_asked").actor == "customer:ada"

    def test_wants_invoices_paid_first(self, ada) -> None:
        make_invoice(ada, minor=1_234)
        with pytest.raises(InvoicesUnpaid, match=r"\$12\.34"):
            ask(ada)
        assert queries.account("ada").deletion_due_at is None

    def test_is_asked_once(self, ada) -> None:
        ask(ada)
        with pytest.raises(DeletionAsked):
            ask(ada)

    def test_lets_the_plan_run_out(self, app) -> None:
        pia = make_account("pia", plan_id="plan-pro")
        ask(pia)
        assert not subscriptions.running_subscription("pia").auto_renew
        with transaction():
            keep_account(pia, **OURS, grace=GRACE, now=NOW + timedelta(days=1))
        assert subscriptions.running_subscription("pia").auto_renew

    def test_buys_nothing_any_more(self, ada) -> None:
        with transaction():
            changes = {"auto_topup": True, "auto_topup_threshold": 9_000}
            operations.change_settings(ada, changes, actor="customer:ada", now=NOW)
        ask(ada)
        with transaction():
            assert operations.lock_balances({"ada"})["ada"].topup_threshold == 0


class TestKeepAccount:
    def test_takes_it_back(self, ada) -> None:
        ask(ada)
        with transaction():
            keep_account(ada, **OURS, grace=GRACE, now=DUE)
        assert not erase(now=DUE + timedelta(days=1))
        assert queries.account("ada").email == "ada@example.com"

    def test_has_to_be_asked_before(self, ada) -> None:
        with pytest.raises(DeletionNotAsked), transaction():
            keep_account(ada, **OURS, grace=GRACE, now=NOW)


class TestEraseAccount:
    @pytest.mark.parametrize(
        ("now", "is_erased"),
        [(DUE - timedelta(microseconds=1), False), (DUE, True), (DUE + timedelta(days=9), True)],
    )
    def test_waits_to_the_end(self, lived, now, is_erased: bool) -> None:
        ask(lived)
        assert erase(now=now) is is_erased
        assert (queries.account("ada").erased_at is not None) is is_erased

    def test_erases_nothing_that_nobody_asked_for(self, lived) -> None:
        assert not erase(now=DUE)
        assert queries.account("ada").erased_at is None

    def test_leaves_no_mark_anywhere_but_in_documents(self, lived) -> None:
        make_paid(lived, gateway=FakeGateway())
        ask(lived)
        send_mails()
        assert erase()
        # The last mail is still on its way; once it has arrived, it goes too.
        assert [mail.kind for mail in session.query(Mail)] == ["account_deleted"]
        send_mails()
        with transaction():
            forget_mails(before=NOW, limit=100)
        assert marks_left(MARKS, but=("invoices", "credit_notes", "provider_events")) == []

    def test_keeps_invoices_payments_and_the_books(self, lived) -> None:
        payment = make_paid(lived, gateway=FakeGateway())
        before = invoice_told()
        ask(lived)
        assert erase()
        assert invoice_told() == before
        assert session.scalar(text("SELECT count(*) FROM payments")) == 1
        assert payment.status == "settled"
        check_books()

    def test_looks_like_nobody_to_whoever_signs_in(self, lived) -> None:
        ask(lived)
        assert operations.check_credentials("ada@example.com", PASSWORD).id == "ada"
        assert erase()
        for address in ("ada@example.com", queries.account("ada").email):
            assert queries.find_account_by_email(address) is None
            with pytest.raises(WrongCredentials):
                operations.check_credentials(address, PASSWORD)

    def test_lets_the_address_be_registered_anew(self, lived) -> None:
        ask(lived)
        assert erase()
        with transaction():
            fresh = sign_up("ada@example.com", password=PASSWORD, now=DUE)
        assert fresh.id != "ada"

    def test_revokes_keys(self, lived) -> None:
        key = make_key(KeyKind.CUSTOMER, user_id="ada")
        ask(lived)
        assert caller_by_text(key.text, now=DUE).user_id == "ada"
        assert erase()
        with pytest.raises(KeyUnknown):
            caller_by_text(key.text, now=DUE)

    def test_has_providers_forget_the_cards(self, lived) -> None:
        ask(lived)
        assert erase()
        assert len(promises(FORGET_CARD)) == 1

    def test_is_unknown_to_the_gateway_from_its_end_on(self, lived) -> None:
        ask(lived)
        (before,) = record([make_report("ada")], now=DUE - timedelta(microseconds=1))
        (after,) = record([make_report("ada")], now=DUE)
        assert (before.status, after.status) == (OutcomeStatus.ACCEPTED, OutcomeStatus.REJECTED)
        assert after.code == "unknown_user"
        with pytest.raises(UnknownAccount):
            check_entitlement("ada", now=DUE, grace=GRACE, limits=None)
        assert erase()
        with pytest.raises(UnknownRequest), transaction():
            void_usage("req-of-ada", reason="x", actor="gateway:x", now=DUE)

    def test_waits_until_nothing_is_owed(self, lived) -> None:
        make_usage("ada", prompt_tokens=100_000)
        ask(lived)
        assert not erase()
        assert queries.account("ada").email == "ada@example.com"

    def test_waits_for_money_on_its_way(self, lived) -> None:
        invoice = make_invoice(lived)
        make_checkout(lived, invoice, gateway=FakeGateway())
        with transaction():
            session.get(Invoice, invoice.id).status = "void"
        ask(lived)
        assert not erase()

    @pytest.mark.parametrize("write", WRITING)
    def test_nothing_is_written_to_it_afterwards(self, lived, write) -> None:
        ask(lived)
        assert erase()
        before = [dict(row._mapping) for row in rows_of("ada")]
        with pytest.raises(UnknownAccount):
            write(lived, FakeGateway())
        session.rollback()
        assert [dict(row._mapping) for row in rows_of("ada")] == before

    def test_keeps_no_card_of_which_is_heard_too_late(self, lived) -> None:
        ask(lived)
        assert erase()
        with transaction():
            late = payments.keep_card("ada", card(9), provider="stripe", consent=None, now=DUE)
        assert (late.removed_at, late.is_default) == (DUE, False)
        assert {"card": late.id} in promises(FORGET_CARD)
        session.refresh(late)
        assert late.last4 == ""

    def test_forgets_who_asked_for_links_and_what_was_answered(self, lived) -> None:
        key = make_key(KeyKind.CUSTOMER, user_id="ada")
        with transaction():
            came = {"email": "ada@example.com", "address": "203.0.113.7"}
            done = outbox.add(SEND_RESET, came, now=NOW)
            # As earlier versions have left it.
            done.done_at, done.next_try_at = NOW, None
            for holder, address in (
                (session.query(Key).one().public_id, "/v1/billing/settings"),
                (idempotency.holder_of("ada"), "/v1/billing/settings"),
                (idempotency.holder_of("olga"), "/v1/billing/operator/customers/ada"),
            ):
                scope = f"{holder} PUT {address} once"
                idempotency.claim(scope, body=b"", now=NOW)
                idempotency.keep(scope, Answer(200, b"ada@example.com", "application/json"))
        ask(lived)
        assert caller_by_text(key.text, now=NOW) and erase()
        session.expire_all()
        assert session.query(IdempotencyKey).count() == 0
        assert promises(SEND_RESET) == [{}]

    def test_ends_the_plan(self, lived) -> None:
        make_account("pia", plan_id="plan-pro")
        ask(queries.account("pia"))
        with transaction():
            assert erase_account("pia", grace=GRACE, now=DUE)
        period = subscriptions.current_period("pia", now=DUE, grace=GRACE)
        assert period.terms.plan_id == "plan-payg"
        check_books()

    def test_leaves_bens_alone(self, lived, ben) -> None:
        make_usage("ben", api_key_alias="bens-laptop")
        make_mail(ben)
        before = [dict(row._mapping) for row in rows_of("ben")]
        ask(lived)
        assert erase()
        assert [dict(row._mapping) for row in rows_of("ben")] == before

    def test_numbers_the_keys_of_its_usage(self, lived) -> None:
        make_usage("ada", api_key_alias="key 1")
        ask(lived)
        assert erase()
        names = {row.api_key for row in session.query(UsageDaily).filter_by(user_id="ada")}
        assert "bobs-laptop" not in names and len(names) == 2
        aliases = {row.api_key_alias for row in session.query(BillingRecord)}
        assert aliases == names


def send_mails() -> None:
    with transaction():
        for mail in session.query(Mail).all():
            mails.note_kept(mail.id, now=NOW)


def invoice_told() -> list[tuple]:
    session.expire_all()
    return [
        (row.invoice_number, str(row.buyer), row.content_digest, row.status)
        for row in session.query(Invoice).order_by(Invoice.id)
    ]


def test_tells_nothing_of_it_in_the_journal(lived) -> None:
    ask(lived)
    assert erase()
    details = [
        row.details
        for row in session.query(JournalEntry).filter_by(user_id="ada").order_by(JournalEntry.id)
    ]
    assert not any("203.0.113.7" in str(each) for each in details)

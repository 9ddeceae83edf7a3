"""Letters about what customers arrange for their plan: one for each change, and few enough."""

from contextlib import suppress
from datetime import timedelta

import pytest

from app.domain.accounts.errors import UnknownAccount
from app.domain.accounts.models import Account
from app.domain.mails.models import Mail
from app.domain.mails.operations import SEND_MAIL
from app.domain.subscriptions.errors import ChangeInProgress, NothingToCancel, NothingToResume
from app.foundation.database import session, transaction
from app.workflows.cancel_subscription import cancel_subscription
from app.workflows.delete_account import delete_account
from app.workflows.erase_account import erase_account
from app.workflows.renew_subscriptions import renew_subscriptions
from app.workflows.resume_subscription import resume_subscription
from app.workflows.tell_of_plan import KINDS, LETTERS_A_DAY
from tests.factories.purchases import (
    SELLER,
    begin_switch,
    buy_plan,
    invoices_of,
    mails_of,
    promises,
)
from tests.factories.redemptions import make_coupon, redeem
from tests.factories.usage import GRACE
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW

DAY = timedelta(days=1)
END = NOW + 30 * DAY
pytestmark = pytest.mark.usefixtures("books")


@pytest.fixture
def pro(ada: Account, gateway: FakeGateway) -> Account:
    buy_plan(ada, "plan-pro", gateway=gateway)
    return ada


def cancel(account: Account, *, now=NOW) -> None:
    with transaction():
        cancel_subscription(account, grace=GRACE, now=now)


def resume(account: Account, *, now=NOW) -> None:
    with transaction():
        resume_subscription(account, grace=GRACE, now=now)


def told(account: Account) -> list[str]:
    """Return which letters about his plan he got, oldest first."""
    return [kind for kind in mails_of(account) if kind in KINDS]


def last_facts(account: Account) -> dict[str, object]:
    mail = session.query(Mail).filter_by(user_id=account.id).order_by(Mail.id.desc()).first()
    assert mail is not None
    # It goes out through the outbox of the same transaction.
    assert {"mail": mail.id} in promises(SEND_MAIL)
    return mail.facts


STANDING = {
    "plan_name": "Pro",
    "price_minor": 9_999,
    "at": END.isoformat(),
    "unpaid_until": None,
    "given_up_plan_name": "",
}


class TestWhatIsTold:
    def test_a_cancelling_is_told_with_its_end(self, pro: Account) -> None:
        cancel(pro)
        assert told(pro) == ["plan_cancelled"]
        assert last_facts(pro) == STANDING

    def test_a_cancelling_tells_what_it_gives_up(self, pro: Account, gateway) -> None:
        begin_switch(pro, "plan-basic", gateway=gateway)
        cancel(pro)
        assert told(pro) == ["change_scheduled", "plan_cancelled"]
        assert last_facts(pro) == {**STANDING, "given_up_plan_name": "Basic"}

    def test_keeping_the_plan_is_told_with_its_renewal(self, pro: Account) -> None:
        cancel(pro)
        resume(pro)
        assert told(pro) == ["plan_cancelled", "plan_kept"]
        assert last_facts(pro) == STANDING

    def test_a_scheduled_change_taken_back_is_told(self, pro: Account, gateway) -> None:
        begin_switch(pro, "plan-basic", gateway=gateway)
        resume(pro)
        assert told(pro) == ["change_scheduled", "change_taken_back"]
        assert last_facts(pro) == {**STANDING, "given_up_plan_name": "Basic"}

    def test_an_unpaid_period_is_told_of(self, pro: Account) -> None:
        cancel(pro, now=END + DAY)
        assert last_facts(pro)["unpaid_until"] == (END + GRACE).isoformat()

    def test_a_scheduled_change_is_told_with_its_price(self, pro: Account, gateway) -> None:
        begin_switch(pro, "plan-basic", gateway=gateway)
        facts = last_facts(pro)
        assert (facts["price_minor"], facts["first_minor"]) == (999, 999)
        assert facts["at"] == END.isoformat()

    def test_a_scheduled_change_is_told_with_what_coupons_leave(
        self, ada: Account, gateway: FakeGateway
    ) -> None:
        make_coupon()
        make_coupon("PROONLY", applicable_plans=["plan-pro"])
        buy_plan(ada, "plan-pro", gateway=gateway)
        redeem("SAVE20", ada)
        redeem("PROONLY", ada)
        begin_switch(ada, "plan-basic", gateway=gateway)
        facts = last_facts(ada)
        # The other one is for the plan before.
        assert (facts["price_minor"], facts["first_minor"]) == (999, 799)
        # The letter has told what is charged then.
        with transaction():
            renew_subscriptions(seller=SELLER, grace=GRACE, now=END)
        renewal = invoices_of(ada)[-1]
        assert renewal.final_minor == 799


class TestWhatIsNotTold:
    def test_a_second_click_changes_nothing_and_tells_nothing(self, pro: Account) -> None:
        cancel(pro)
        with pytest.raises(NothingToCancel):
            cancel(pro)
        resume(pro)
        with pytest.raises(NothingToResume):
            resume(pro)
        assert told(pro) == ["plan_cancelled", "plan_kept"]

    def test_what_is_refused_is_not_told(self, ada: Account, gateway) -> None:
        buy_plan(ada, "plan-basic", gateway=gateway)
        begin_switch(ada, "plan-pro", gateway=gateway)
        with pytest.raises(ChangeInProgress):
            cancel(ada)
        # Nothing was told of the change, either: it waited for its money.
        resume(ada)
        assert told(ada) == []

    def test_a_change_that_is_undone_is_not_told(self, pro: Account) -> None:
        with suppress(LookupError), transaction():
            cancel_subscription(pro, grace=GRACE, now=NOW)
            raise LookupError
        session.rollback()
        assert told(pro) == []

    def test_a_closed_account_is_told_nothing(self, pro: Account) -> None:
        with transaction():
            due_at = delete_account(pro, actor="customer:ada", details={}, grace=GRACE, now=NOW)
        # Its own letter says that the plan ends with the account.
        assert mails_of(pro)[-1] == "deletion_asked"
        with transaction():
            assert erase_account(pro.id, grace=GRACE, now=due_at)
        for arrange in (cancel, resume):
            with pytest.raises(UnknownAccount):
                arrange(pro, now=due_at)
        assert told(pro) == []


class TestHowOften:
    def test_the_last_letter_is_true(self, pro: Account, gateway) -> None:
        for _ in range(2):
            begin_switch(pro, "plan-basic", gateway=gateway)
            # Accepted in another tab, too.
            begin_switch(pro, "plan-basic", gateway=gateway)
            resume(pro)
        cancel(pro)
        expected = ["change_scheduled", "change_taken_back"] * 2
        assert told(pro) == [*expected, "plan_cancelled"]

    def test_nobody_fills_a_mailbox(self, pro: Account, ben: Account, gateway) -> None:
        buy_plan(ben, "plan-pro", gateway=gateway)
        for _ in range(LETTERS_A_DAY):
            cancel(pro)
            resume(pro)
        assert len(told(pro)) == LETTERS_A_DAY
        # Others, and the next day, are not held to it.
        cancel(ben)
        assert told(ben) == ["plan_cancelled"]
        cancel(pro, now=NOW + DAY)
        assert told(pro)[LETTERS_A_DAY:] == ["plan_cancelled"]

"""Automatic top-ups: bought once, within their limits, and paused when declined."""

from datetime import timedelta

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.accounts.queries import settings_of
from app.domain.invoices.models import TaxRate
from app.domain.payments.gateway import OutcomeStatus
from app.domain.tokens import operations as tokens
from app.domain.tokens import queries as token_queries
from app.domain.tokens.rules import Guard
from app.foundation.database import session, transaction
from app.workflows.auto_top_up import CHARGE_SAVED_CARD, auto_top_up, find_top_ups
from app.workflows.lapse_open_purchases import lapse_open_purchases
from app.workflows.top_up import pay_top_up
from tests.factories.purchases import (
    SELLER,
    buy_plan,
    charge,
    invoices_of,
    mails_of,
    make_card,
    make_shop,
    pay,
    payments_of,
    promises,
)
from tests.factories.usage import GRACE, make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW
from tests.threads import in_parallel

TICK, MINUTE, HOUR = timedelta(microseconds=1), timedelta(minutes=1), timedelta(hours=1)
pytestmark = pytest.mark.usefixtures("books")


def want(account: Account, **changes: object) -> None:
    """Set what the account wants of automatic top-up."""
    given = {
        "auto_topup": True,
        "auto_topup_threshold": 1_000_000,
        "auto_topup_amount_minor": 5_000,
    }
    with transaction():
        for name, value in {**given, **changes}.items():
            setattr(settings_of(account), name, value)


def run(account: Account, *, now=NOW) -> Guard:
    return run_for(account.id, now=now)


def run_for(user_id: str, *, now=NOW) -> Guard:
    with transaction():
        return auto_top_up(user_id, seller=SELLER, grace=GRACE, now=now)


def balance(account: Account) -> int:
    session.rollback()
    session.refresh(account)
    return account.extra_tokens


@pytest.fixture
def thirsty(ada: Account, gateway: FakeGateway) -> Account:
    """Ada with a Pro plan, a card, and one request below her threshold of a million tokens."""
    buy_plan(ada, "plan-pro", gateway=gateway)
    make_card(ada)
    want(ada)
    make_usage(ada.id, now=NOW)
    return ada


def attempts(account: Account):
    return [payment for payment in payments_of(account) if payment.method == "off_session"]


class TestAutoTopUp:
    def test_writes_an_attempt_and_promises_to_charge(self, thirsty: Account) -> None:
        assert run(thirsty) is Guard.BUY
        (payment,) = attempts(thirsty)
        assert (payment.purpose, payment.status, payment.amount_minor) == (
            "topup",
            "created",
            5_000,
        )
        assert (payment.expires_at, payment.payment_method_id is None) == (None, False)
        assert promises(CHARGE_SAVED_CARD) == [{"payment": payment.public_id}]
        draft = invoices_of(thirsty)[1]
        assert (draft.kind, draft.status, draft.invoice_number) == ("topup", "draft", None)
        assert balance(thirsty) == 0

    def test_gives_the_tokens_when_paid(self, thirsty: Account) -> None:
        run(thirsty)
        charge(attempts(thirsty)[0])
        assert balance(thirsty) == 333_333
        assert invoices_of(thirsty)[1].status == "paid"
        assert mails_of(thirsty)[-1] == "tokens_bought"
        assert run(thirsty, now=NOW + HOUR) is Guard.ENOUGH_TOKENS

    def test_threads_buy_once(self, app: Flask, thirsty: Account) -> None:
        said = in_parallel(app, [lambda: run_for("ada")] * 5)
        assert sorted(said) == ["buy", *["in_flight"] * 4]
        assert len(attempts(thirsty)) == 1

    @pytest.mark.parametrize(("threshold", "says"), [(999_380, "enough_tokens"), (999_381, "buy")])
    def test_buys_below_the_threshold_not_at_it(self, thirsty: Account, threshold, says) -> None:
        want(thirsty, auto_topup_threshold=threshold)
        assert run(thirsty) == says

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"auto_topup": False}, Guard.OFF),
            ({"auto_topup_threshold": 0}, Guard.OFF),
            ({"auto_topup_max_per_month": 0}, Guard.COUNT_REACHED),
            ({"auto_topup_monthly_limit_minor": 4_999}, Guard.AMOUNT_REACHED),
            ({"auto_topup_monthly_limit_minor": 5_000}, Guard.BUY),
        ],
    )
    def test_keeps_to_the_settings(self, thirsty: Account, changes, says: Guard) -> None:
        want(thirsty, **changes)
        assert run(thirsty) is says

    def test_counts_tax_into_the_limit(self, thirsty: Account) -> None:
        with transaction():
            session.add(TaxRate(country="DE", name="VAT", rate_bp=1_900, updated_at=NOW))
            settings_of(thirsty).country = "DE"
        want(thirsty, auto_topup_monthly_limit_minor=5_949)
        assert run(thirsty) is Guard.AMOUNT_REACHED
        want(thirsty, auto_topup_monthly_limit_minor=5_950)
        assert run(thirsty) is Guard.BUY
        assert attempts(thirsty)[0].amount_minor == 5_950
        charge(attempts(thirsty)[0])
        assert balance(thirsty) == 333_333

    @pytest.mark.parametrize(
        "changes", [{"consented_at": None, "consent_version": None}, {"removed_at": NOW}]
    )
    def test_charges_no_card_without_consent(self, ada: Account, gateway, changes) -> None:
        buy_plan(ada, "plan-pro", gateway=gateway)
        make_card(ada, **changes)
        want(ada)
        make_usage(ada.id)
        assert run(ada) is Guard.NO_CARD
        assert list(find_top_ups()) == []

    def test_sells_nothing_to_those_who_pay_as_they_go(self, ada: Account) -> None:
        make_card(ada)
        want(ada)
        assert run(ada) is Guard.NO_TOKENS_FOR_SALE
        assert list(find_top_ups()) == []

    def test_counts_what_was_bought_this_month(self, thirsty: Account) -> None:
        want(thirsty, auto_topup_threshold=10**9, auto_topup_max_per_month=2)
        for number in range(2):
            now = NOW + number * HOUR
            assert run(thirsty, now=now) is Guard.BUY
            charge(attempts(thirsty)[-1], now=now)
        assert run(thirsty, now=NOW + 3 * HOUR) is Guard.COUNT_REACHED
        december = NOW.replace(month=12, day=1, hour=0)
        assert run(thirsty, now=december - TICK) is Guard.COUNT_REACHED
        assert run(thirsty, now=december) is Guard.BUY

    @pytest.mark.parametrize(
        ("after", "says"), [(10 * MINUTE - TICK, "too_soon"), (10 * MINUTE, "buy")]
    )
    def test_waits_ten_minutes_between(self, thirsty: Account, after, says) -> None:
        want(thirsty, auto_topup_threshold=10**9)
        run(thirsty)
        charge(attempts(thirsty)[0])
        assert run(thirsty, now=NOW + after) == says


class TestDeclines:
    def decline(self, account: Account, *, now=NOW, code: str = "card_declined") -> None:
        assert run(account, now=now) is Guard.BUY
        charge(attempts(account)[-1], OutcomeStatus.FAILED, decline_code=code, now=now)

    @pytest.mark.parametrize(("after", "says"), [(HOUR - TICK, Guard.PAUSED), (HOUR, Guard.BUY)])
    def test_pause_for_an_hour(self, thirsty: Account, after, says: Guard) -> None:
        self.decline(thirsty)
        assert invoices_of(thirsty)[-1].status == "void"
        assert mails_of(thirsty)[-1] == "topup_declined"
        assert run(thirsty, now=NOW + after) is says

    def test_three_in_a_row_switch_it_off(self, thirsty: Account) -> None:
        for number in range(3):
            self.decline(thirsty, now=NOW + number * HOUR)
        assert not settings_of(thirsty).auto_topup
        assert run(thirsty, now=NOW + 9 * HOUR) is Guard.SWITCHED_OFF
        assert mails_of(thirsty).count("topup_declined") == 3
        want(thirsty)
        with transaction():
            tokens.note_switched_on(thirsty.id, now=NOW + 9 * HOUR)
        assert run(thirsty, now=NOW + 9 * HOUR) is Guard.BUY

    def test_a_success_between_begins_to_count_anew(self, thirsty: Account) -> None:
        want(thirsty, auto_topup_threshold=10**9)
        for number in range(2):
            self.decline(thirsty, now=NOW + number * HOUR)
        assert run(thirsty, now=NOW + 2 * HOUR) is Guard.BUY
        charge(attempts(thirsty)[-1], now=NOW + 2 * HOUR)
        self.decline(thirsty, now=NOW + 3 * HOUR)
        guard = token_queries.find_guard(thirsty.id)
        assert (guard.declines_in_a_row, guard.switched_off_at) == (1, None)

    def test_a_bank_that_wants_the_customer_gets_him(self, thirsty: Account, gateway) -> None:
        self.decline(thirsty, code="authentication_required")
        draft = invoices_of(thirsty)[-1]
        assert (draft.status, mails_of(thirsty)[-1]) == ("draft", "topup_needs_authentication")
        assert run(thirsty, now=NOW + 2 * HOUR) is Guard.AWAITS_AUTHENTICATION
        shop = make_shop(gateway)
        checkout = pay_top_up(thirsty, draft.public_id, shop=shop, now=NOW + 2 * HOUR)
        pay(checkout, gateway=gateway, now=NOW + 2 * HOUR)
        assert balance(thirsty) == 333_333
        assert not token_queries.find_guard(thirsty.id).awaits_authentication

    @pytest.mark.parametrize(("after", "lapsed"), [(24 * HOUR, 0), (24 * HOUR + TICK, 1)])
    def test_a_day_later_nobody_waits_any_more(self, thirsty: Account, after, lapsed: int) -> None:
        self.decline(thirsty, code="authentication_required")
        with transaction():
            assert lapse_open_purchases(now=NOW + after) == lapsed
        assert run(thirsty, now=NOW + after) is Guard.BUY


class TestFindTopUps:
    def test_finds_who_is_below(self, thirsty: Account, ben: Account) -> None:
        assert list(find_top_ups()) == ["ada"]

    @pytest.mark.parametrize("changes", [{"auto_topup": False}, {"auto_topup_threshold": 0}])
    def test_finds_nobody_who_does_not_want_it(self, thirsty: Account, changes) -> None:
        want(thirsty, **changes)
        assert list(find_top_ups()) == []

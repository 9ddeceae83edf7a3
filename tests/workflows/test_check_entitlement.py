"""May this customer go on? Each reason as it comes to be, and what is left."""

from datetime import timedelta

import pytest

from app.domain.accounts.errors import UnknownAccount
from app.domain.accounts.models import BillingSettings
from app.domain.reporting.entitlements import CreditLimits
from app.domain.reporting.views import Entitlement
from app.foundation.database import session
from app.workflows.check_entitlement import check_entitlement
from tests.factories.accounts import make_account
from tests.factories.subscriptions import current_period
from tests.factories.tokens import make_extra_tokens
from tests.factories.usage import GRACE, make_usage
from tests.moments import NOW
from tests.statements import statements

LIMITS = CreditLimits(new_minor=500, settled_minor=10_000)
USD = 1_000_000_000
pytestmark = pytest.mark.usefixtures("books")


def check(user_id: str = "ada", *, now=NOW) -> Entitlement:
    return check_entitlement(user_id, now=now, grace=GRACE, limits=LIMITS)


def choose(user_id: str, **choices: object) -> None:
    settings = session.query(BillingSettings).filter_by(user_id=user_id).one()
    for name, value in choices.items():
        setattr(settings, name, value)
    session.commit()


class TestCheckEntitlement:
    def test_lets_a_new_customer_go_on(self, ada, noise) -> None:
        entitlement = check()
        assert entitlement.is_allowed
        assert entitlement.reason == "ok"
        assert entitlement.credit_left_nanos == 5 * USD
        assert entitlement.spend_left_nanos is None
        assert entitlement.max_concurrent_req == 2 and entitlement.rate_limit_per_min == 20

    def test_shows_the_terms_and_tokens_of_a_plan(self, app) -> None:
        make_account("cleo", plan_id="plan-pro")
        make_extra_tokens("cleo", bought=1_000)
        make_usage("cleo")
        entitlement = check("cleo")
        assert entitlement.is_allowed
        assert entitlement.plan == "pro"
        assert entitlement.tokens_remaining == 999_380
        assert entitlement.token_balance == 1_000_380
        assert entitlement.max_concurrent_req == 20 and entitlement.rate_limit_per_min == 300

    def test_denies_the_suspended_whatever_else_is_wrong(self, ada) -> None:
        ada.suspended_at, ada.suspended_because = NOW, "operator"
        session.commit()
        choose("ada", overage_enabled=False)
        assert check().reason == "suspended"
        assert not check().is_allowed

    def test_denies_without_tokens_or_overage(self, app) -> None:
        make_account("cleo", plan_id="plan-basic")
        choose("cleo", overage_enabled=False)
        assert check("cleo").is_allowed
        make_usage("cleo", prompt_tokens=100_000, completion_tokens=0)
        denied = check("cleo")
        assert denied.reason == "tokens_exhausted"
        assert not denied.overage_enabled
        # The next period brings a new quota, and nobody has to write it first.
        later = current_period("cleo").ends_at + timedelta(days=1)
        assert check("cleo", now=later).reason == "ok"

    def test_denies_at_the_customers_own_limit_of_this_month(self, ada) -> None:
        choose("ada", spend_limit_minor=3)
        make_usage("ada", occurred_at=NOW - timedelta(days=30))
        make_usage("ada")
        assert check().spend_left_nanos == 7_800_000
        assert check().is_allowed
        make_usage("ada")
        assert check().reason == "spend_limit"
        assert check().spend_left_nanos == 0

    def test_denies_at_the_credit_limit(self, ada, ben) -> None:
        make_usage("ada", prompt_tokens=166_000, completion_tokens=0)
        assert check().is_allowed
        assert check().credit_left_nanos == 20_000_000
        make_usage("ada", prompt_tokens=1_000, completion_tokens=0)
        assert check().reason == "credit_limit"
        assert check("ben").is_allowed
        ada.credit_limit_minor = 600
        session.commit()
        assert check().is_allowed

    def test_denies_unpriced_usage_without_end(self, app, ada) -> None:
        make_account("cleo", plan_id="plan-basic")
        for user_id in ("ada", "cleo"):
            make_usage(user_id, model="nobody-knows", prompt_tokens=999_880)
        assert check().reason == "unpriced_limit"
        assert check("cleo").reason == "ok"

    def test_does_not_know_everyone(self, ada) -> None:
        with pytest.raises(UnknownAccount):
            check("nobody")

    def test_takes_few_statements_however_much_was_used(self, ada) -> None:
        for days in range(5):
            make_usage("ada", occurred_at=NOW - timedelta(days=40 * days))
        session.expunge_all()
        with statements() as sent:
            check()
        assert len([statement for statement in sent if "SELECT" in statement]) <= 8

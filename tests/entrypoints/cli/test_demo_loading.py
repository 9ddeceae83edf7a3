"""The demo as it stands after loading, once and again."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.domain.accounts import operations, queries
from app.domain.accounts.attribution import WireFormat
from app.domain.accounts.callers import caller_by_text
from app.domain.accounts.errors import RealAccountsPresent
from app.domain.coupons.queries import coupons
from app.domain.usage.models import BillingRecord
from app.entrypoints.cli import demo_loading
from app.entrypoints.cli.demo_file import find_demo, write_demo
from app.entrypoints.cli.demo_loading import NOBODY, load_demo, move_demo
from app.entrypoints.cli.demo_world import COUPONS
from app.foundation.database import session
from app.workflows.verify_books import verify_books
from tests.factories.accounts import make_account
from tests.factories.subscriptions import current_period


@pytest.fixture
def load(environment, app, server, now):
    """Load the demo, as if a number of days ago."""

    def play(days_ago: int = 0):
        demo, tally = load_demo(url=server, now=now - timedelta(days=days_ago))
        session.rollback()
        return demo, tally

    return play


@pytest.fixture
def no_usage(monkeypatch) -> None:
    """A demo in which nobody did anything: who gets in how does not depend on it."""
    monkeypatch.setattr(demo_loading, "usage_between", lambda *bounds: iter(()))


def recorded(user_id: str) -> int:
    mine = select(func.count()).where(BillingRecord.user_id == user_id)
    return session.scalars(mine).one()


class TestLoadDemo:
    def test_brings_a_whole_world_with_right_books(self, load, now) -> None:
        _, tally = load()
        assert tally.is_clean and tally.duplicates == 0
        assert tally.accepted > 5_000
        demo = queries.account("user-123")
        assert demo.is_demo and demo.credit_limit_minor == 50_000
        assert queries.settings_of(demo).alert_threshold == 50_000
        period = current_period("user-123")
        assert (period.plan_id, period.grace_ends_at) == ("plan-pro", None)
        assert period.starts_at <= now < period.ends_at
        unpriced = select(func.count()).where(BillingRecord.status != "completed")
        assert session.scalars(unpriced).one() == 0
        assert verify_books() == []

    def test_posts_only_the_days_that_passed(self, load) -> None:
        first, earlier = load(days_ago=2)
        before = recorded("user-123")
        second, later = load()
        assert (later.duplicates, later.conflicts) == (earlier.accepted, 0)
        assert later.accepted > 0 and recorded("user-123") > before
        assert second == first
        assert verify_books() == []

    @pytest.mark.usefixtures("no_usage")
    def test_makes_its_coupons_once(self, load, now) -> None:
        load(days_ago=2)
        load()
        made = {coupon.code: coupon.created_by for coupon in coupons(limit=9).coupons}
        assert made == dict.fromkeys(COUPONS, "operator:operator")

    @pytest.mark.usefixtures("no_usage")
    def test_writes_logins_that_work(self, load, settings, now) -> None:
        demo, _ = load()
        assert find_demo(settings.instance_dir) == demo
        for login in (demo.customer, demo.operator):
            assert operations.check_credentials(login.email, login.password).is_demo
        kinds = {
            caller_by_text(key, now=now).kind
            for key in (demo.customer.api_key, demo.operator.api_key, demo.gateway_key)
        }
        assert kinds == {"obl_sk_", "obl_op_", "obl_gw_"}

    @pytest.mark.usefixtures("no_usage")
    def test_lets_clients_of_others_be_tried(self, load, now) -> None:
        key = caller_by_text(load()[0].gateway_key, now=now)
        attribution = key.attribution
        assert all(attribution.bills_someone(wire) for wire in WireFormat)

    @pytest.mark.usefixtures("no_usage")
    def test_makes_logins_anew_that_were_lost(self, load, settings) -> None:
        first, _ = load()
        (settings.instance_dir / "demo.json").unlink()
        second, _ = load()
        assert second.customer.password != first.customer.password
        login = second.customer
        assert operations.check_credentials(login.email, login.password).id == "user-123"

    def test_is_refused_beside_real_accounts(self, load, settings) -> None:
        make_account("ada")
        with pytest.raises(RealAccountsPresent):
            load()
        assert queries.find_account("user-123") is None
        assert find_demo(settings.instance_dir) is None


@pytest.mark.usefixtures("no_usage")
class TestMoveDemo:
    def test_notes_another_address(self, load, settings) -> None:
        demo, _ = load()
        moved = move_demo("http://127.0.0.1:9999")
        assert moved is not None and moved.customer == demo.customer
        told = json.loads((settings.instance_dir / "demo.json").read_text())
        assert told["base_url"] == "http://127.0.0.1:9999"

    def test_leaves_alone_what_is_not_there(self, app, environment) -> None:
        assert move_demo("http://127.0.0.1:9999") is None

    def test_takes_no_other_databases_demo_for_its_own(self, app, environment, settings) -> None:
        write_demo(replace(NOBODY, base_url="http://127.0.0.1:8000"), settings.instance_dir)
        assert move_demo("http://127.0.0.1:9999") is None
        assert find_demo(settings.instance_dir).base_url == "http://127.0.0.1:8000"


@pytest.mark.usefixtures("no_usage")
class TestLoad:
    def test_says_where_the_demo_is(self, billing, server) -> None:
        result = billing("demo", "load", "--url", server)
        assert result.exit_code == 0, result.output
        assert result.stdout.splitlines()[-1] == f"The demo is at {server}"

    def test_is_refused_in_one_line(self, app, billing, server) -> None:
        make_account("ada")
        result = billing("demo", "load", "--url", server)
        assert result.exit_code == 1
        assert result.stderr.startswith("billing: The database holds real accounts")

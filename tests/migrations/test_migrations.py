"""Migrations: up, down and up again, in step with the models, with the book's plans and prices."""

import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import flask_migrate
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError

from app import create_app
from app.domain.accounts.models import Counter
from app.domain.catalog.models import ModelPrice, Plan
from app.foundation import money
from app.foundation.database import Base, db, session
from tests.databases import ROOT, on_sqlite, settings_for
from tests.factories.rows import VALID

MIGRATIONS = str(ROOT / "migrations")
# What was verified before is looked at anew; what 0015 and 0018 made is gone with them.
FORGOTTEN = {"verified_months", "verified_usage", "email_changes"}

CARELESS = """from alembic import op

revision, down_revision = "careless", "0020"


def upgrade():
    op.execute("DELETE FROM accounts")
"""


@pytest.fixture
def installation(empty_database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """An app on a database without any table."""
    app = create_app(settings_for(empty_database_url, tmp_path), TESTING=True)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.mark.usefixtures("installation")
class TestUpgrade:
    def tables(self) -> set[str]:
        return set(sa.inspect(db.engine).get_table_names()) - {"alembic_version"}

    def test_makes_every_table(self) -> None:
        flask_migrate.upgrade(directory=MIGRATIONS)
        assert self.tables() == set(Base.metadata.tables)

    def test_can_be_undone_and_done_again(self) -> None:
        flask_migrate.upgrade(directory=MIGRATIONS)
        flask_migrate.downgrade(directory=MIGRATIONS, revision="base")
        assert self.tables() == set()
        flask_migrate.upgrade(directory=MIGRATIONS)
        assert self.tables() == set(Base.metadata.tables)
        assert session.query(Plan).count() == 4

    def test_keeps_what_rows_of_other_tables_refer_to(self) -> None:
        flask_migrate.upgrade(directory=MIGRATIONS)
        with db.engine.begin() as connection:
            for table in Base.metadata.sorted_tables:
                connection.execute(sa.insert(table).values(VALID[table.name]))
        flask_migrate.downgrade(directory=MIGRATIONS, revision="0014")
        flask_migrate.upgrade(directory=MIGRATIONS)
        with db.engine.connect() as connection:
            for table in Base.metadata.sorted_tables:
                kept = connection.scalar(sa.select(sa.func.count()).select_from(table))
                assert bool(kept) == (table.name not in FORGOTTEN), table.name

    def test_tells_which_rows_break_a_rule_and_changes_nothing(self) -> None:
        flask_migrate.upgrade(directory=MIGRATIONS, revision="0018")
        carried = Base.metadata.tables["carried_amounts"]
        account = Base.metadata.tables["accounts"]
        with db.engine.begin() as connection:
            connection.execute(sa.insert(account).values(VALID["accounts"]))
            row = {**VALID["carried_amounts"], "from_month": "October"}
            connection.execute(sa.insert(carried).values(row))
        with pytest.raises(ValueError, match="1 rows of carried_amounts break"):
            flask_migrate.upgrade(directory=MIGRATIONS)
        with db.engine.begin() as connection:
            assert "model" not in {
                column["name"] for column in sa.inspect(connection).get_columns("verified_usage")
            }
            connection.execute(sa.update(carried).values(from_month="2026-10"))
        flask_migrate.upgrade(directory=MIGRATIONS)

    def test_leaves_references_held(self) -> None:
        flask_migrate.upgrade(directory=MIGRATIONS)
        orphan = {**VALID["billing_settings"], "user_id": "nobody"}
        table = Base.metadata.tables["billing_settings"]
        with pytest.raises(IntegrityError), db.engine.begin() as connection:
            connection.execute(sa.insert(table).values(orphan))

    def test_undoes_what_would_lose_references(self, tmp_path: Path) -> None:
        flask_migrate.upgrade(directory=MIGRATIONS)
        accounts = Base.metadata.tables["accounts"]
        with db.engine.begin() as connection:
            for name in ("accounts", "billing_settings"):
                connection.execute(sa.insert(Base.metadata.tables[name]).values(VALID[name]))
        careless = tmp_path / "migrations"
        shutil.copytree(MIGRATIONS, careless)
        (careless / "versions" / "careless.py").write_text(CARELESS)
        with pytest.raises((AssertionError, IntegrityError)):
            flask_migrate.upgrade(directory=str(careless))
        with db.engine.connect() as connection:
            kept = connection.scalar(sa.select(sa.func.count()).select_from(accounts))
            assert kept == 1

    def test_does_nothing_the_second_time(self) -> None:
        flask_migrate.upgrade(directory=MIGRATIONS)
        flask_migrate.upgrade(directory=MIGRATIONS)
        assert session.query(Plan).count() == 4

    def test_agrees_with_the_models(self) -> None:
        flask_migrate.upgrade(directory=MIGRATIONS)
        # Ends the program where they differ.
        flask_migrate.check(directory=MIGRATIONS)
        with db.engine.begin() as connection:
            connection.exec_driver_sql("DROP INDEX uq_subscription_periods_current")
        with pytest.raises(SystemExit):
            flask_migrate.check(directory=MIGRATIONS)


@pytest.mark.usefixtures("app")
class TestConstraints:
    """Alembic compares columns, keys and indexes; the rest is compared here."""

    def test_have_the_models_names(self) -> None:
        found = sa.inspect(db.engine)
        for table in Base.metadata.sorted_tables:
            checks = {c.name for c in table.constraints if isinstance(c, sa.CheckConstraint)}
            unique = {c.name for c in table.constraints if isinstance(c, sa.UniqueConstraint)}
            assert {c["name"] for c in found.get_check_constraints(table.name)} == checks
            assert {c["name"] for c in found.get_unique_constraints(table.name)} == unique

    # PostgreSQL gives conditions back in its own words.
    @on_sqlite
    def test_say_what_the_models_say(self) -> None:
        found = sa.inspect(db.engine)
        for table in Base.metadata.sorted_tables:
            checks = [c for c in table.constraints if isinstance(c, sa.CheckConstraint)]
            written = {
                c["name"]: one_line(c["sqltext"]) for c in found.get_check_constraints(table.name)
            }
            assert written == {c.name: one_line(str(c.sqltext)) for c in checks}

    @on_sqlite
    def test_hold_for_the_same_rows(self) -> None:
        found = sa.inspect(db.engine)
        for table in Base.metadata.sorted_tables:
            partial = {
                index["name"]: str(index["dialect_options"]["sqlite_where"])
                for index in found.get_indexes(table.name)
                if "sqlite_where" in index.get("dialect_options", {})
            }
            given = {
                index.name: index.dialect_options["sqlite"]["where"] for index in table.indexes
            }
            assert partial == {n: str(where) for n, where in given.items() if where is not None}


def one_line(sql: str) -> str:
    return " ".join(sql.split())


@pytest.mark.usefixtures("app")
class TestStarterCatalog:
    @pytest.mark.parametrize(
        ("plan_id", "terms"),
        [
            # Name, quota, USD a month, USD per extra token, support, at once, per minute, discount.
            ("plan-basic", ("Basic", 100_000, "9.99", "0.00002", "email", 5, 60, 0)),
            ("plan-pro", ("Pro", 1_000_000, "99.99", "0.00015", "priority", 20, 300, 1_000)),
            (
                "plan-enterprise",
                ("Enterprise", 10_000_000, "999.99", "0.0001", "dedicated", 100, 1_000, 0),
            ),
        ],
    )
    def test_offers_the_plans_of_the_book(self, plan_id: str, terms: tuple[object, ...]) -> None:
        plan = session.get_one(Plan, plan_id)
        assert terms == (
            plan.name,
            plan.monthly_quota,
            str(money.usd_from_minor(plan.monthly_price_minor)),
            f"{money.usd_per_1k_from_pico(plan.extra_token_price_pico) / 1000:f}",
            plan.support_level,
            plan.max_concurrent_req,
            plan.rate_limit_per_min,
            plan.overage_discount_bp,
        )
        assert (plan.is_active, plan.is_hidden) == (True, False)

    @pytest.mark.parametrize(
        ("plan_id", "description", "features"),
        [
            (
                "plan-basic",
                "Perfect for getting started",
                ["Up to 100K tokens per month", "Email support", "Basic API access"],
            ),
            (
                "plan-pro",
                "For professionals",
                [
                    "Up to 1M tokens per month",
                    "Priority email support",
                    "Advanced API access",
                    "10% discount on overage",
                ],
            ),
            (
                "plan-enterprise",
                "For large organizations",
                ["Up to 10M tokens per month", "24/7 phone support", "Dedicated account manager"],
            ),
        ],
    )
    def test_describes_them_in_the_book_s_words(self, plan_id, description, features) -> None:
        plan = session.get_one(Plan, plan_id)
        assert (plan.description, plan.features) == (description, features)

    def test_shows_them_in_the_book_s_order(self) -> None:
        shown = session.query(Plan).filter_by(is_hidden=False).order_by(Plan.display_order)
        assert [plan.id for plan in shown] == ["plan-basic", "plan-pro", "plan-enterprise"]

    def test_hides_pay_as_you_go(self) -> None:
        plan = session.get_one(Plan, "plan-payg")
        assert plan.is_hidden
        assert plan.name == "Pay as you go"
        assert (plan.monthly_quota, plan.monthly_price_minor, plan.overage_discount_bp) == (0, 0, 0)
        assert plan.extra_token_price_pico is None
        assert (plan.max_concurrent_req, plan.rate_limit_per_min) == (2, 20)

    def test_prices_gpt_4_as_the_book_s_example(self) -> None:
        price = session.query(ModelPrice).filter_by(model_id="gpt-4").one()
        assert money.usd_per_1k_from_pico(price.prompt_price_pico) == Decimal("0.03")
        assert money.usd_per_1k_from_pico(price.completion_price_pico) == Decimal("0.06")

    def test_prices_each_model_once_and_since_ever(self) -> None:
        prices = session.query(ModelPrice).all()
        assert len({price.model_id for price in prices}) == len(prices) >= 10
        for price in prices:
            assert price.effective_from.year == 1970
            assert price.effective_to is None
            assert price.included_in_plans

    def test_numbers_accounts_from_where_numbers_look_alike(self) -> None:
        assert session.get_one(Counter, "account").value == 1_000

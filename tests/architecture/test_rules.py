"""The house rules about code bite: each violation is planted once, beside what is allowed."""

import pytest

from tests.architecture import rules, writing
from tests.architecture.source import Module

ROUTE = "@pages.get('/')\ndef index():\n    '''Show\n    the page.'''\n"
FORTY_LINES = "def report():\n" + "    step()\n" * 39

# rule, module, source
VIOLATIONS = [
    (rules.imports_point_down, "app.foundation.money", "from app.domain.usage import rules"),
    (rules.imports_point_down, "app.domain.usage.rules", "from app.workflows import sign_up"),
    (rules.imports_point_down, "app.domain.usage.rules", "import app.config"),
    (rules.imports_point_down, "app.workflows.top_up", "from app.adapters import stripe_gateway"),
    (rules.imports_point_down, "app.workflows.top_up", "from app.entrypoints import problems"),
    (rules.imports_point_down, "app.workflows.top_up", "from app import wiring"),
    (rules.imports_point_down, "app.adapters.mailer", "from app.workflows import top_up"),
    (rules.imports_point_down, "app.adapters.mailer", "from app.config import Settings"),
    (rules.imports_point_down, "app.wiring", "from app.entrypoints import web"),
    (rules.imports_point_down, "app.entrypoints.web.coupons", "from app.adapters import mailer"),
    (rules.imports_point_down, "app.entrypoints.web.coupons", "import app.sandbox.stripe"),
    (rules.imports_point_down, "app.sandbox.stripe", "from app.foundation import money"),
    (rules.imports_point_down, "app.foundation.money", "from app import create_app"),
    (rules.imports_point_down, "app", "from app.application import create_app"),
    (rules.imports_point_down, "app.foundation.money", "from ..domain import usage"),
    (rules.imports_point_down, "app.stray", "x = 1"),
    (rules.subjects_lean_on_lower_ones, "app.domain.usage.rules", "import app.domain.invoices"),
    (
        rules.subjects_lean_on_lower_ones,
        "app.domain.accounts.queries",
        "from app.domain import catalog",
    ),
    (rules.subjects_lean_on_lower_ones, "app.domain.usage.rules", "import app.domain.tables"),
    (rules.subjects_lean_on_lower_ones, "app.domain.wallet.rules", "x = 1"),
    (
        rules.files_of_a_subject_keep_their_order,
        "app.domain.usage.rules",
        "from app.domain.usage import queries",
    ),
    (
        rules.files_of_a_subject_keep_their_order,
        "app.domain.usage.queries",
        "from app.domain.usage.operations import void",
    ),
    (
        rules.files_of_a_subject_keep_their_order,
        "app.domain.usage.models",
        "from app.domain.usage.rules import COST_MAX",
    ),
    (
        rules.doors_do_not_know_each_other,
        "app.entrypoints.web.coupons",
        "from app.entrypoints.api import auth",
    ),
    (
        rules.doors_do_not_know_each_other,
        "app.entrypoints.problems",
        "from app.entrypoints.api import auth",
    ),
    (rules.doors_do_not_know_each_other, "app.entrypoints.cli", "import app.entrypoints.jobs"),
    (rules.imports_stand_at_the_top, "app.config", "def read():\n    import os"),
    (rules.imports_stand_at_the_top, "app.config", "if TYPE_CHECKING:\n    import os"),
    (rules.imports_stand_at_the_top, "app.config", "try:\n    import os\nexcept E:\n    pass"),
    (rules.only_the_transaction_commits, "app.domain.usage.operations", "session.commit()"),
    (rules.only_the_transaction_commits, "app.entrypoints.cli", "done = db.session.commit"),
    (
        rules.transactions_begin_at_the_edge,
        "app.domain.usage.operations",
        "from app.foundation.database import session, transaction",
    ),
    (
        rules.transactions_begin_at_the_edge,
        "app.workflows.record_usage",
        "from app.foundation.database import transaction",
    ),
    (rules.only_the_clock_tells_the_time, "app.entrypoints.web.usage", "datetime.now(UTC)"),
    (rules.only_the_clock_tells_the_time, "app.entrypoints.web.usage", "datetime.utcnow()"),
    (rules.only_the_clock_tells_the_time, "app.entrypoints.web.usage", "date.today()"),
    (rules.only_the_clock_tells_the_time, "app.adapters.mailer", "time.time()"),
    (rules.only_the_clock_tells_the_time, "app.adapters.mailer", "from time import time"),
    (rules.only_the_clock_tells_the_time, "app.domain.usage.queries", "select(func.now())"),
    (
        rules.only_the_clock_tells_the_time,
        "app.domain.usage.operations",
        "from app.foundation import clock",
    ),
    (
        rules.only_the_clock_tells_the_time,
        "app.workflows.top_up",
        "from app.foundation.clock import now",
    ),
    (rules.rules_are_pure, "app.domain.usage.rules", "from sqlalchemy import select"),
    (rules.rules_are_pure, "app.domain.usage.rules", "import flask"),
    (rules.rules_are_pure, "app.domain.usage.rules", "from app.foundation import database"),
    (rules.rules_are_pure, "app.domain.usage.rules", "from app.domain.catalog import queries"),
    (rules.rules_are_pure, "app.domain.usage.rules", "import random"),
    (
        rules.the_core_knows_no_web_and_no_network,
        "app.domain.accounts.operations",
        "from flask_login import UserMixin",
    ),
    (rules.the_core_knows_no_web_and_no_network, "app.workflows.top_up", "import smtplib"),
    (
        rules.the_core_knows_no_web_and_no_network,
        "app.workflows.top_up",
        "from urllib.request import urlopen",
    ),
    (
        rules.entrypoints_do_not_query,
        "app.entrypoints.web.usage",
        "from sqlalchemy import select",
    ),
    (rules.routes_are_short, "app.entrypoints.web.usage", ROUTE + "    step()\n" * 15),
    (rules.routes_are_short, "app.entrypoints.web.usage", ROUTE + "    return page - 1\n"),
    (
        rules.refusals_are_translated_in_one_place,
        "app.entrypoints.web.usage",
        "try:\n    redeem()\nexcept (KeyError, DomainError):\n    pass",
    ),
    (rules.amounts_are_never_floats, "app.domain.usage.rules", "share = float(part)"),
    (rules.amounts_are_never_floats, "app.domain.usage.rules", "tax = net * 0.19"),
    (rules.amounts_are_never_floats, "app.domain.usage.rules", "share = part / whole"),
    (rules.amounts_are_never_floats, "app.domain.usage.rules", "share /= whole"),
    (rules.amounts_are_never_floats, "app.workflows.top_up", "def pay(amount: float): ..."),
    (rules.now_is_a_keyword, "app.domain.usage.rules", "def is_over(period, now): ..."),
    (rules.now_is_a_keyword, "app.domain.usage.rules", "class A:\n def f(self, b, now): ..."),
    (writing.functions_are_short, "app.domain.reporting.queries", FORTY_LINES + "    step()\n"),
    (writing.modules_say_what_they_are_for, "app.config", "x = 1"),
    (writing.names_mean_something, "app.domain.usage.utils", "x = 1"),
    (writing.names_mean_something, "app.domain.usage.price_helpers", "x = 1"),
    (writing.names_mean_something, "app.domain.usage.rules", "def process_records(): ..."),
    (writing.names_mean_something, "app.domain.usage.rules", "class PriceManager: ..."),
    (writing.names_mean_something, "app.domain.usage.rules", "def f(data): ..."),
    (writing.names_mean_something, "app.domain.usage.rules", "info = 1"),
    (writing.functions_name_what_they_take, "app.config", "def read(**kwargs): ..."),
    (writing.functions_name_what_they_take, "app.config", "class A:\n def read(self, **a): ..."),
]

ALLOWED = [
    (rules.imports_point_down, "app.domain.usage.rules", "from app.foundation import money"),
    (rules.imports_point_down, "app.entrypoints.cli.sandbox", "from app.sandbox import server"),
    (rules.imports_point_down, "app.wiring", "from app.adapters import mailer"),
    (rules.imports_point_down, "app.entrypoints.cli", "from app.application import create_app"),
    (rules.subjects_lean_on_lower_ones, "app.domain.usage.rules", "import app.domain.tokens"),
    (rules.subjects_lean_on_lower_ones, "app.domain.tables", "from app.domain import usage"),
    (
        rules.files_of_a_subject_keep_their_order,
        "app.domain.usage.operations",
        "from app.domain.usage import errors, models, queries, rules",
    ),
    (
        rules.doors_do_not_know_each_other,
        "app.entrypoints.web.coupons",
        "from app.entrypoints import problems\nfrom app.entrypoints.web import forms",
    ),
    (rules.doors_do_not_know_each_other, "app.entrypoints.doors", "import app.entrypoints.web"),
    (rules.imports_stand_at_the_top, "app.config", "import os\nfrom pathlib import Path"),
    (rules.only_the_transaction_commits, "app.foundation.database", "session.commit()"),
    (
        rules.transactions_begin_at_the_edge,
        "app.workflows.top_up",
        "from app.foundation.database import transaction",
    ),
    (rules.only_the_clock_tells_the_time, "app.entrypoints.web.usage", "clock.now()"),
    (rules.only_the_clock_tells_the_time, "app.foundation.clock", "datetime.now(UTC)"),
    (rules.only_the_clock_tells_the_time, "app.adapters.mailer", "time.monotonic()"),
    (rules.rules_are_pure, "app.domain.usage.rules", "from app.domain.usage import models"),
    (rules.rules_are_pure, "app.domain.usage.queries", "from sqlalchemy import select"),
    (
        rules.the_core_knows_no_web_and_no_network,
        "app.domain.usage.queries",
        "from urllib.parse import quote",
    ),
    (rules.entrypoints_do_not_query, "app.domain.usage.queries", "import sqlalchemy"),
    (rules.routes_are_short, "app.entrypoints.web.usage", ROUTE + "    step()\n" * 14),
    (rules.routes_are_short, "app.entrypoints.web.usage", "def f():\n" + "    step()\n" * 20),
    (
        rules.refusals_are_translated_in_one_place,
        "app.entrypoints.web.errors",
        "try:\n    redeem()\nexcept DomainError:\n    pass",
    ),
    (rules.amounts_are_never_floats, "app.foundation.money", "isinstance(text, float | bool)"),
    (rules.amounts_are_never_floats, "app.entrypoints.web.usage", "width = used / quota"),
    (rules.now_is_a_keyword, "app.domain.usage.rules", "def is_over(period, *, now): ..."),
    (rules.now_is_a_keyword, "app.domain.usage.rules", "class A:\n def f(self, now): ..."),
    (writing.functions_are_short, "app.domain.reporting.queries", FORTY_LINES),
    (writing.modules_say_what_they_are_for, "app.config", "'''Settings.'''"),
    (writing.names_mean_something, "app.domain.usage.rules", "class Event:\n    data: bytes"),
    (writing.names_mean_something, "app.domain.usage.rules", "code = form.code.data"),
    (
        writing.names_mean_something,
        "app.foundation.database",
        "def process_bind_param(self, value): ...",
    ),
    (writing.functions_name_what_they_take, "app.config", "def respond(**context): ..."),
]


def named(case: object) -> str | None:
    return getattr(case, "__name__", None)


@pytest.mark.parametrize(("rule", "name", "source"), VIOLATIONS, ids=named)
def test_refuses(rule, name: str, source: str) -> None:
    assert list(rule(Module(name, source)))


@pytest.mark.parametrize(("rule", "name", "source"), ALLOWED, ids=named)
def test_allows(rule, name: str, source: str) -> None:
    assert list(rule(Module(name, source))) == []


class TestNoImportRunsInACircle:
    def test_finds_a_circle_of_three(self) -> None:
        circle = [
            Module("app.workflows.top_up", "from app.workflows import settle_payment"),
            Module("app.workflows.settle_payment", "import app.workflows.check_alerts"),
            Module("app.workflows.check_alerts", "from app.workflows.top_up import top_up"),
            Module("app.workflows.sign_up", "import datetime"),
        ]
        assert len(list(rules.no_import_runs_in_a_circle(circle))) == 3

    def test_lets_a_chain_pass(self) -> None:
        chain = [
            Module("app.workflows.top_up", "from app.workflows import settle_payment"),
            Module("app.workflows.settle_payment", "from app.foundation import money"),
            Module("app.foundation.money", "from decimal import Decimal"),
        ]
        assert list(rules.no_import_runs_in_a_circle(chain)) == []


class TestEachSdkStandsInOneFile:
    def test_finds_a_second_user(self) -> None:
        users = [
            Module("app.adapters.stripe_gateway", "import stripe"),
            Module("app.entrypoints.webhooks.stripe", "from stripe import Webhook"),
        ]
        assert list(rules.each_sdk_stands_in_one_file(users, framework={"app"}))

    def test_leaves_the_framework_and_the_sandbox_alone(self) -> None:
        users = [
            Module("app.adapters.stripe_gateway", "import stripe\nimport flask"),
            Module("app.sandbox.stripe", "import stripe\nimport flask"),
            Module("app.entrypoints.web", "import flask"),
        ]
        assert list(rules.each_sdk_stands_in_one_file(users, framework={"flask"})) == []

"""However long the history is, no page and no answer reads all of anybody's records."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts import passwords, queries
from app.entrypoints.gateways import GATEWAYS
from app.foundation import clock
from app.foundation.secret_keys import KeyKind
from tests.entrypoints.web.conftest import PASSWORD
from tests.every_route import Route, every_route, things_of
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.factories.long_history import make_long_history
from tests.fakes.payment_gateway import FakeGateway
from tests.plans import Plans, plans

# All that grows with usage.
OF_USAGE = {"billing_records", "usage_hourly", "usage_daily", "usage_monthly", "pruned_usage"}
RANGES = ("", "?range=7d&granularity=hour", "?range=12m&group_by=api_key", "?model=model-1")
ASKED_MORE = [
    *(f"/usage{query}" for query in RANGES),
    *(f"/usage/records.csv{query}" for query in RANGES),
    "/usage/export.csv?range=12m&group_by=provider",
    "/operator/report?month=2026-10",
]
API = "/v1/billing"


@pytest.fixture
def history(app: Flask) -> None:
    """Ada, the operator and ten others, all of whom have used much for long."""
    app.config[GATEWAYS] = {"stripe": FakeGateway(), "paypal": FakeGateway()}
    now, known = clock.now(), passwords.hash_password(PASSWORD)
    people = [f"user-{number}" for number in range(10)]
    make_account("ada", now=now, password_hash=known)
    make_account("olga", now=now, password_hash=known, role="operator")
    for user_id in people:
        make_account(user_id, now=now)
    make_long_history([*people, "ada"], now=now)


def browser_of(app: Flask, user_id: str) -> FlaskClient:
    browser = app.test_client()
    sent = {"email": f"{user_id}@example.com", "password": PASSWORD}
    assert browser.post("/login", data=sent).status_code == 302
    return browser


def asked(app: Flask) -> Iterator[tuple[str, FlaskClient, str, dict[str, str]]]:
    """Give each address that can be read, with whoever may read it."""
    customer, operator = browser_of(app, "ada"), browser_of(app, "olga")
    things = things_of(queries.account("ada"), gateway=app.config[GATEWAYS]["stripe"])
    keys = {
        "customer": bearer(KeyKind.CUSTOMER, user_id="ada"),
        "gateway": bearer(KeyKind.GATEWAY),
        "operator": bearer(KeyKind.OPERATOR, user_id="olga"),
    }
    for path in ASKED_MORE:
        yield path, operator if path.startswith("/operator") else customer, path, {}
    for route in every_route(app):
        if is_read(route):
            path = route.path(things)
            if path.startswith(API):
                for key in keys.values():
                    yield path, app.test_client(), path, key
            else:
                yield path, operator if path.startswith("/operator") else customer, path, {}


def is_read(route: Route) -> bool:
    # The archive is all that is known of somebody, and signing out ends the reading.
    left_out = ("archive" in route.rule, "logout" in route.rule, "static" in route.endpoint)
    return route.method == "GET" and not any(left_out)


def test_no_answer_reads_all_of_what_was_used(app: Flask, history: None) -> None:
    whole, answered = {}, 0
    for name, browser, path, headers in asked(app):
        found = read(browser, path, headers)
        answered += bool(found.asked)
        if told := OF_USAGE & found.whole:
            whole[name] = told
    assert whole == {}
    assert answered > 60


def read(browser: FlaskClient, path: str, headers: dict[str, str]) -> Plans:
    """Read an answer to its end, and return how the database found it."""
    with plans() as found:
        answer = browser.get(path, headers=headers)
        assert answer.status_code < 500
        answer.get_data()
    return found

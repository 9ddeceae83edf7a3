"""Callers of the API: whoever has a key."""

from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.accounts.models import Account
from app.entrypoints.gateways import GATEWAYS
from app.foundation.secret_keys import KeyKind
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.fakes.payment_gateway import FakeGateway

Post = Callable[..., TestResponse]


@pytest.fixture
def by_ada(ada: Account) -> dict[str, str]:
    """The header of Ada's program."""
    return bearer(KeyKind.CUSTOMER, user_id="ada")


@pytest.fixture
def by_ben(ben: Account) -> dict[str, str]:
    """The header of a stranger's program."""
    return bearer(KeyKind.CUSTOMER, user_id="ben")


@pytest.fixture
def by_olga(olga: Account) -> dict[str, str]:
    """The header of the operator's program."""
    return bearer(KeyKind.OPERATOR, user_id="olga")


@pytest.fixture
def by_gateway(app: Flask) -> dict[str, str]:
    """The header of a gateway."""
    return bearer(KeyKind.GATEWAY)


@pytest.fixture
def gateway(app: Flask) -> FakeGateway:
    """The payment provider, in memory."""
    gateway = FakeGateway()
    app.config[GATEWAYS] = {"stripe": gateway}
    return gateway


@pytest.fixture
def by_cleo(app: Flask, now: datetime) -> dict[str, str]:
    """The header of a customer who has been on Pro for ten days."""
    make_account("cleo", now=now, plan_id="plan-pro")
    return bearer(KeyKind.CUSTOMER, user_id="cleo")


@pytest.fixture
def post(client: FlaskClient, by_ada: dict[str, str], gateway: FakeGateway) -> Post:
    """Post a body of these fields; Ada's program does, unless it is another's."""

    def post(
        path: str, *, by: dict[str, str] | None = None, key: str = "", **body: object
    ) -> TestResponse:
        headers = {**(by or by_ada), **({"Idempotency-Key": key} if key else {})}
        return client.post(path, json=body, headers=headers)

    return post

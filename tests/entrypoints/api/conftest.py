"""Callers of the API: whoever has a key."""

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.foundation.secret_keys import KeyKind
from tests.factories.bearers import bearer


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

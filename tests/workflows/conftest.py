"""What many workflows are tested with: somebody who pays, and books that are looked at."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.books import check_books
from tests.fakes.payment_gateway import FakeGateway


@pytest.fixture
def gateway() -> FakeGateway:
    """A provider of payments that remembers what it was asked for."""
    return FakeGateway()


@pytest.fixture
def books(app: Flask) -> Iterator[None]:
    """After each test, every figure that is kept twice is the same twice."""
    yield
    check_books()

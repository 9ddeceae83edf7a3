"""Olga at her console, and what she leaves in the journal."""

from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.accounts.security_journal import Event
from app.foundation.database import session
from app.foundation.journal import JournalEntry
from tests.entrypoints.web.conftest import signed_in
from tests.factories.accounts import make_account


@pytest.fixture
def olga(app: Flask, now: datetime, password_hash: str) -> Account:
    """The operator."""
    return make_account("olga", now=now, role="operator", password_hash=password_hash)


@pytest.fixture
def olgas(app: Flask, olga: Account) -> FlaskClient:
    """Olga's browser."""
    return signed_in(app, olga)


def acts_of_olga() -> list[tuple[str, dict[str, object]]]:
    """Return what the journal says that Olga did once she had signed in, with the details."""
    session.rollback()
    rows = session.query(JournalEntry).filter_by(actor="operator:olga").order_by(JournalEntry.id)
    return [(row.action, row.details) for row in rows if row.action != Event.SIGNED_IN]

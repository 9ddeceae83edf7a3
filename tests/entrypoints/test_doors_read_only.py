"""A PostgreSQL that only reads: a replica on purpose, or what a failover has left behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.domain.accounts.models import Key
from app.foundation.database import db, end_reading, session, transaction
from app.foundation.secret_keys import KeyKind
from tests.databases import on_postgresql, settings_for, text_of
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer

pytestmark = on_postgresql
ONLY_READS = {"options": "-c default_transaction_read_only=on"}
EVENT = {
    "id": "chatcmpl-1",
    "litellm_call_id": "call-1",
    "status": "success",
    "model": "gpt-4",
    "startTime": 1.0,
    "prompt_tokens": 5,
    "completion_tokens": 1,
}
RECORD = {
    "user_id": "ada",
    "request_id": "r-1",
    "model": "gpt-4",
    "prompt_tokens": 5,
    "completion_tokens": 1,
}


@pytest.fixture
def replica(app: Flask, tmp_path: Path) -> Iterator[FlaskClient]:
    """Whoever asks a server of ours whose database only reads."""
    url = text_of(db.engine.url.update_query_dict(ONLY_READS))
    other = create_app(settings_for(url, tmp_path / "replica"), WTF_CSRF_ENABLED=False)
    with other.app_context():
        yield other.test_client()
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize(
    "address", ["/v1/billing/stats", "/v1/billing/usage", "/v1/billing/usage/records"]
)
def test_answers_what_is_only_read(replica: FlaskClient, app: Flask, address: str) -> None:
    with app.app_context():
        make_account("ada")
        headers = bearer(KeyKind.CUSTOMER, user_id="ada")
        end_reading()
    answer = replica.get(address, headers=headers)
    assert answer.status_code == 200, answer.text
    with app.app_context():
        assert session.scalars(sa.select(Key.last_used_at)).all() == [None]


def test_answers_reports(replica: FlaskClient, app: Flask) -> None:
    with app.app_context():
        make_account("olga", role="operator")
        headers = bearer(KeyKind.OPERATOR, user_id="olga")
        end_reading()
    answer = replica.get("/v1/billing/reports/monthly?month=2026-06", headers=headers)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("address", "body"), [("/v1/billing/usage", RECORD), ("/v1/billing/usage/litellm", [EVENT])]
)
def test_asks_gateways_to_come_again(
    replica: FlaskClient, app: Flask, address: str, body: object
) -> None:
    with app.app_context():
        make_account("ada")
        headers = bearer(KeyKind.GATEWAY, attributes_to="ada")
        end_reading()
    answer = replica.post(address, json=body, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (503, "store_away")
    assert int(answer.headers["Retry-After"]) > 0


def test_asks_people_to_come_again(replica: FlaskClient, app: Flask) -> None:
    with app.app_context():
        make_account("ada")
        end_reading()
    answer = replica.post(
        "/login", data={"email": "ada@example.com", "password": "correct horse battery"}
    )
    assert answer.status_code == 503


def test_is_away_for_whoever_writes_by_sqlalchemy(replica: FlaskClient) -> None:
    with pytest.raises(sa.exc.OperationalError, match="read-only"), transaction():
        session.execute(sa.text("DELETE FROM counters"))

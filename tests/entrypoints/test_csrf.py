"""Forms are taken from our own pages only, whatever cookies a browser sends along."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from app import create_app
from app.config import Settings
from app.domain.accounts.models import Account
from app.foundation.secret_keys import KeyKind
from tests.factories.bearers import bearer

FORM = {"email": "ada@example.com", "password": "nothing right"}
OURS, THEIRS = "http://localhost", "https://evil.example"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 422),
        ({"Origin": OURS, "Sec-Fetch-Site": "same-origin"}, 422),
        # The address that is set, where a proxy asks us by another name.
        ({"Origin": "http://127.0.0.1:8000"}, 422),
        ({"Origin": "null"}, 422),
        ({"Sec-Fetch-Site": "none"}, 422),
        ({"Origin": THEIRS}, 400),
        ({"Origin": "http://["}, 400),
        ({"Referer": "http://["}, 400),
        ({"Origin": "http://localhost:81"}, 400),
        ({"Origin": "http://localhost.evil.example"}, 400),
        ({"Sec-Fetch-Site": "cross-site"}, 400),
        ({"Sec-Fetch-Site": "same-site"}, 400),
        ({"Origin": OURS, "Sec-Fetch-Site": "cross-site"}, 400),
    ],
)
def test_takes_forms_of_its_own(client: FlaskClient, headers: dict[str, str], status: int) -> None:
    assert client.post("/login", data=FORM, headers=headers).status_code == status


def test_lets_pages_be_reached_from_anywhere(client: FlaskClient) -> None:
    foreign = {"Origin": THEIRS, "Sec-Fetch-Site": "cross-site"}
    assert client.get("/login", headers=foreign).status_code == 200


def test_lets_programs_come_from_anywhere(client: FlaskClient, ada: Account) -> None:
    headers = {**bearer(KeyKind.CUSTOMER, user_id="ada"), "Origin": THEIRS}
    answer = client.post("/v1/billing/estimate", json={}, headers=headers)
    assert answer.status_code == 422


def test_is_asked_for_by_its_own_name_only(settings: Settings) -> None:
    app = create_app(replace(settings, trusted_hosts=("billing.example.com", "localhost")))
    client = app.test_client()
    assert client.get("/healthz", headers={"Host": "billing.example.com"}).status_code == 200
    assert client.get("/healthz").status_code == 200
    refused = client.get("/healthz", headers={"Host": "evil.example"})
    assert (refused.status_code, refused.mimetype) == (400, "application/problem+json")
    assert client.get("/login", headers={"Host": "evil.example"}).status_code == 400

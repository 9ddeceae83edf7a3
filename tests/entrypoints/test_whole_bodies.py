"""What was cut short on its way is refused everywhere, and nothing of it is kept."""

from io import BytesIO
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.accounts.models import Account
from app.entrypoints.whole_bodies import ENDS_BY_ITSELF
from app.foundation.database import session
from app.foundation.secret_keys import KeyKind
from tests.factories.bearers import bearer

JSON = b'{"spend_limit": 77}'


def sent(
    client: FlaskClient, path: str, body: bytes, *, announced: int, method: str = "POST", **given
) -> TestResponse:
    """Send a body as our server hands it on: the stream ends where the sender broke off."""
    environ = {ENDS_BY_ITSELF: True, "CONTENT_LENGTH": str(announced)}
    stream = BytesIO(body)
    return client.open(path, method=method, input_stream=stream, environ_overrides=environ, **given)


@pytest.mark.parametrize("missing", [1, 2, 5_000])
def test_refuses_json_that_is_cut_short(client, ada: Account, missing: int) -> None:
    given = {"headers": bearer(KeyKind.CUSTOMER, user_id="ada"), "content_type": "application/json"}
    path, length = "/v1/billing/settings", len(JSON)
    answer = sent(client, path, JSON, announced=length + missing, method="PUT", **given)
    assert (answer.status_code, answer.json["code"]) == (400, "body_incomplete")
    assert sent(client, path, JSON, announced=length, method="PUT", **given).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_refuses_a_form_that_is_cut_short(client, headers: dict[str, str]) -> None:
    form = {"email": "ada@example.com", "timezone": "UTC", "password": "correct horse 99 battery"}
    given = {"content_type": "application/x-www-form-urlencoded", "headers": headers}
    body = urlencode(form).encode()
    answer = sent(client, "/register", body, announced=len(body) + 2, **given)
    assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert session.query(Account).count() == 0
    assert sent(client, "/register", body, announced=len(body), **given).status_code < 400
    assert session.query(Account).count() == 1


def test_reads_to_its_end_what_has_no_length(client, ada: Account) -> None:
    environ = {ENDS_BY_ITSELF: True, "CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}
    answer = client.put(
        "/v1/billing/settings",
        input_stream=BytesIO(JSON),
        environ_overrides=environ,
        headers=bearer(KeyKind.CUSTOMER, user_id="ada"),
        content_type="application/json",
    )
    assert answer.status_code == 200

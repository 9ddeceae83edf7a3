"""Forms read what forms send, and nothing else."""

import io

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from app.entrypoints.web.forms import SignInForm
from app.entrypoints.web.key_forms import KeyForm
from app.entrypoints.web.operator.forms import PlanForm


@pytest.mark.parametrize("body", [1, "text", [1, 2], None, {"email": 5, "password": [1]}])
def test_json_is_no_form(client: FlaskClient, body: object) -> None:
    for address in ("/login", "/register", "/forgot"):
        assert client.post(address, json=body).status_code == 422


def test_a_file_is_no_text(client: FlaskClient) -> None:
    sent = {"email": (io.BytesIO(b"ada@example.com"), "mail.txt"), "password": "x"}
    answer = client.post("/login", data=sent, content_type="multipart/form-data")
    assert answer.status_code == 422


def test_nothing_is_read_as_nothing(app: Flask) -> None:
    with app.test_request_context("/", method="POST"):
        form = PlanForm()
        assert not form.validate()
        assert form.features.data == ()


def test_reads_what_it_is_told_to(app: Flask) -> None:
    with app.test_request_context("/", method="POST", data={"name": "sent"}):
        assert KeyForm().name.data == "sent"
        assert KeyForm(formdata=None, data={"name": "kept"}).name.data == "kept"
        assert KeyForm(formdata=MultiDict({"name": "asked"})).name.data == "asked"


def test_reads_nothing_where_nothing_is_sent(app: Flask) -> None:
    with app.test_request_context("/?email=x"):
        assert SignInForm().email.data is None

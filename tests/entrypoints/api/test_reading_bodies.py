"""What is taken as a body, and in which words the rest is refused."""

import json
from decimal import Decimal
from io import BytesIO

import pytest
from flask import Flask

from app.entrypoints.api.answering import answer
from app.entrypoints.api.reading_bodies import Repeated, json_object, json_value
from app.foundation.errors import Refusal

JSON = "application/json"


@pytest.fixture(autouse=True)
def echo(app: Flask) -> None:
    """A call that says how many fields it got."""
    app.add_url_rule(
        "/v1/tests/echo", "echo", lambda: answer({"fields": len(json_object())}), methods=["POST"]
    )


def post(client, body: bytes | str, content_type: str = JSON, **more):
    return client.post("/v1/tests/echo", data=body, content_type=content_type, **more)


def in_chunks(body: bytes) -> dict[str, object]:
    """Return what a server says of a body whose length nobody has announced."""
    return {
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
        "CONTENT_TYPE": JSON,
        "CONTENT_LENGTH": "",
        "HTTP_TRANSFER_ENCODING": "chunked",
    }


class TestJsonObject:
    @pytest.mark.parametrize(
        "content_type", [JSON, "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"]
    )
    def test_takes_json(self, client, content_type) -> None:
        assert post(client, '{"a": 1, "b": []}', content_type).json == {"fields": 2}

    @pytest.mark.parametrize(
        ("content_type", "headers"),
        [
            ("text/plain", {}),
            ("application/x-www-form-urlencoded", {}),
            ("multipart/form-data; boundary=x", {}),
            ("application/problem+json", {}),
            ("", {}),
            ("application/json; charset=latin-1", {}),
            ("application/json; charset=utf-16", {}),
            (JSON, {"Content-Encoding": "gzip"}),
        ],
    )
    def test_refuses_other_media_types(self, client, content_type, headers) -> None:
        response = post(client, "{}", content_type, headers=headers)
        assert response.status_code == 415
        assert response.json["code"] == "media_type_unsupported"

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"\xff{}", "body_not_utf8"),
            (b'{"a": "\xed\xa0\x80"}', "body_not_utf8"),
            (b'{"a": "\xc0\x80"}', "body_not_utf8"),
            ('{"a": 1}'.encode("utf-16"), "body_not_utf8"),
            (b"", "body_not_json"),
            (b"   ", "body_not_json"),
            (b'{"a": 1', "body_not_json"),
            (b"{'a': 1}", "body_not_json"),
            (b'{"a": 1}{"b": 2}', "body_not_json"),
            (b'{"a": 01}', "body_not_json"),
            (b'{"a": "\x00"}', "body_not_json"),
            (b"\xef\xbb\xbf{}", "body_not_json"),
            (b'{"a": NaN}', "body_not_json"),
            (b'{"a": -Infinity}', "body_not_json"),
            (b"[" * 100_000, "body_not_json"),
            (b'{"a":' * 100_000, "body_not_json"),
            (b'{"a": ' + b"9" * 5_000 + b"}", "body_not_json"),
            (b'{"a": 1e999999999}', "body_not_json"),
            (b'{"a": 1e-99999999999999999999999999}', "body_not_json"),
            (b'{"a": 0.' + b"1" * 100_000 + b"}", "body_not_json"),
        ],
    )
    def test_refuses_what_is_unreadable(self, client, body, code) -> None:
        response = post(client, body)
        assert response.status_code == 400
        assert response.json["code"] == code

    @pytest.mark.parametrize("body", ["[]", '"text"', "1", "null", "true", "1.5"])
    def test_refuses_what_is_no_object(self, client, body) -> None:
        response = post(client, body)
        assert response.status_code == 422
        assert response.json["code"] == "body_not_object"

    @pytest.mark.parametrize(
        ("body", "name"), [('{"a": 1, "b": 2, "a": 1}', "a"), (r'{"\ud800": 1, "\ud800": 2}', "?")]
    )
    def test_refuses_repeated_fields_by_name(self, client, body, name) -> None:
        response = post(client, body)
        assert response.status_code == 422
        assert response.json["code"] == "field_repeated"
        assert response.json["errors"][0]["path"] == name

    def test_refuses_bodies_that_are_too_large(self, app, client) -> None:
        app.config["MAX_CONTENT_LENGTH"] = 1_000
        response = post(client, json.dumps({"a": "x" * 1_000}))
        assert response.status_code == 413
        assert response.json["code"] == "body_too_large"

    def test_refuses_endless_bodies_instead_of_cutting_them(self, app, client) -> None:
        app.config["MAX_CONTENT_LENGTH"] = 1_000
        # Cut at the limit, this would be an object like any other.
        response = client.post(
            "/v1/tests/echo", environ_overrides=in_chunks(b'{"a": 1}' + b" " * 2_000)
        )
        assert response.status_code == 413
        assert response.json["code"] == "body_too_large"

    def test_takes_bodies_sent_in_chunks(self, client) -> None:
        response = client.post("/v1/tests/echo", environ_overrides=in_chunks(b'{"a": 1}'))
        assert response.json == {"fields": 1}


class TestJsonValue:
    def test_reads_fractions_exactly(self) -> None:
        assert json_value(b'{"a": 0.1, "b": 5E1, "c": 7}') == {
            "a": Decimal("0.1"),
            "b": Decimal(50),
            "c": 7,
        }

    def test_leaves_repeated_fields_further_in_to_the_caller(self) -> None:
        value = json_value(b'{"records": [{"a": 1}, {"b": 1, "a": 2, "b": 3}]}')
        fine, repeated = value["records"]
        assert not isinstance(fine, Repeated)
        assert isinstance(repeated, Repeated)
        assert repeated.repeated_key == "b"

    def test_says_where_it_stopped(self) -> None:
        with pytest.raises(Refusal, match="line 2, column 4"):
            json_value(b'{"a": 1,\n   b: 2}')

"""Styles and scripts travel packed, to whoever takes them so; pages never do."""

import gzip

import pytest

STYLES = "/static/css/base.css"
SCRIPT = "/static/vendor/htmx-2.0.11/htmx.min.js"
PACKED = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.mark.parametrize("address", [STYLES, SCRIPT, "/static/favicon.svg"])
def test_a_file_is_the_same_when_unpacked(client, address) -> None:
    plain = client.get(address)
    packed = client.get(address, headers=PACKED)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.content_length == len(packed.data) < len(plain.data)
    assert packed.mimetype == plain.mimetype
    # It is packed once, and every copy of it is the same.
    assert client.get(address, headers=PACKED).data == packed.data


def test_a_cache_keeps_the_two_apart(client) -> None:
    plain = client.get(STYLES)
    packed = client.get(STYLES, headers=PACKED)
    assert "Accept-Encoding" in plain.vary
    assert plain.vary.to_header() == packed.vary.to_header()
    assert plain.headers["ETag"] != packed.headers["ETag"]
    assert plain.headers["Cache-Control"] == packed.headers["Cache-Control"]


@pytest.mark.parametrize("headers", [{}, PACKED], ids=["plain", "packed"])
def test_whoever_has_it_is_told_so(client, headers) -> None:
    etag = client.get(STYLES, headers=headers).headers["ETag"]
    again = client.get(STYLES, headers={**headers, "If-None-Match": etag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)
    assert "Content-Encoding" not in again.headers or again.headers["Content-Encoding"] == "gzip"


def test_whoever_has_it_plain_only_and_asks_for_it_plain_again_gets_no_packed_one(client) -> None:
    etag = client.get(STYLES, headers=PACKED).headers["ETag"]
    answer = client.get(STYLES, headers={"If-None-Match": etag})
    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers


def test_a_part_of_a_file_is_a_part_of_the_plain_one(client) -> None:
    answer = client.get(STYLES, headers={**PACKED, "Range": "bytes=0-9"})
    assert answer.status_code == 206
    assert answer.data == client.get(STYLES).data[:10]
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize("encodings", ["", "identity", "br", "gzip;q=0"])
def test_whoever_cannot_unpack_gets_it_plain(client, encodings) -> None:
    answer = client.get(STYLES, headers={"Accept-Encoding": encodings})
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(
    "address",
    [
        *("/login", "/v1/openapi.json", "/static/nothing.css"),
        # Fonts are packed by themselves.
        "/static/vendor/inter-5.3.0/inter-latin-wght-normal.woff2",
    ],
)
def test_nothing_else_is_packed(client, address) -> None:
    answer = client.get(address, headers=PACKED)
    assert "Content-Encoding" not in answer.headers
    answer.close()


def test_asking_for_the_head_tells_the_packed_length(client) -> None:
    head = client.head(STYLES, headers=PACKED)
    assert head.content_length == len(client.get(STYLES, headers=PACKED).data)
    assert head.data == b""

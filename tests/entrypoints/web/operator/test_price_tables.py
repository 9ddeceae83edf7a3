"""Importing a price table at the console: looked at first, then confirmed; hostile files, too."""

import base64
import json
import re
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.catalog import operations, queries
from app.domain.catalog.errors import PriceTableTooLarge, PriceTableUnreadable
from app.domain.catalog.price_changes import PriceTerms
from app.entrypoints.web.operator.price_tables import FILE_BYTES_MAX, packed, unpacked
from app.foundation import clock
from app.foundation.database import end_reading, transaction
from tests.entrypoints.web.conftest import words
from tests.entrypoints.web.operator.conftest import acts_of_olga
from tests.entrypoints.web.operator.test_coupons import errors_at
from tests.statements import statements

IMPORT = "/operator/prices/import"
EXCERPT = Path("tests/adapters/price_table_excerpt.json")
STATEMENTS_MAX = 10
CHAT = {"mode": "chat", "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}


def send(browser: FlaskClient, content: bytes, **fields: str) -> TestResponse:
    return browser.post(IMPORT, data={"file": (BytesIO(content), "table.json"), **fields})


def confirm(browser: FlaskClient, page: str, **fields: str) -> TestResponse:
    carried = re.search(r'name="table" value="([^"]+)"', page)[1]
    mark = re.search(r'name="confirmed" value="(\w+)"', page)[1]
    return browser.post(IMPORT, data={"table": carried, "confirmed": mark, **fields})


def models() -> set[str]:
    end_reading()
    return set(queries.prices_in_force())


class TestImport:
    def test_shows_what_it_changes_and_then_writes_it(self, olgas: FlaskClient) -> None:
        assert "nothing is written before you confirm" in olgas.get(IMPORT).text
        before = models()
        with statements() as sent:
            answer = send(olgas, EXCERPT.read_bytes())
        assert len(sent) <= STATEMENTS_MAX, sent
        page = words(answer.text)
        assert answer.status_code == 200 and "get their first price, since ever" in page
        assert "anthropic/claude-sonnet-9" in page and "explains the table" in page
        assert models() == before and acts_of_olga() == []
        answer = confirm(olgas, answer.text)
        assert answer.status_code == 303 and models() > before
        assert "The table is imported" in olgas.get(answer.location).text
        assert [act for act, _ in acts_of_olga()] == ["prices_imported"]
        assert "This changes nothing" in send(olgas, EXCERPT.read_bytes()).text

    def test_what_was_not_shown_is_not_written(self, olgas: FlaskClient) -> None:
        page = send(olgas, json.dumps({"zz-1": CHAT}).encode()).text
        with transaction():
            operations.set_price("zz-1", PriceTerms(1, 1), actor="operator:otto", now=clock.now())
        answer = confirm(olgas, page)
        assert answer.status_code == 200 and "was set by hand" in words(answer.text)
        assert queries.prices_in_force(["zz-1"])["zz-1"][0].terms.prompt_pico == 1

    def test_takes_what_was_set_by_hand_where_it_is_named(self, olgas: FlaskClient) -> None:
        with transaction():
            operations.set_price("zz-1", PriceTerms(1, 1), actor="operator:otto", now=clock.now())
        table = json.dumps({"zz-1": CHAT}).encode()
        answer = send(olgas, table, override="zz-1")
        assert confirm(olgas, answer.text, override="zz-1").status_code == 303
        end_reading()
        assert queries.prices_in_force(["zz-1"])["zz-1"][-1].terms.prompt_pico == 1_000_000
        wrong = send(olgas, table, override="zz-2")
        assert wrong.status_code == 422 and errors_at(wrong.text, "override")

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"[]",
            b"\xff\xfe{}",
            b"{" * 100_000,
            b"[" * 100_000,
            b'{"a": 1e9999999999999999999}',
            b'{"a": ' + b"1" * 5_000 + b"}",
            b'{"a": NaN}',
            b"PK\x03\x04",
        ],
    )
    def test_says_at_the_field_that_it_is_no_table(
        self, olgas: FlaskClient, content: bytes
    ) -> None:
        answer = send(olgas, content)
        assert answer.status_code == 422 and errors_at(answer.text, "file")

    def test_is_not_hurt_by_what_stands_in_a_table(self, olgas: FlaskClient) -> None:
        table = {
            "\ud800": CHAT,
            "<script>alert(1)</script>": CHAT,
            "a\x00b": CHAT,
            "provider": {**CHAT, "litellm_provider": "\ud800\x00"},
            "mode": {"mode": {"deep": "\ud800" * 999}},
            "big": {**CHAT, "input_cost_per_token": 10**300},
            "text": "none",
            "null": None,
        }
        content = json.dumps(table).encode().replace(b"1e-06", b"1e999999", 1)
        answer = send(olgas, content)
        assert answer.status_code == 200 and "<script>alert" not in answer.text
        assert confirm(olgas, answer.text).status_code == 303
        assert {"provider", "<script>alert(1)</script>"} <= models()

    def test_takes_no_more_than_it_says(self, olgas: FlaskClient) -> None:
        # Written by hand: the test client would leave a file of its own behind.
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.json"\r\n\r\n'
        body = head + b"{" + b" " * FILE_BYTES_MAX + b"}\r\n--x--\r\n"
        answer = olgas.post(IMPORT, data=body, content_type="multipart/form-data; boundary=x")
        assert answer.status_code == 422 and "4 MB" in errors_at(answer.text, "file")

    @pytest.mark.parametrize("carried", ["", "x", "AAAA", "ä"])
    def test_says_that_nothing_was_sent(self, olgas: FlaskClient, carried: str) -> None:
        answer = olgas.post(IMPORT, data={"table": carried, "confirmed": "1"})
        assert answer.status_code == 422 and errors_at(answer.text, "file")

    def test_customers_cannot(self, adas: FlaskClient) -> None:
        assert send(adas, EXCERPT.read_bytes()).status_code == 404


class TestPacked:
    def test_is_unpacked_as_it_was(self) -> None:
        content = EXCERPT.read_bytes()
        assert unpacked(packed(content)) == content

    def test_never_unpacks_more_than_a_file_may_have(self) -> None:
        bomb = base64.b64encode(zlib.compress(b" " * (64 * 1024 * 1024))).decode()
        with pytest.raises(PriceTableTooLarge):
            unpacked(bomb)

    def test_refuses_what_was_cut(self) -> None:
        with pytest.raises(PriceTableUnreadable):
            unpacked("!!")

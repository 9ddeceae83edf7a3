"""Whatever a gateway sends: its own code, the field's path, never a 500, and nothing stored."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.usage.models import BillingRecord, UsageHourly
from app.domain.usage.reports import Outcome, UsageReport
from app.entrypoints.api import usage_shapes
from app.entrypoints.api.reading_bodies import json_value
from app.entrypoints.api.usage_shapes import TEXT_LENGTH_MAX, read_or_reject
from app.foundation.database import session
from tests.books import check_books

USAGE = "/v1/billing/usage"
GOOD = {
    "user_id": '"ada"',
    "request_id": '"req-1"',
    "model": '"gpt-4"',
    "prompt_tokens": "500",
    "completion_tokens": "120",
}
REQUIRED = tuple(GOOD)
COUNTS = (
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)
TEXTS = tuple(TEXT_LENGTH_MAX)

WRONG_COUNTS = {
    "-1": "negative_tokens",
    "-9223372036854775809": "negative_tokens",
    "1000000001": "tokens_too_large",
    "9223372036854775808": "tokens_too_large",
    "1" + "0" * 300: "tokens_too_large",
    "1.5": "not_a_whole_number",
    "1.0": "not_a_whole_number",
    "1e3": "not_a_whole_number",
    '"12"': "not_a_whole_number",
    '""': "not_a_whole_number",
    "true": "not_a_whole_number",
    "false": "not_a_whole_number",
    "[]": "not_a_whole_number",
    "[500]": "not_a_whole_number",
    "{}": "not_a_whole_number",
}
WRONG_TEXTS = {
    '""': "text_empty",
    '"' + "x" * 5_000 + '"': "text_too_long",
    r'"a\u0000b"': "text_invalid",
    r'"a\nb"': "text_invalid",
    r'"\u001b[31m"': "text_invalid",
    r'"\u007f"': "text_invalid",
    r'"\ud800"': "text_invalid",
    r'"a\udfffb"': "text_invalid",
    r'"\udc00\ud800"': "text_invalid",
    "5": "not_text",
    "1.5": "not_text",
    "true": "not_text",
    "[]": "not_text",
    '{"a": 1}': "not_text",
    '{"a": 1, "a": 2}': "not_text",
}
WRONG_TIMES = {
    '"2026-11-05T10:00:00"': "time_without_zone",
    '"2026-11-05T10:00:00.123"': "time_without_zone",
    '"2026-11-05T25:00:00Z"': "time_invalid",
    '"2026-11-05T24:00:00Z"': "time_invalid",
    '"2026-11-05T10:60:00Z"': "time_invalid",
    '"2026-12-31T23:59:60Z"': "time_invalid",
    '"2026-02-29T10:00:00Z"': "time_invalid",
    '"2026-13-01T10:00:00Z"': "time_invalid",
    '"2026-11-05"': "time_invalid",
    '"2026-11-05T10:00Z"': "time_invalid",
    '"2026-11-05 10:00:00Z"': "time_invalid",
    '"20261105T100000Z"': "time_invalid",
    '"2026-W01-1"': "time_invalid",
    '"2026-W01-1T10:00:00Z"': "time_invalid",
    '"2026-309T10:00:00Z"': "time_invalid",
    '"2026-11-05T10:00:00,5Z"': "time_invalid",
    '"2026-11-05T10:00:00.Z"': "time_invalid",
    '"2026-11-05T10:00:00+0530"': "time_invalid",
    '"2026-11-05T10:00:00+24:00"': "time_invalid",
    '"2026-11-05T10:00:00+05:60"': "time_invalid",
    '"2026-11-05T10:00:00 Europe/Berlin"': "time_invalid",
    '"2026-11-05T10:00:00Zulu"': "time_invalid",
    '"٢٠٢٦-11-05T10:00:00Z"': "time_invalid",
    '"0000-01-01T00:00:00Z"': "time_invalid",
    '"0001-01-01T00:00:00+05:30"': "time_invalid",
    '"9999-12-31T23:59:59-01:00"': "time_invalid",
    '"10000-01-01T00:00:00Z"': "time_invalid",
    '"yesterday"': "time_invalid",
    '""': "time_invalid",
    r'"\ud800"': "time_invalid",
    '"' + "9" * 5_000 + '"': "time_invalid",
    "1762336800": "not_text",
    "1762336800.5": "not_text",
    "true": "not_text",
    "{}": "not_text",
}
# Well formed, and refused for what they say: only the whole call finds these.
WRONG_SENSE = [
    ({"prompt_tokens": "999999881"}, "total_tokens", "tokens_too_large"),
    ({"total_tokens": "619"}, "total_tokens", "total_mismatch"),
    ({"total_tokens": "0"}, "total_tokens", "total_mismatch"),
    ({"cached_tokens": "501"}, "cached_tokens", "cached_exceeds_prompt"),
    (
        {"cached_tokens": "500", "cache_write_tokens": "1"},
        "cached_tokens",
        "cached_exceeds_prompt",
    ),
    ({"reasoning_tokens": "121"}, "reasoning_tokens", "reasoning_exceeds_completion"),
    ({"occurred_at": '"9999-12-31T23:59:59.999999Z"'}, "occurred_at", "occurred_in_future"),
    ({"occurred_at": '"0001-01-01T00:00:00Z"'}, "occurred_at", "occurred_too_early"),
    ({"occurred_at": '"1999-12-31T23:59:59.9999999Z"'}, "occurred_at", "occurred_too_early"),
    ({"user_id": '"nobody"'}, "user_id", "unknown_user"),
    ({"user_id": '"ADA"'}, "user_id", "unknown_user"),
    ({"user_id": '" ada"'}, "user_id", "unknown_user"),
    ({"user_id": '"😀"'}, "user_id", "unknown_user"),
]
MALFORMED = [
    *(({name: raw}, name, code) for name in COUNTS for raw, code in WRONG_COUNTS.items()),
    *(({name: raw}, name, code) for name in TEXTS for raw, code in WRONG_TEXTS.items()),
    *(({"occurred_at": raw}, "occurred_at", code) for raw, code in WRONG_TIMES.items()),
    *(({name: ""}, name, "field_missing") for name in REQUIRED),
    *(({name: "null"}, name, "field_null") for name in REQUIRED),
    *(
        ({name: f'"{"x" * (most + 1)}"'}, name, "text_too_long")
        for name, most in TEXT_LENGTH_MAX.items()
    ),
    ({"color": "1"}, "color", "field_unknown"),
    ({"Model": '"gpt-4"'}, "Model", "field_unknown"),
    ({"prompt_tokens ": "1"}, "prompt_tokens ", "field_unknown"),
    ({"": "1"}, "", "field_unknown"),
    ({"x" * 300: "1"}, "x" * 255, "field_unknown"),
]

# Bodies that are JSON objects, and neither a record nor a batch of them.
NO_BATCHES = [
    ('{"records": null}', "records_not_list", "records"),
    ('{"records": {}}', "records_not_list", "records"),
    ('{"records": "x"}', "records_not_list", "records"),
    ('{"records": 5}', "records_not_list", "records"),
    ('{"records": []}', "records_empty", "records"),
    ('{"records": [{}], "color": 1}', "field_unknown", "color"),
    ('{"records": [{}], "user_id": "ada"}', "field_unknown", "user_id"),
    ('{"records": [{}], "records": [{}]}', "field_repeated", "records"),
    ('{"model": "a", "model": "a"}', "field_repeated", "model"),
    ('{"Records": [{}]}', "field_missing", "user_id"),
    ("{}", "field_missing", "user_id"),
]
UNREADABLE = [
    (b"", "body_not_json"),
    (b" ", "body_not_json"),
    (b"\x00", "body_not_json"),
    (b"{", "body_not_json"),
    (b'{"records": [}', "body_not_json"),
    (b"{'user_id': 'ada'}", "body_not_json"),
    (b'{"user_id": "a\nb"}', "body_not_json"),
    (b'{"records": [{}]} {}', "body_not_json"),
    (b'{"prompt_tokens": NaN}', "body_not_json"),
    (b'{"prompt_tokens": Infinity}', "body_not_json"),
    (b'{"prompt_tokens": -Infinity}', "body_not_json"),
    (b'{"prompt_tokens": 01}', "body_not_json"),
    (b'{"prompt_tokens": 0x10}', "body_not_json"),
    (b'{"prompt_tokens": ' + b"9" * 5_000 + b"}", "body_not_json"),
    (b'{"prompt_tokens": 1e999999999}', "body_not_json"),
    (b"[" * 100_000, "body_not_json"),
    (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "body_not_json"),
    (b"\xef\xbb\xbf{}", "body_not_json"),
    ('{"user_id": "ada"}'.encode("utf-16"), "body_not_utf8"),
    (b'{"user_id": "\xff"}', "body_not_utf8"),
    (b'{"user_id": "\xed\xa0\x80"}', "body_not_utf8"),
    (b'{"user_id": "\xc0\x80"}', "body_not_utf8"),
]
OTHER_MEDIA = [
    ("", {}),
    ("text/plain", {}),
    ("application/x-www-form-urlencoded", {}),
    ("multipart/form-data; boundary=x", {}),
    ("application/jsonp", {}),
    ("application/json; charset=latin-1", {}),
    ("application/json", {"Content-Encoding": "gzip"}),
]


@pytest.fixture
def post(client, by_gateway):
    """Post a body as it stands and return the response."""

    def posted(body: str | bytes, *, content_type: str = "application/json", **headers: str):
        return client.post(
            USAGE, data=body, content_type=content_type, headers={**by_gateway, **headers}
        )

    return posted


@pytest.fixture
def books(app: Flask, ada: Account) -> Iterator[None]:
    """Ada's account; after the test, every figure that is kept twice is the same twice."""
    yield
    check_books()


def text_of(changes: dict[str, str], *, request_id: str = "req-1") -> str:
    """Return a record as JSON text; values are raw, and an empty one leaves its field out."""
    given = {**GOOD, "request_id": json.dumps(request_id), **changes}
    return "{" + ", ".join(f"{json.dumps(name)}: {raw}" for name, raw in given.items() if raw) + "}"


def batch_of(records: list[str]) -> str:
    return '{"records": [' + ", ".join(records) + "]}"


def stored() -> set[str]:
    return {request_id for (request_id,) in session.query(BillingRecord.request_id)}


def shown(row: tuple[dict[str, str], str, str]) -> str:
    changes, path, code = row
    return f"{path[:20]}={next(iter(changes.values()))[:30]}-{code}"


@pytest.mark.parametrize("row", MALFORMED, ids=shown)
def test_is_rejected_with_its_code_and_path(row: tuple[dict[str, str], str, str]) -> None:
    changes, path, code = row
    outcome = read_or_reject(json_value(text_of(changes).encode()))
    assert isinstance(outcome, Outcome)
    assert (outcome.status, outcome.code) == ("rejected", code)
    [fault] = outcome.faults
    assert (fault.path, fault.code, fault.detail) == (path, code, outcome.detail)
    assert path in fault.detail
    assert len(fault.detail) < 400


ACCEPTED = [
    *(({name: raw}, name, int(raw)) for name in COUNTS for raw in ("0", "1", "-0", "1000000000")),
    *(
        ({name: json.dumps(value)}, name, value)
        for name, most in TEXT_LENGTH_MAX.items()
        for value in ("x", "x" * most, "😀" * most, " ", "0", "a/b:c@1", "\u2028", "é")
    ),
    *(
        ({"occurred_at": f'"{text}"'}, "occurred_at", datetime.fromisoformat(moment))
        for text, moment in [
            ("2026-11-05T10:00:00Z", "2026-11-05T10:00:00Z"),
            ("2026-11-05t10:00:00z", "2026-11-05T10:00:00Z"),
            ("2026-11-05T10:00:00+05:30", "2026-11-05T04:30:00Z"),
            ("2026-11-05T10:00:00-00:00", "2026-11-05T10:00:00Z"),
            ("2026-11-05T00:00:00+23:59", "2026-11-04T00:01:00Z"),
            ("2026-11-05T10:00:00.1Z", "2026-11-05T10:00:00.100000Z"),
            # Cut off, not rounded.
            ("2026-11-05T10:00:00.1234569Z", "2026-11-05T10:00:00.123456Z"),
            ("2026-12-31T23:59:59.999999999Z", "2026-12-31T23:59:59.999999Z"),
        ]
    ),
]


@pytest.mark.parametrize(("changes", "name", "value"), ACCEPTED)
def test_is_taken_up_to_each_limit(changes: dict[str, str], name: str, value: object) -> None:
    report = read_or_reject(json_value(text_of(changes).encode()))
    assert isinstance(report, UsageReport)
    assert getattr(report, name) == value


def test_every_field_has_its_rows() -> None:
    assert {*COUNTS, *TEXTS, "occurred_at"} == set(usage_shapes.FIELDS)


@pytest.mark.usefixtures("books")
class TestBatch:
    def test_stores_the_neighbours_and_nothing_of_what_is_refused(self, post) -> None:
        rows = [*MALFORMED, *WRONG_SENSE]
        records = []
        for number, (changes, _path, _code) in enumerate(rows):
            records += [text_of(changes, request_id=f"bad-{number}"), neighbour(number)]
        response = post(batch_of(records))
        assert response.status_code == 200
        assert response.json["accepted"] == len(rows)
        for each, (changes, path, code) in zip(response.json["rejected"], rows, strict=True):
            assert (each["code"], each["errors"][0]["code"]) == (code, code), changes
            assert each["errors"][0]["path"] == f"records[{each['index']}]" + (path and f".{path}")
            assert path in each["detail"]
        assert stored() == {f"good-{number}" for number in range(len(rows))}
        assert sum(row.requests for row in session.query(UsageHourly)) == len(rows)

    def test_points_at_a_record_that_is_none(self, post) -> None:
        nothing = ["null", "5", "1.5", "true", '"req-1"', "[]", "[{}]"]
        response = post(batch_of([*nothing, "{}", neighbour(1)]))
        assert response.json["accepted"] == 1
        *others, empty = response.json["rejected"]
        assert {each["code"] for each in others} == {"record_not_object"}
        assert [each["errors"][0]["path"] for each in others] == [
            f"records[{index}]" for index in range(len(nothing))
        ]
        assert {each["request_id"] for each in response.json["rejected"]} == {None}
        assert [error["path"].split(".")[1] for error in empty["errors"]] == list(REQUIRED)

    def test_refuses_a_record_in_which_a_field_stands_twice(self, post) -> None:
        twice = text_of({})[:-1] + ', "prompt_tokens": 500}'
        response = post(batch_of([twice, neighbour(1)]))
        [refused] = response.json["rejected"]
        assert refused["code"] == "field_repeated"
        assert refused["errors"][0]["path"] == "records[0].prompt_tokens"
        assert "prompt_tokens" in refused["detail"]
        assert stored() == {"good-1"}

    def test_is_refused_whole_where_it_is_no_batch(self, post) -> None:
        for body, code, path in NO_BATCHES:
            response = post(body)
            assert (response.status_code, response.json["code"]) == (422, code), body
            assert response.json["errors"][0]["path"] == path
            assert path in response.json["detail"]


def neighbour(number: int) -> str:
    return text_of({}, request_id=f"good-{number}")


@pytest.mark.usefixtures("books")
class TestSingle:
    def test_is_refused_with_422_and_the_path_of_its_field(self, post) -> None:
        for changes, path, code in [*MALFORMED, *WRONG_SENSE]:
            response = post(text_of(changes))
            assert (response.status_code, response.json["code"]) == (422, code), changes
            assert response.mimetype == "application/problem+json"
            [error] = response.json["errors"]
            assert (error["path"], error["code"]) == (path, code), changes
            assert path in response.json["detail"]
        assert stored() == set()

    def test_may_be_five_minutes_ahead_and_no_more(self, post) -> None:
        for seconds, status in [(-1, 200), (1, 422)]:
            # The second more lies beyond whatever the request itself takes.
            moment = datetime.now(UTC) + timedelta(minutes=5, seconds=seconds)
            record = text_of(
                {"occurred_at": f'"{moment.isoformat()}"'}, request_id=f"req-{seconds}"
            )
            assert post(record).status_code == status
        assert stored() == {"req--1"}

    def test_keeps_what_is_unusual_and_right(self, post) -> None:
        names = ["😀" * 255, "𠀀" * 255, " ", "' OR 1=1 --", "%s", "<b>", "\u2028", "\u202e", "{0}"]
        for name in names:
            record = json.loads(text_of({}, request_id=name))
            record.update(model=name, provider=name[:100], api_key_alias=name[:128])
            assert post(json.dumps(record)).json["accepted"] == 1
        assert stored() == set(names)


@pytest.mark.usefixtures("books")
class TestBody:
    def test_is_unreadable(self, post) -> None:
        for body, code in UNREADABLE:
            response = post(body)
            assert (response.status_code, response.json["code"]) == (400, code), body[:60]
            assert response.mimetype == "application/problem+json"

    def test_must_be_one_object(self, post) -> None:
        for body in ("[]", "null", "5", '"x"', "true", f"[{neighbour(1)}]"):
            response = post(body)
            assert (response.status_code, response.json["code"]) == (422, "body_not_object")

    def test_must_be_json_in_utf8(self, post) -> None:
        for content_type, headers in OTHER_MEDIA:
            response = post(neighbour(1), content_type=content_type, **headers)
            assert (response.status_code, response.json["code"]) == (415, "media_type_unsupported")
        assert stored() == set()

    def test_is_at_most_8_mebibytes(self, post) -> None:
        most = 8 * 1024 * 1024
        for size, status in [(10_000_000, 413), (most + 1, 413), (most, 200)]:
            record = neighbour(1)
            for headers in ({}, {"Idempotency-Key": "key-1"}):
                response = post(record + " " * (size - len(record)), **headers)
                assert response.status_code == status
        assert stored() == {"good-1"}

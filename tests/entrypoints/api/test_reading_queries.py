"""How query strings are read: every wrong field is refused by name, all of them at once."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from app.entrypoints.api.describing.parts import Parameter
from app.entrypoints.api.reading_queries import (
    CURSOR,
    FROM,
    TIMEZONE,
    TO,
    Parameters,
    one_of,
    text,
    whole,
)
from app.foundation.errors import InvalidFields
from app.foundation.paging import Cursor
from app.foundation.periods import Period

BERLIN = ZoneInfo("Europe/Berlin")
# Local midnight has passed in Berlin, but not in UTC.
NOW = datetime(2026, 7, 14, 22, 30, tzinfo=UTC)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


COLOUR = one_of("colour", default=Colour.RED)
LIMIT = whole("limit", "How many.", default=5, most=10)
MODEL = text("model", "Which.")
KNOWN = (FROM, TO, COLOUR, LIMIT, CURSOR, TIMEZONE, MODEL)


@pytest.fixture
def asked() -> Iterator[Callable[..., Parameters]]:
    """Read a query string as a request would bring it."""
    app = Flask(__name__)
    contexts = []

    def ask(query: str, *known: Parameter) -> Parameters:
        contexts.append(app.test_request_context(f"/?{query}"))
        contexts[-1].push()
        return Parameters(*(known or KNOWN))

    yield ask
    for context in reversed(contexts):
        context.pop()


def codes(parameters: Parameters) -> list[tuple[str, str]]:
    with pytest.raises(InvalidFields) as refusal:
        parameters.check()
    assert all(fault.detail for fault in refusal.value.fields)
    return [(fault.path, fault.code) for fault in refusal.value.fields]


class TestParameters:
    def test_refuse_what_they_do_not_know(self, asked) -> None:
        assert codes(asked("colors=red", COLOUR)) == [("colors", "parameter_unknown")]
        assert codes(asked("%00=1")) == [("\x00", "parameter_unknown")]

    def test_refuse_repetitions(self, asked) -> None:
        assert codes(asked("limit=1&limit=2")) == [("limit", "parameter_repeated")]

    def test_say_everything_that_is_wrong(self, asked) -> None:
        parameters = asked("limit=0&colour=green&x=1&timezone=Mars/Olympus&from=soon")
        local = parameters.zone(default="UTC")
        parameters.whole(LIMIT)
        parameters.one_of(COLOUR)
        parameters.span(local=local, now=NOW)
        assert codes(parameters) == [
            ("x", "parameter_unknown"),
            ("timezone", "timezone_unknown"),
            ("limit", "limit_invalid"),
            ("colour", "colour_invalid"),
            ("from", "from_invalid"),
        ]

    def test_are_fine_when_empty(self, asked) -> None:
        parameters = asked("")
        assert parameters.text(MODEL) is None
        assert parameters.cursor() is None
        assert parameters.whole(LIMIT) == 5
        assert parameters.one_of(COLOUR) is Colour.RED
        assert parameters.open_span(local=BERLIN, now=NOW) is None
        parameters.check()


class TestWhole:
    @pytest.mark.parametrize(("text", "number"), [("1", 1), ("10", 10), ("007", 7)])
    def test_takes_whole_numbers(self, asked, text, number) -> None:
        assert asked(f"limit={text}").whole(LIMIT) == number

    @pytest.mark.parametrize(
        "text",
        [
            "0",
            "-1",
            "11",
            "1e9",
            "1.0",
            "x",
            "",
            "%20",
            "%2B1",
            "0x1",
            "1_0",
            "9" * 5_000,
            "%D9%A1",
        ],
    )
    def test_refuses_everything_else(self, asked, text) -> None:
        parameters = asked(f"limit={text}")
        assert parameters.whole(LIMIT) == 5
        assert codes(parameters) == [("limit", "limit_invalid")]


class TestText:
    @pytest.mark.parametrize("text", ["", "%00", "a%00b", "%0A", "x" * 257, "%7F", "%E2%80%A8"])
    def test_refuses_what_no_database_should_see(self, asked, text) -> None:
        parameters = asked(f"model={text}")
        assert parameters.text(MODEL) is None
        assert codes(parameters) == [("model", "model_invalid")]

    def test_never_holds_what_utf_8_cannot_carry(self, asked) -> None:
        for broken in ("%ED%A0%80", "%ff"):
            asked(f"model={broken}").text(MODEL).encode()

    def test_takes_names(self, asked) -> None:
        assert asked("model=openai/gpt-4%2Bx").text(MODEL) == "openai/gpt-4+x"


class TestCursor:
    def test_is_one_of_ours(self, asked) -> None:
        cursor = Cursor(NOW, 17)
        assert asked(f"cursor={cursor}").cursor() == cursor

    @pytest.mark.parametrize(
        "text", ["x", "MQ", "", "%00", "MS4tMQ", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OS4x", "é", "x" * 300]
    )
    def test_is_refused_otherwise(self, asked, text) -> None:
        parameters = asked(f"cursor={text}")
        assert parameters.cursor() is None
        assert codes(parameters) == [("cursor", "cursor_invalid")]


class TestZone:
    @pytest.mark.parametrize(
        "text", ["Mars", "..", "/etc/passwd", "Europe", "%00", "x" * 300, "%C3%A9", "../UTC"]
    )
    def test_refuses_what_is_none(self, asked, text) -> None:
        parameters = asked(f"timezone={text}")
        assert parameters.zone(default="Europe/Berlin") == BERLIN
        ((path, code),) = codes(parameters)
        assert path == "timezone" and code in ("timezone_unknown", "timezone_invalid")

    def test_takes_iana_names(self, asked) -> None:
        assert asked("timezone=Asia/Kolkata").zone(default="UTC").key == "Asia/Kolkata"


class TestMoment:
    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            ("2026-07-01", datetime(2026, 6, 30, 22, tzinfo=UTC)),
            ("2026-07-01T10:00:00Z", datetime(2026, 7, 1, 10, tzinfo=UTC)),
            ("2026-07-01t10:00:00z", datetime(2026, 7, 1, 10, tzinfo=UTC)),
            ("2026-07-01T10:00:00%2B02:00", datetime(2026, 7, 1, 8, tzinfo=UTC)),
            ("2026-07-01T10:00:00+02:00", datetime(2026, 7, 1, 8, tzinfo=UTC)),
            ("2026-07-01T10:00:00-05:30", datetime(2026, 7, 1, 15, 30, tzinfo=UTC)),
            ("2026-07-01T10:00:00.123456789Z", datetime(2026, 7, 1, 10, 0, 0, 123456, tzinfo=UTC)),
        ],
    )
    def test_is_a_local_date_or_an_instant(self, asked, text, moment) -> None:
        parameters = asked(f"from={text}")
        assert parameters.moment(FROM, local=BERLIN) == moment
        parameters.check()

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "today",
            "2026-7-1",
            "2026-02-30",
            "2026-13-01",
            "20260701",
            "2026-W27-1",
            "2026-07-01T10:00",
            "2026-07-01T10:00:00",
            "2026-07-01T25:00:00Z",
            "2026-07-01T10:00:60Z",
            "2026-07-01T10:00:00%2B25:00",
            "2026-07-01T10:00:00.Z",
            "2026-07-01%2010:00:00Z",
            "0000-01-01",
            "0001-01-01",
            "0001-01-01T00:00:00%2B14:00",
            "1999-12-31",
            "2200-01-01",
            "9999-12-31",
            "9999-12-31T23:59:59-14:00",
            "-2026-07-01",
            "12026-07-01",
            "%EF%BC%92%EF%BC%90%EF%BC%92%EF%BC%96-07-01",
            "2026-07-01%00",
            "1e99",
        ],
    )
    def test_is_refused_otherwise(self, asked, text) -> None:
        parameters = asked(f"from={text}")
        assert parameters.moment(FROM, local=BERLIN) is None
        assert codes(parameters) == [("from", "from_invalid")]


class TestSpan:
    def test_is_thirty_local_days_by_default(self, asked) -> None:
        span = asked("").span(local=BERLIN, now=NOW)
        # In Berlin it is the 15th already.
        assert span == Period(
            datetime(2026, 6, 16, tzinfo=BERLIN), datetime(2026, 7, 16, tzinfo=BERLIN)
        )
        assert NOW in span

    def test_ends_before_the_date_it_is_given(self, asked) -> None:
        span = asked("from=2026-07-01&to=2026-07-02").span(local=BERLIN, now=NOW)
        assert span == Period(
            datetime(2026, 7, 1, tzinfo=BERLIN), datetime(2026, 7, 2, tzinfo=BERLIN)
        )

    def test_begins_thirty_days_before_its_end(self, asked) -> None:
        span = asked("to=2026-03-31").span(local=BERLIN, now=NOW)
        assert span.starts_at == datetime(2026, 3, 1, tzinfo=BERLIN)

    @pytest.mark.parametrize(
        "query",
        ["from=2026-07-02&to=2026-07-02", "from=2026-07-03&to=2026-07-02", "from=2026-07-16"],
    )
    def test_holds_something(self, asked, query) -> None:
        parameters = asked(query)
        parameters.span(local=BERLIN, now=NOW)
        assert codes(parameters) == [("from", "range_empty")]


class TestOpenSpan:
    def test_may_be_open_to_both_sides(self, asked) -> None:
        since = asked("from=2026-07-01").open_span(local=UTC, now=NOW)
        assert since.starts_at == datetime(2026, 7, 1, tzinfo=UTC) and since.ends_at > NOW
        until = asked("to=2026-07-01").open_span(local=UTC, now=NOW)
        assert until == Period(datetime(2000, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))
        ahead = asked("from=2027-01-01").open_span(local=UTC, now=NOW)
        assert ahead.starts_at == datetime(2027, 1, 1, tzinfo=UTC)

    @pytest.mark.parametrize("query", ["from=2026-07-02&to=2026-07-01", "to=2000-01-01"])
    def test_holds_something(self, asked, query) -> None:
        parameters = asked(query)
        parameters.open_span(local=UTC, now=NOW)
        assert codes(parameters) == [("from", "range_empty")]

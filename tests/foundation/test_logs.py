"""The log: a line for each event, for programs or for people, without secrets."""

import json
import logging
from collections.abc import Iterator

import pytest

from app.foundation.logs import TALKATIVE, request_id, write_logs

log = logging.getLogger("app.of.a.test")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Let the root logger be pytest's again."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]):
    """Return the lines on stderr; nothing goes anywhere else."""

    def written() -> list[str]:
        captured = capsys.readouterr()
        assert captured.out == ""
        return captured.err.splitlines()

    return written


def fail() -> None:
    raise ValueError("no route to\nada@example.com")


class TestAsJson:
    def test_says_when_what_and_who(self, written) -> None:
        write_logs(level="INFO", as_json=True)
        log.info("Did %s in %d", "it", 5)
        (line,) = map(json.loads, written())
        assert line.pop("time").endswith("Z")
        assert line == {"level": "INFO", "logger": "app.of.a.test", "message": "Did it in 5"}

    def test_adds_fields_of_the_event(self, written) -> None:
        write_logs(level="INFO", as_json=True)
        log.warning("Slow", extra={"fields": {"ms": 700, "key": None}})
        (line,) = map(json.loads, written())
        assert (line["ms"], line["key"], line["level"]) == (700, None, "WARNING")

    def test_names_the_request(self, written) -> None:
        write_logs(level="INFO", as_json=True)
        token = request_id.set("abc-1")
        log.info("During")
        request_id.reset(token)
        log.info("After")
        during, after = map(json.loads, written())
        assert during["request_id"] == "abc-1" and "request_id" not in after

    def test_tells_a_failure_in_one_line(self, written) -> None:
        write_logs(level="INFO", as_json=True)
        try:
            fail()
        except ValueError:
            log.exception("It failed", stack_info=True)
        (line,) = map(json.loads, written())
        assert "ValueError: no route to\n[…]@[…]" in line["exception"]
        assert "in fail" in line["exception"] and "Stack (most recent" in line["stack"]

    def test_takes_whatever_it_is_given(self, written) -> None:
        write_logs(level="INFO", as_json=True)
        log.info("é\u2028\ud800 %s", {"a": 1}, extra={"fields": {"x": object}})
        (line,) = map(json.loads, written())
        assert line["message"].startswith("é")


class TestToBeRead:
    def test_is_text(self, written) -> None:
        write_logs(level="INFO", as_json=False)
        log.info("Outside")
        request_id.set("abc-1")
        log.info("Inside")
        request_id.set("")
        outside, inside = written()
        assert outside.endswith(" INFO Outside") and inside.endswith(" INFO Inside [abc-1]")


class TestLevel:
    @pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR"])
    def test_is_honoured(self, written, level: str) -> None:
        write_logs(level=level, as_json=False)
        names = ("DEBUG", "INFO", "WARNING", "ERROR")
        for name in names:
            log.log(logging.getLevelNamesMapping()[name], "A line")
        assert [line.split()[2] for line in written()] == list(names[names.index(level) :])

    def test_is_higher_for_who_tells_of_each_call(self, written) -> None:
        write_logs(level="DEBUG", as_json=False)
        for name in TALKATIVE:
            logging.getLogger(name).info("Request to api, data='ada@example.com'")
        assert written() == []


class TestSecrets:
    @pytest.mark.parametrize("as_json", [True, False])
    def test_are_blanked_wherever_they_stand(self, written, as_json: bool) -> None:
        write_logs(level="INFO", as_json=as_json)
        request_id.set("whsec_abcdef")
        try:
            log.info("Sent %s", "Bearer obl_sk_12345678abcdef", extra={"fields": {"n": 1}})
            log.warning("Wrote to ada@example.com")
            fail()
        except ValueError:
            log.exception("sk_live_abc")
        finally:
            request_id.set("")
        text = "\n".join(written())
        for secret in ("abcdef", "ada@", "sk_live_abc"):
            assert secret not in text

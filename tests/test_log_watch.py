"""The watch over the log: what it finds, what it lets pass, and that a test fails for it."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from tests.databases import ROOT
from tests.log_watch import LogWatch, leaks

KEY = "obl_sk_12345678" + "aBcDeFgHiJkLmNoP"
PLANTED = {
    "a mail address": "Cannot write to ada@example.com.",
    "a key of ours": f"401 for {KEY}",
    "a key of Stripe's": "No such key: sk_test_" + "abcdef",
    "what signs in": "Authorization: Bearer " + "abcdefgh1234",
    "a link that signs in": "GET /reset/" + "abcdefgh1234",
    "a hash of a password": "row: $argon2id$v=19$m=65536",
    "a password in an address": "postgresql://billing:hush@db/billing",
    "the number of a card": "card 4242 4242 4242 4242 declined",
    "a password": "typed correct horse battery",
}
HARMLESS = [
    '{"time": "2026-11-22T12:00:00.000Z", "level": "INFO", "message": "GET /usage 200"}',
    "obl_sk_12345678[…] is used too often",
    "Bearer […]",
    "postgresql://billing:[…]@db/billing",
    "1700000000000 and 12345678901234 are no cards",
    "a payment pay-4242 of 4242 cents",
    "litellm:chatcmpl-87a8643ad8a748c59160b74c:0724658a36331510910512526d67b782",
]
LEAKING = """
import logging

class Planted(str):
    pass

def test_logs_something_harmless():
    logging.getLogger("app").warning("All is well.")

def test_logs_a_card():
    logging.getLogger("app").warning("The card %s was declined.", "4242424242424242")
"""


class TestLeaks:
    def test_knows_a_card_wherever_it_stands(self) -> None:
        assert list(leaks('"request_id": "4242424242424242"')) == ["the number of a card"]

    @pytest.mark.parametrize("what", PLANTED)
    def test_finds_each_kind(self, what: str) -> None:
        assert what in list(leaks(PLANTED[what], secrets=["correct horse battery"]))

    @pytest.mark.parametrize("line", HARMLESS)
    def test_lets_the_rest_pass(self, line: str) -> None:
        assert list(leaks(line, secrets=["correct horse battery"])) == []


class TestLogWatch:
    def test_sees_what_would_be_written(self) -> None:
        watch = LogWatch()
        for line in PLANTED.values():
            watch.emit(logging.makeLogRecord({"msg": line, "levelno": logging.ERROR}))
        # The rest is redacted before anybody sees it; what no pattern knows is found here.
        kinds = [found.partition(" in the log: ")[0] for found in watch.found]
        assert kinds == ["a hash of a password", "the number of a card"]

    def test_leaves_the_record_as_it_came(self) -> None:
        record = logging.makeLogRecord({"msg": "To %s", "args": ("ada@example.com",)})
        LogWatch().emit(record)
        assert record.getMessage() == "To ada@example.com"

    def test_fails_the_test_with_the_line(self, tmp_path: Path) -> None:
        (tmp_path / "test_planted.py").write_text(LEAKING)
        options = ["-q", "-p", "tests.log_watch", "-p", "no:cacheprovider", "-c", "/dev/null"]
        run = subprocess.run(
            [sys.executable, "-m", "pytest", *options, str(tmp_path)],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert run.returncode == 1, run.stdout + run.stderr
        assert "2 passed, 1 error" in run.stdout
        assert "the number of a card in the log:" in run.stdout
        assert "The card 4242424242424242 was declined." in run.stdout

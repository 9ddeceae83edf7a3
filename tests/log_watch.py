"""Watches what the suite logs: no line may hold a secret, or who somebody is.

Each line is looked at as it would be written in production, redacted and as JSON. A test that has
logged one that it must not fails with the line; so does a run whose end logs one.
"""

import copy
import logging
import re
from collections.abc import Iterable, Iterator

import pytest

from app.domain.accounts import passwords
from app.foundation.logs import JsonLines, Redacting

SECRET_LENGTH_MIN = 8
FORBIDDEN = {
    "a mail address": re.compile(r"[\w.+%-]+@[\w-]+\.[\w.-]*\w"),
    "a key of ours": re.compile(r"\bobl_(?:sk|gw|op)_[0-9A-Za-z]{9,}"),
    "a key of Stripe's": re.compile(r"\b(?:sk|rk)_(?:test|live)_\w+|\bwhsec_\w+"),
    "what signs in": re.compile(r"\b(?:Bearer|Basic)\s+[\w+/=.-]{8,}", re.IGNORECASE),
    "a link that signs in": re.compile(r"/(?:reset|verify|undo)/[\w-]{8,}"),
    "a hash of a password": re.compile(r"\$argon2id?\$"),
    "a password in an address": re.compile(r"://[^\s:/@\"]*:[^\s/@\"\[]+@"),
}
# Within a word, digits are part of a hash or an id: one in ten of those would pass for a card.
DIGITS = re.compile(r"(?<![\w.-])(?:\d[ -]?){12,18}\d(?![\w.])")


def leaks(line: str, *, secrets: Iterable[str] = ()) -> Iterator[str]:
    """Return what stands in a line of the log and must not."""
    for name, pattern in FORBIDDEN.items():
        if pattern.search(line):
            yield name
    if any(_is_card(match[0]) for match in DIGITS.finditer(line)):
        yield "the number of a card"
    if any(secret in line for secret in secrets):
        yield "a password"


def _is_card(text: str) -> bool:
    """Tell whether the digits are a card's: the last one checks the others."""
    digits = [int(sign) for sign in text if sign.isdigit()]
    doubled = [number * 2 - 9 * (number > 4) for number in digits[-2::-2]]
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


class LogWatch(logging.Handler):
    """A plugin of pytest, and the handler that sees every record."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(JsonLines())
        self.found: list[str] = []
        self.secrets: set[str] = set()
        self._redacting = Redacting()

    def emit(self, record: logging.LogRecord) -> None:
        """Look at a record as it would be written."""
        # The others that get it shall have it as it came.
        written = copy.copy(record)
        self._redacting.filter(written)
        line = self.format(written)
        self.found += [f"{what} in the log: {line}" for what in leaks(line, secrets=self.secrets)]

    def pytest_configure(self) -> None:
        """Remember every password that is made from now on."""
        hash_password = passwords.hash_password

        def remembered(password: str) -> str:
            if len(password) >= SECRET_LENGTH_MIN:
                self.secrets.add(password)
            return hash_password(password)

        passwords.hash_password = remembered

    def pytest_runtest_setup(self) -> None:
        """Listen anew: a test before may have taken every handler away."""
        root = logging.getLogger()
        if self not in root.handlers:
            root.addHandler(self)
        root.setLevel(min(root.level or logging.INFO, logging.INFO))

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self) -> None:
        """Fail the test that has logged what it must not."""
        found, self.found = self.found, []
        assert not found, "\n".join(found)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the run for what was logged after its last test."""
        if self.found:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            raise pytest.UsageError("\n".join(self.found))


def pytest_configure(config: pytest.Config) -> None:
    """Let it watch, also where only this plugin was asked for."""
    if not config.pluginmanager.has_plugin("log_watch"):
        config.pluginmanager.register(LogWatch(), "log_watch")

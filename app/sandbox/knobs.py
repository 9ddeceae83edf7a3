"""What can be made to go wrong on purpose, as it does at a real provider now and then."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Literal

COUNT_MAX = 100
DELAY_MAX_SECONDS = 600
COPIES_MAX = 5
WEBHOOK_MODES = ("send", "hold", "drop")

Countdown = Literal[
    "lost_answers", "errors_before_effect", "errors_after_effect", "too_many_requests"
]


@dataclass(frozen=True, slots=True)
class Knobs:
    """How the sandbox misbehaves; by default it does not.

    The four counts are about the next POSTs to the API and run down to nothing: an answer that
    is lost after the effect, a 500 without any effect, a 500 although the effect has happened, a
    429 without any effect.
    """

    # send; hold: kept until it is turned back to send; drop: never sent unless asked for again
    webhooks: str = "send"
    webhook_delay_seconds: float = 0
    webhook_copies: int = 1
    answer_delay_seconds: float = 0
    lost_answers: int = 0
    errors_before_effect: int = 0
    errors_after_effect: int = 0
    too_many_requests: int = 0


class KnobRefused(Exception):
    """A knob does not exist or cannot be turned that far; the message says which and why."""


def read(connection: sqlite3.Connection) -> Knobs:
    """Return how the knobs are set."""
    rows = connection.execute("SELECT name, value FROM knobs")
    known = {field.name for field in fields(Knobs)}
    # The file may be older than the program.
    return Knobs(**{name: json.loads(value) for name, value in rows if name in known})


def turn(connection: sqlite3.Connection, changes: Mapping[str, object]) -> Knobs:
    """Set some knobs, given as numbers or as their text, and leave the others."""
    known = {field.name: field.default for field in fields(Knobs)}
    for name in changes:
        if name not in known:
            raise KnobRefused(f"There is no knob {name}; there are {', '.join(known)}.")
    checked = {name: _checked(name, value) for name, value in changes.items()}
    turned = replace(read(connection), **checked)  # type: ignore[arg-type]
    _write(connection, turned)
    return turned


def reset(connection: sqlite3.Connection) -> None:
    """Let everything go right again."""
    connection.execute("DELETE FROM knobs")


def take(connection: sqlite3.Connection, countdown: Countdown) -> bool:
    """Use up one of a count, and tell whether there was one."""
    knobs = read(connection)
    left = int(getattr(knobs, countdown))
    if left:
        turn(connection, {countdown: left - 1})
    return left > 0


def _checked(name: str, value: object) -> str | int | float:
    if name == "webhooks":
        if value not in WEBHOOK_MODES:
            raise KnobRefused(f"webhooks must be one of {', '.join(WEBHOOK_MODES)}.")
        return str(value)
    if name.endswith("_seconds"):
        return _number(name, value, most=DELAY_MAX_SECONDS)
    least, most = (1, COPIES_MAX) if name == "webhook_copies" else (0, COUNT_MAX)
    number = _number(name, value, least=least, most=most)
    if number != int(number):
        raise KnobRefused(f"{name} must be a whole number.")
    return int(number)


def _number(name: str, value: object, *, least: int = 0, most: int) -> float:
    refused = KnobRefused(f"{name} must be a number from {least} to {most}.")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise refused
    try:
        number = float(value)
    except ValueError:
        raise refused from None
    if not least <= number <= most:
        raise refused
    return number


def _write(connection: sqlite3.Connection, knobs: Knobs) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO knobs (name, value) VALUES (?, ?)",
        [(name, json.dumps(value)) for name, value in asdict(knobs).items()],
    )

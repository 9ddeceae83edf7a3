"""A statement on its way to the driver, and what came back of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Row = tuple[Any, ...]


@dataclass(slots=True)
class Statement:
    """A statement with its values, and what came of it once it was exchanged."""

    words: str
    given: Sequence[object]
    rows: list[Row] = field(default_factory=list)
    is_done: bool = False
    # How many rows it has read or written.
    rowcount: int = -1

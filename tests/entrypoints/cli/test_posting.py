"""What became of many records, and how far one is."""

import io
import sys
from collections.abc import Sequence

import pytest

from app.entrypoints.cli.billing_api import Posted, Record
from app.entrypoints.cli.posting import Tally, in_batches, post_batches


class Terminal(io.StringIO):
    """What is written to somebody who looks at it."""

    def isatty(self) -> bool:
        return True


class Taking:
    """An installation that takes everything, and sees what stands on the terminal meanwhile."""

    def __init__(self, terminal: io.StringIO) -> None:
        self._terminal = terminal
        self.seen: list[str] = []

    def post_usage(self, records: Sequence[Record]) -> Posted:
        self.seen.append(last_line(self._terminal))
        return Posted(len(records), 0, 0, [])


def last_line(terminal: io.StringIO) -> str:
    return terminal.getvalue().split("\r")[-1]


class TestPostBatches:
    BATCHES = tuple([{"n": number}] * size for number, size in enumerate((50, 25, 25)))

    def test_shows_how_far_it_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        taking = Taking(terminal)
        tally = post_batches(taking, self.BATCHES, count=100, label="Posting usage")
        assert tally.accepted == 100
        shown = [*taking.seen, last_line(terminal)]
        assert all("Posting usage" in line for line in shown)
        for line, share in zip(shown, ("0%", "50%", "75%", "100%"), strict=True):
            assert f" {share}" in line, line
        assert [line.count("#") for line in shown] == [0, 18, 27, 36]

    def test_writes_one_line_where_nobody_looks(self, capsys) -> None:
        taking = Taking(io.StringIO())
        post_batches(taking, self.BATCHES, count=100, label="Posting usage")
        shown = capsys.readouterr()
        assert (shown.out, shown.err) == ("", "Posting usage\n")


class TestTally:
    def test_adds_up_and_shows_an_example_of_each_rejection(self, capsys) -> None:
        tally = Tally()
        for name in ("ada", "ben"):
            rejected = [("unknown_user", f"There is no {name}."), ("negative_tokens", "Below 0.")]
            tally.add(Posted(accepted=1_000, duplicates=2, conflicts=0, rejected=rejected[:2]))
        tally.add(Posted(0, 0, 0, [("unknown_user", "There is no one.")]))
        tally.show()
        assert capsys.readouterr().out == (
            "accepted 2,000, duplicates 4, conflicts 0, rejected 5\n"
            "  unknown_user 3: There is no ada.\n"
            "  negative_tokens 2: Below 0.\n"
        )

    def test_is_clean_while_every_record_stands(self) -> None:
        tally = Tally()
        tally.add(Posted(1, 1, 0, []))
        assert tally.is_clean
        tally.add(Posted(1, 1, 1, []))
        assert not tally.is_clean


class TestInBatches:
    def test_cuts_without_losing_any(self) -> None:
        batches = list(in_batches(({"n": n} for n in range(7)), size=3))
        assert [[record["n"] for record in batch] for batch in batches] == [
            [0, 1, 2],
            [3, 4, 5],
            [6],
        ]
        assert list(in_batches([])) == []

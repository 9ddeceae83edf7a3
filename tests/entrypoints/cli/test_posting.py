"""What became of many records."""

from app.entrypoints.cli.billing_api import Posted
from app.entrypoints.cli.posting import Tally, in_batches


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

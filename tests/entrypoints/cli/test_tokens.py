"""Extra tokens given and taken by the operator's hand."""

import pytest

from tests.books import check_books


class TestAdjust:
    def test_gives_and_takes(self, ada, billing) -> None:
        usual = ("tokens", "adjust", "--id", "ada", "--reason", "sorry")
        assert billing(*usual, "5000").stdout == "ada has 5,000 extra tokens.\n"
        result = billing(*usual, "-1500")
        assert (result.exit_code, result.stdout) == (0, "ada has 3,500 extra tokens.\n"), (
            result.output
        )
        check_books()

    @pytest.mark.parametrize(
        ("arguments", "code", "message"),
        [
            (("--id", "ada", "--reason", "a", "-1"), 1, "There are only 0 extra tokens"),
            (("--id", "ada", "--reason", "a", "0"), 1, "An adjustment is from 1"),
            (("--id", "nobody", "--reason", "a", "1"), 1, "There is no customer with this id."),
            (("--id", "ada", "--reason", " ", "1"), 1, "A reason has 1 to 500"),
            (("--id", "ada", "--reason", "a", "many"), 2, "'many' is not a valid integer"),
            (("--id", "ada", "1"), 2, "--reason"),
        ],
    )
    def test_refuses_in_one_line(self, ada, billing, arguments, code, message) -> None:
        result = billing("tokens", "adjust", *arguments)
        assert (result.exit_code, result.stdout) == (code, "")
        assert message in result.stderr and result.stderr.count("\n") == 1

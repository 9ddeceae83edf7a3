"""Taxes set by the operator's hand."""

import pytest


class TestTax:
    def test_is_set_listed_and_removed(self, app, billing) -> None:
        result = billing("tax", "set", "de", "--name", "USt", "--percent", "19")
        assert (result.exit_code, result.stdout) == (0, "DE pays 19 % USt.\n"), result.output
        listed = billing("tax", "list").stdout.splitlines()
        assert [line.split() for line in listed] == [
            ["COUNTRY", "NAME", "PERCENT"],
            ["DE", "USt", "19"],
        ]
        assert billing("tax", "remove", "de").stdout == "DE pays no tax.\n"
        assert billing("tax", "list").stdout.splitlines() == ["COUNTRY  NAME  PERCENT"]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("set", "DE", "--name", "USt", "--percent", "much"), "The percentage is not valid"),
            (("set", "DE", "--name", "USt", "--percent", "1.001"), "The percentage is not valid"),
            (("set", "DE", "--name", "USt", "--percent", "101"), "A tax is a percentage"),
            (("set", "DEU", "--name", "USt", "--percent", "1"), "A country is one of ISO 3166-1"),
            (("remove", "DE"), "There is no tax for this country."),
        ],
    )
    def test_refuses_in_one_line(self, app, billing, arguments, message) -> None:
        result = billing("tax", *arguments)
        assert (result.exit_code, result.stdout) == (1, "")
        assert message in result.stderr and result.stderr.count("\n") == 1

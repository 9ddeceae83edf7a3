"""The plans as the operator sees them."""


class TestListPlans:
    def test_lists_the_hidden_one_too(self, app, billing) -> None:
        result = billing("plans", "list")
        assert result.exit_code == 0, result.output
        rows = {line.split()[0]: line for line in result.stdout.splitlines()[1:]}
        assert list(rows) == ["plan-basic", "plan-pro", "plan-enterprise", "plan-payg"]
        assert "1,000,000" in rows["plan-pro"] and "99.99" in rows["plan-pro"]
        assert rows["plan-payg"].endswith("none for sale     hidden")

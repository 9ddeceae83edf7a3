"""The line of bought extra tokens."""

from app.domain.invoices.token_lines import token_line


def test_says_how_many_at_which_price() -> None:
    line = token_line(tokens=333_333, price_pico=150_000_000, amount_minor=5_000)
    assert (line.kind, line.quantity, line.amount_minor) == ("tokens", 333_333, 5_000)
    assert line.description == "333,333 extra tokens"
    # 0.00015 USD a token are 0.15 USD per 1,000.
    assert line.unit_price_nanos == 150_000_000
    assert line.amount_nanos == 50_000_000_000

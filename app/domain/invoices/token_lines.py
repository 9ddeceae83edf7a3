"""The line of bought extra tokens. Pure."""

from app.domain.invoices import line_words
from app.domain.invoices.rules import Line
from app.foundation import money


def token_line(*, tokens: int, price_pico: int, amount_minor: int) -> Line:
    """Return the line; a pico-USD per token is a nano-USD per 1,000 of them."""
    return Line(
        kind="tokens",
        description=line_words.bought(tokens),
        model=None,
        quantity=tokens,
        unit_price_nanos=price_pico,
        amount_nanos=money.nanos_from_minor(amount_minor),
        amount_minor=amount_minor,
    )

"""How an amount that is taken back is spread over an invoice's lines and its tax. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.invoices.errors import CreditTooLarge
from app.foundation import money
from app.foundation.sentences import say


@dataclass(frozen=True, slots=True)
class Taken:
    """What a credit note takes back: net of each line, and the tax on all of it."""

    parts: tuple[int, ...]
    tax_minor: int

    @property
    def net_minor(self) -> int:
        """Return the sum of the lines' parts."""
        return sum(self.parts)


def take_back(
    gross_minor: int,
    *,
    amounts: Sequence[int],
    credited: Sequence[int],
    discount_minor: int,
    final_minor: int,
    tax_minor: int,
    tax_credited_minor: int,
) -> Taken:
    """Spread a gross amount over what is left of the lines, after discounts.

    The last credit note of an invoice takes exactly what is left. Raises CreditTooLarge.
    """
    left_gross = final_minor - sum(credited) - tax_credited_minor
    if not 0 < gross_minor <= left_gross:
        raise CreditTooLarge(
            say("At most {most} cents of this invoice can be taken back.", {"most": left_gross})
        )
    tax_left = tax_minor - tax_credited_minor
    share = money.share_minor(tax_minor, part=gross_minor, whole=final_minor)
    # Shares are rounded one by one: what no line has left any more is tax.
    tax = max(min(share, tax_left), gross_minor - (left_gross - tax_left))
    left = _left(amounts, credited, discount_minor)
    return Taken(tuple(money.allocate_minor(gross_minor - tax, weights=left)), tax)


def gross_of(net_minor: int, *, final_minor: int, tax_minor: int) -> int:
    """Return the largest gross amount of an invoice whose net, less its tax, is at most this."""
    if final_minor == tax_minor:
        return 0
    gross = net_minor * final_minor // (final_minor - tax_minor) + 1
    while gross - money.share_minor(tax_minor, part=gross, whole=final_minor) > net_minor:
        gross -= 1
    return gross


def _left(amounts: Sequence[int], credited: Sequence[int], discount_minor: int) -> list[int]:
    """Return what is left of each line: less its share of what was taken off, and credits."""
    positive = [max(amount, 0) for amount in amounts]
    # Negative lines and discounts are spread over the positive lines.
    off_minor = discount_minor - sum(min(amount, 0) for amount in amounts)
    shares = money.allocate_minor(off_minor, weights=positive)
    return [
        amount - share - taken
        for amount, share, taken in zip(positive, shares, credited, strict=True)
    ]

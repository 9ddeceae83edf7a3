"""How gross amounts split into net and tax, and back."""

import pytest

from app.domain.invoices import crediting
from app.foundation import money


class TestGrossOf:
    @pytest.mark.parametrize(
        ("net", "final", "tax", "gross"),
        [
            (0, 11_900, 1_900, 0),
            (1, 11_900, 1_900, 1),
            (5_000, 11_900, 1_900, 5_950),
            (10_000, 11_900, 1_900, 11_900),
            (5_000, 10_000, 0, 5_000),
            (7, 0, 0, 0),
        ],
    )
    def test_is_the_largest_whose_net_is_no_more(
        self, net: int, final: int, tax: int, gross: int
    ) -> None:
        assert crediting.gross_of(net, final_minor=final, tax_minor=tax) == gross

    def test_holds_for_every_cent(self) -> None:
        final, tax = 1_190, 190
        for net in range(final - tax + 1):
            gross = crediting.gross_of(net, final_minor=final, tax_minor=tax)
            share = money.share_minor(tax, part=gross, whole=final)
            assert (
                gross - share
                <= net
                < gross + 1 - money.share_minor(tax, part=gross + 1, whole=final)
            )

"""Taking back: spread to the cent, never more than is left, and in the end exactly the whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.invoices import crediting, rules
from app.domain.invoices.crediting import Taken, take_back
from app.domain.invoices.errors import CreditTooLarge
from app.domain.invoices.rules import Line
from app.foundation import money


def take(gross: int, amounts: list[int], *, credited=None, discount=0, tax=0, tax_credited=0):
    return take_back(
        gross,
        amounts=amounts,
        credited=credited or [0] * len(amounts),
        discount_minor=discount,
        final_minor=sum(amounts) - discount + tax,
        tax_minor=tax,
        tax_credited_minor=tax_credited,
    )


class TestTakeBack:
    @pytest.mark.parametrize(
        ("gross", "amounts", "changes", "expected"),
        [
            (100, [100], {}, Taken((100,), 0)),
            (30, [100], {}, Taken((30,), 0)),
            (119, [100], {"tax": 19}, Taken((100,), 19)),
            (60, [100], {"tax": 19}, Taken((50,), 10)),
            # Two thirds and one third.
            (60, [100, 50], {}, Taken((40, 20), 0)),
            # Negative lines and discounts have lowered what was paid for the others.
            (90, [100, -10], {}, Taken((90, 0), 0)),
            (90, [60, 60], {"discount": 30}, Taken((45, 45), 0)),
            # Only what is left of a line.
            (60, [100, 50], {"credited": [90, 0]}, Taken((10, 50), 0)),
        ],
    )
    def test_spreads_over_what_is_left(self, gross, amounts, changes, expected) -> None:
        assert take(gross, amounts, **changes) == expected

    @pytest.mark.parametrize("gross", [-1, 0, 101])
    def test_refuses_nothing_and_more_than_is_left(self, gross: int) -> None:
        with pytest.raises(CreditTooLarge):
            take(gross, [100])

    def test_counts_what_was_taken_back_before(self) -> None:
        assert take(40, [100], credited=[60]).parts == (40,)
        with pytest.raises(CreditTooLarge, match="40 cents"):
            take(41, [100], credited=[60])

    @given(st.data())
    def test_any_split_takes_back_exactly_the_whole(self, data: st.DataObject) -> None:
        positive = data.draw(st.lists(st.integers(1, 90_000), min_size=1, max_size=5))
        credit = data.draw(st.integers(0, sum(positive) - 1))
        amounts = [*positive, -credit] if credit else positive
        net = sum(amounts)
        discount = data.draw(st.integers(0, net - 1))
        rate = data.draw(st.sampled_from([0, 700, 1_900, 2_550]))
        lines = [Line("plan", "", None, 1, None, 0, amount) for amount in amounts]
        totals = rules.totals(lines, discount_minor=discount, tax_rate_bp=rate)
        left, tax_credited, credited = totals.final_minor, 0, [0] * len(amounts)
        parts = data.draw(st.lists(st.integers(1, left), max_size=6))
        for part in [*parts, left]:
            gross = min(part, left)
            if not gross:
                break
            taken = take(
                gross,
                amounts,
                credited=credited,
                discount=discount,
                tax=totals.tax_minor,
                tax_credited=tax_credited,
            )
            assert taken.net_minor + taken.tax_minor == gross
            assert taken.tax_minor >= 0 and all(part >= 0 for part in taken.parts)
            credited = [old + part for old, part in zip(credited, taken.parts, strict=True)]
            tax_credited += taken.tax_minor
            for amount, back in zip(amounts, credited, strict=True):
                assert 0 <= back <= max(amount, 0)
            left -= gross
        assert tax_credited == totals.tax_minor
        assert sum(credited) == net - discount


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

"""What parts of a purchase paid for, and until when nothing is bought."""

import pytest

from app.domain.tokens import rules


class TestPriceOfPart:
    @pytest.mark.parametrize(
        ("tokens", "count", "whole", "price"),
        [
            (0, 666_666, 10_000, 0),
            (1, 666_666, 10_000, 0),
            (66, 666_666, 10_000, 1),
            (333_333, 666_666, 10_000, 5_000),
            (4, 5, 500, 499),
        ],
    )
    def test_pays_for_no_more_than_these(
        self, tokens: int, count: int, whole: int, price: int
    ) -> None:
        found = rules.price_of_part(tokens, tokens_count=count, whole_minor=whole)
        assert found == price
        paid_for = rules.tokens_of_part(count, part_minor=found, whole_minor=whole)
        more = rules.tokens_of_part(count, part_minor=found + 1, whole_minor=whole)
        assert paid_for <= tokens < more or tokens == 0
